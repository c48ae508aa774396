"""Runs the default model in less memory than its weights take: the same output, within the budget, under a hard limit.

    python3 tests/memory_test.py LIMPID

Weights of SmolLM2-135M are 425 MB as float32. The limit is the kernel's, on the process's data (RLIMIT_DATA): an
allocation beyond it fails, and a program that ignored its budget would die.
"""

import json
import resource
import subprocess
import sys
import unittest

LIMPID = sys.argv.pop(1)
PROMPT = "When Mary and John went to the store, John gave a drink to"
MB = 1_000_000
BUDGET = 300 * MB


def run(arguments, data_limit=None):
    """-> (completed process, largest resident memory in bytes)"""
    limit = None
    if data_limit:
        limit = lambda: resource.setrlimit(resource.RLIMIT_DATA, (data_limit, data_limit))
    command = [sys.executable, "-c", MEASURE, LIMPID, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=limit, timeout=300)
    return done, int(done.stderr.rsplit("peak ", 1)[1])


# Runs the rest of its arguments and reports the child's peak; a process of its own, since peaks of children add up.
MEASURE = """
import resource, subprocess, sys
code = subprocess.run(sys.argv[1:]).returncode
print("peak", resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024, file=sys.stderr)
sys.exit(code)
"""


class Memory(unittest.TestCase):
    def test_same_output_in_less_memory_than_the_weights(self):
        arguments = ["explain", PROMPT, "--format", "json"]
        whole, whole_peak = run(arguments)
        self.assertEqual(whole.returncode, 0, whole.stderr)
        small, small_peak = run([*arguments, "--memory", f"{BUDGET // MB}MB"], data_limit=BUDGET)
        self.assertEqual(small.returncode, 0, small.stderr)
        self.assertEqual(small.stdout, whole.stdout)
        self.assertLess(small_peak, 1.1 * BUDGET)
        self.assertGreater(whole_peak, 1.3 * BUDGET)  # else the test shows nothing

    def test_a_limit_on_the_process_is_the_budget(self):
        done, _ = run(["explain", PROMPT], data_limit=BUDGET)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_too_little_is_refused_with_numbers(self):
        done, _ = run(["explain", PROMPT, "--memory", "20MB"])
        self.assertEqual(done.returncode, 1)
        self.assertIn("needs", done.stderr)
        self.assertIn("--memory", done.stderr)

    def test_info_tells_the_policy(self):
        for memory, policy in (("20MB", "too_large"), ("300MB", "streamed"), ("2GB", "resident")):
            done, _ = run(["info", "--format", "json", "--memory", memory])
            self.assertEqual(json.loads(done.stdout)["memory"]["policy"], policy, memory)


if __name__ == "__main__":
    unittest.main()
