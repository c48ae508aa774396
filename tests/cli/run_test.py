"""Tests of the runner itself: every kind of expectation must pass when it holds and fail when it does not."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))
import expect  # noqa: E402
import run  # noqa: E402

# Stands for limpid: does what its first argument says.
PROGRAM = f"""#!{sys.executable}
import json, os, sys, time
verb, *rest = sys.argv[1:]
if verb == "say": print(" ".join(rest))
elif verb == "fail": print("error: " + rest[0], file=sys.stderr); sys.exit(1)
elif verb == "cat": sys.stdout.write(sys.stdin.read())
elif verb == "env": print(os.environ.get(rest[0], "unset"))
elif verb == "json": print(json.dumps({{"name": "x", "p": 0.92291, "ids": [1, 2, 3], "rows": [{{"a": 1, "b": 2}}]}}))
elif verb == "write": open(rest[0], "w").write(rest[1])
elif verb == "sleep": print("begun", flush=True); time.sleep(60)
elif verb == "screen": print("\\x1b[31mred\\x1b[0m" if sys.stdout.isatty() else "plain", os.get_terminal_size(1).columns)
"""

# Cases that must pass, each with changes that must make it fail.
TABLE = [
    ({"args": ["say", "hi"], "stdout": "hi\n"}, [{"stdout": "ho\n"}, {"stdout": "hi"}, {"exit": 1}]),
    ({"args": ["say", "hi there"], "stdout_contains": ["hi", "there"]}, [{"stdout_contains": ["hi", "you"]}]),
    ({"args": ["say", "hi"], "stdout_contains": "hi"}, [{"stdout_contains": "ho"}]),
    ({"args": ["say", "hi"], "stdout_lacks": "ho"}, [{"stdout_lacks": ["h"]}]),
    ({"args": ["say", "a\nb12"], "stdout_matches": r"^b\d+$"}, [{"stdout_matches": [r"^a\d$"]}]),
    (
        {"args": ["fail", "no"], "exit": 1, "stderr": "error: no\n", "stdout": ""},
        [{"exit": 0}, {"stderr": ""}],
    ),
    ({"args": ["fail", "no"], "exit": 1, "stderr_contains": "no"}, [{"stderr_contains": "yes"}]),
    ({"args": ["fail", "no"], "exit": 1, "stderr_matches": "^error: .o$"}, [{"stderr_matches": "^no"}]),
    ({"args": ["fail", "no"], "exit": 1, "stderr_lacks": "yes"}, [{"stderr_lacks": "no"}]),
    ({"args": ["cat"], "stdin": "é\n", "stdout": "é\n"}, [{"stdin": "e\n"}]),
    ({"args": ["env", "X"], "env": {"X": "1"}, "stdout": "1\n"}, [{"env": {}}]),
    (
        {"args": ["json"], "stdout_json": {"name": "x"}},
        [{"stdout_json": {"name": "y"}}, {"stdout_json": {"z": 1}}],
    ),
    (
        {"args": ["json"], "stdout_json": {"p": 0.9229}},
        [{"stdout_json": {"p": 0.9231}}, {"stdout_json": {"p": "x"}}],
    ),
    ({"args": ["json"], "stdout_json": {"ids": [1, 2, 3]}}, [{"stdout_json": {"ids": [1, 2]}}]),
    ({"args": ["json"], "stdout_json": {"rows": [{"a": 1}]}}, [{"stdout_json": {"rows": [{"a": 2}]}}]),
    (
        {"args": ["json"], "stdout_json_at": {"ids.#": 3, "rows.0.b": 2}},
        [
            {"stdout_json_at": {"ids.#": 4}},
            {"stdout_json_at": {"rows.1.b": 2}},
            {"stdout_json_at": {"ids.b": 2}},
        ],
    ),
    ({"args": ["json"], "stdout_json": {}}, [{"args": ["say", "no JSON"]}]),
    (
        {"args": ["cat"], "stdin": '{"a": 1, "b": 2}\n[3]\n', "stdout_json_lines": [{"a": 1}, [3]]},
        [
            {"stdout_json_lines": [{"a": 1}]},
            {"stdout_json_lines": [{"a": 2}, [3]]},
            {"stdin": '{"a": 1}\n[3]'},
            {"stdin": '{"a": 1}\n[3\n'},
        ],
    ),
    (
        {"args": ["write", "{tmp}/f", "x"], "creates": ["f"]},
        [{"creates": ["g"]}, {"args": ["write", "{tmp}/f", ""]}],
    ),
    (
        {"args": ["write", "{tmp}/f", "snap\n"], "creates_file": {"{tmp}/f": "snapshots/snap.txt"}},
        [{"args": ["write", "{tmp}/f", "x"]}, {"args": ["say", "x"]}, {"creates_file": {"f": "none"}}],
    ),
    (
        {"args": ["say", "a"], "same_as": ["say", "a"]},
        [{"same_as": ["say", "b"]}, {"same_as": ["fail", "a"]}],
    ),
    ({"args": ["screen"], "columns": 72, "stdout": "\x1b[31mred\x1b[0m 72\n"}, [{"columns": 80}]),
    ({"args": ["say", "日本"], "stdout_width": 4}, [{"stdout_width": 3}]),
    ({"args": ["screen"], "columns": 72, "stdout_width": 6}, [{"stdout_width": 5}]),
    (
        {"args": ["say", "snap"], "stdout_file": "snapshots/snap.txt"},
        [{"args": ["say", "x"]}, {"stdout_file": "none"}],
    ),
    ({"args": ["say", "{model}"], "stdout_matches": "/testdata/models$"}, [{"args": ["say", "{data}"]}]),
    ({"args": ["say", "{default}"], "stdout_matches": r"/models/.+\.gguf$"}, [{"args": ["say", "x"]}]),
]


class RunnerTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.program = self.folder / "program"
        self.program.write_text(PROGRAM, encoding="utf-8")
        self.program.chmod(0o755)
        (self.folder / "snapshots").mkdir()
        (self.folder / "snapshots/snap.txt").write_text("snap\n", encoding="utf-8")

    def problems(self, entry: dict, **options) -> list[str]:
        return run.run_case(
            self.program, run.read_case("file", {"name": "x", **entry}), self.folder, **options
        )

    def test_every_expectation_can_pass_and_can_fail(self):
        for entry, changes in TABLE:
            with self.subTest(entry=entry):
                self.assertEqual(self.problems(entry), [])
            for change in changes:
                with self.subTest(entry=entry, change=change):
                    self.assertNotEqual(self.problems({**entry, **change}), [])
        keys = {key for entry, _ in TABLE for key in entry}
        self.assertEqual(set(expect.KEYS) - keys, {"schema", "schema_of_lines"})

    def test_schema(self):
        try:
            import jsonschema  # noqa: F401
        except ImportError:
            self.skipTest("jsonschema is not installed")
        for kind, passes in (("number", True), ("string", False)):
            schema = {"type": "object", "properties": {"p": {"$ref": "test:kind"}}}
            (self.folder / "s.json").write_text(json.dumps(schema), encoding="utf-8")
            (self.folder / "kind.json").write_text(json.dumps({"$id": "test:kind", "type": kind}), encoding="utf-8")
            context = expect.Context(self.folder, self.folder)
            for text, check in (('{"p": 0.5}', expect.schema), ('{}\n{"p": 1}\n', expect.schema_of_lines)):
                outcome = run.Outcome(0, text.encode(), b"")
                self.assertEqual(check("s.json", outcome, context) == [], passes, text)

    def test_a_program_that_hangs_is_stopped(self):
        for columns in (0, 80):
            problems = self.problems({"args": ["sleep"], "timeout": 3, "columns": columns})
            self.assertIn("did not end within 3 s", problems[0])
            self.assertIn("begun", problems[0])

    def test_the_environment_is_the_cases_own(self):
        with mock.patch.dict(os.environ, {"LIMPID_STRAY": "1"}):
            self.assertEqual(self.problems({"args": ["env", "LIMPID_STRAY"], "stdout": "unset\n"}), [])

    def test_update_writes_the_snapshot(self):
        entry = {"args": ["say", "new"], "stdout_file": "snapshots/snap.txt"}
        self.assertNotEqual(self.problems(entry), [])
        self.assertEqual(self.problems(entry, update=True), [])
        self.assertEqual(self.problems(entry), [])

    def test_wrong_cases_are_refused(self):
        for entry in (
            {"args": []},
            {"name": "x"},
            {"name": "x", "args": [], "stdout_contain": "typo"},
            {"name": "x", "args": [], "stdin": "a", "columns": 80},
        ):
            with self.subTest(entry), self.assertRaises(run.CaseError):
                run.read_case("file", entry)

    def run_main(self, toml: str, *arguments: str) -> tuple[int, str]:
        (self.folder / "file.toml").write_text(toml, encoding="utf-8")
        out = io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = run.main([str(self.program), *arguments, "--cases", str(self.folder)])
        return code, out.getvalue()

    def test_the_report_counts_and_shows_differences(self):
        toml = '[[case]]\nname="good"\nargs=["say","a"]\nstdout="a\\n"\n[[case]]\nname="bad"\nargs=["say","a"]\nstdout="b\\n"\n'
        code, text = self.run_main(toml)
        self.assertEqual(code, 1)
        self.assertRegex(text, r"(?s)passed  file/good\nFAILED  file/bad\n.*-b\n.*\+a\n1 passed, 1 failed\n$")
        code, text = self.run_main(toml, "good")
        self.assertEqual((code, text), (0, "passed  file/good\n1 passed, 0 failed\n"))

    def test_nothing_to_run_is_a_mistake(self):
        case = '[[case]]\nname="a"\nargs=[]\n'
        for toml, arguments in (("", ()), (case, ("nothing-like-this",)), (case * 2, ()), ("[[case", ())):
            with self.subTest(toml):
                self.assertEqual(self.run_main(toml, *arguments)[0], 2)


if __name__ == "__main__":
    unittest.main()
