"""Requests that schemathesis makes of the OpenAPI document, right and wrong ones, to a running server.

python3 tests/server/fuzz_test.py PROGRAM    needs build/venv
"""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from case import PROMPT
from server import API, MODELS, Server, events_of, require_program

PROGRAM = require_program(sys.argv)
SECONDS = 30
# What the document says of a request cannot be all: positions and heads must be those of the run, a node's name one
# that the model has. QUERY, a method of a draft, is no request to the HTTP library; refusals_test.py has the others.
EXCLUDED = "positive_data_acceptance,unsupported_method"
CONFIG = """
[parameters]
"path.model" = "gpt2"
"path.id" = "{identity}"

[checks.negative_data_rejection]
expected-statuses = [400, 401, 403, 404, 405, 408, 409, 413, 422, 429, 431]

# It knows no prefixItems; answers_test.py checks these.
[[operations]]
include-path = "/traces/{{id}}/shares"
checks.response_schema_conformance.enabled = false
"""


class Fuzz(unittest.TestCase):
    def test_every_response_is_one_of_the_document(self):
        with (
            tempfile.TemporaryDirectory() as folder,
            Server(PROGRAM, MODELS / "gpt2", MODELS / "llama-tied", "--debug") as server,
        ):
            identity = server.request("POST", f"{API}/traces", {"prompt": PROMPT}).json["id"]
            events = events_of(server.request("GET", f"{API}/traces/{identity}/events").body)
            self.assertEqual(events[-1][0], "done")
            config = Path(folder, "schemathesis.toml")
            config.write_text(CONFIG.format(identity=identity), encoding="utf-8")
            found = subprocess.run(
                [
                    *(Path(sys.executable).parent / "st", "--config-file", config, "run"),
                    f"http://127.0.0.1:{server.port}{API}/openapi.json",
                    *("--phases", "coverage,fuzzing", "--exclude-checks", EXCLUDED, "--seed", "1"),
                    *("--max-examples", "15", "--max-time", str(SECONDS), "--request-timeout", "60"),
                    *("--generation-database", "none", "--no-color", "--warnings", "off"),
                ],
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            self.assertEqual(found.returncode, 0, found.stdout[-20000:] + found.stderr[-2000:])
            self.assertRegex(found.stdout, r"Selected: (\d+)/\1\n +Tested: \1\n")
            self.assertEqual(server.request("GET", f"{API}/healthz").status, 200)


if __name__ == "__main__":
    unittest.main()
