"""Runs that take long enough to be watched and cancelled, and the end of a server.

python3 tests/server/jobs_test.py PROGRAM    needs jsonschema (build/venv) and the default model (`make model`)
"""

import http.client
import signal
import sys
import tempfile
import time
import unittest
from pathlib import Path

from case import Case, q, start
from server import API, MODELS, ROOT, Server, events_of, require_program

sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

PROGRAM = require_program(sys.argv)
TOKEN = "a-secret-of-a-test"
MARY = "When Mary and John went to the store, John gave a drink to"


class DefaultModel(Case):
    """What takes long enough to be watched and cancelled."""

    @classmethod
    def setUpClass(cls):
        model = fetch_model.model_path(fetch_model.load_pin(), fetch_model.data_dir())
        config = tempfile.NamedTemporaryFile("w", suffix=".toml")
        cls.addClassCleanup(config.close)
        config.write("max_waiting = 3\nmax_streams = 2\nmax_prompt_tokens = 900\nmax_sweep_runs = 5000\n")
        config.flush()
        cls.server, cls.document = start(PROGRAM, model, "--config", config.name)
        cls.addClassCleanup(cls.server.__exit__)

    def long_run(self, number):
        return {"ids": [1000 + number] * 800}

    def begin(self, number):
        identity = self.ask("POST", "/traces", 202, self.long_run(number)).json["id"]
        self.addCleanup(self.server.request, "DELETE", f"{API}/traces/{identity}")
        return identity

    def await_start(self, identity):
        while self.ask("GET", f"/traces/{identity}").json["state"] == "queued":
            time.sleep(0.01)

    def watch(self, identity):
        """The stream of a run's events; a place that a client left a moment ago may still be taken."""
        deadline = time.monotonic() + 10
        while True:
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            self.addCleanup(connection.close)
            connection.request("GET", f"{API}/traces/{identity}/events")
            response = connection.getresponse()
            if response.status != 429 or time.monotonic() > deadline:
                return response
            time.sleep(0.01)

    def cancel(self, *identities):
        for identity in identities:
            self.ask("DELETE", f"/traces/{identity}", 204)
        for identity in identities:
            self.assertEqual(events_of(self.ask("GET", f"/traces/{identity}/events").body)[-1][0], "error")

    def test_queue_positions_limits_and_cancelling(self):
        running = self.begin(1)
        self.await_start(running)
        waiting = self.begin(2)
        self.assertEqual(
            self.ask("POST", "/traces", 202, self.long_run(2)).json["id"], waiting
        )  # the same job
        self.assertEqual(self.ask("GET", f"/traces/{waiting}").json["state"], "queued")
        self.assertGreaterEqual(self.ask("GET", f"/traces/{waiting}").json["position"], 1)
        self.ask("GET", f"/traces/{waiting}/route", 409, code="not_ready")
        others = [self.begin(number) for number in (3, 4)]
        self.ask("POST", "/traces", 429, self.long_run(5), "too_many")
        self.cancel(*others, waiting, running)
        state = self.ask("GET", f"/traces/{running}").json
        self.assertEqual((state["state"], state["error"]["code"]), ("cancelled", "cancelled"))
        again = self.begin(1)
        self.assertEqual(again, running)
        self.cancel(again)

    def test_progress_and_the_number_of_streams(self):
        identity = self.begin(6)
        streams = [self.watch(identity) for _ in range(2)]
        for stream in streams:
            self.assertEqual(stream.readline().rstrip(), b"event: progress")
        self.ask("GET", f"/traces/{identity}/events", 429, code="too_many")
        self.ask("DELETE", f"/traces/{identity}", 204)
        for stream in streams:
            events = events_of(b"event: progress\n" + stream.read())
            self.assertEqual(events[-1][0], "error")
            for name, data in events[:-1]:
                self.assertEqual(name, "progress")
                self.assertEqual(self.document.errors(self.schema_of("ProgressEvent"), data), [])
        self.ask("GET", f"/traces/{identity}/events")

    def test_a_generation_ends_with_its_client(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        body = b'{"prompt": "Once upon a time", "max_tokens": 500, "temperature": 1}'
        connection.request("POST", f"{API}/generate", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        while response.readline().rstrip() != b"event: token":
            pass
        connection.close()
        response.close()
        begun = time.monotonic()
        self.trace({"prompt": "Next, please"})
        self.assertLess(time.monotonic() - begun, 30)  # 500 tokens take longer

    def test_a_sweep_ends_with_its_client(self):
        identity = self.trace({"prompt": MARY})
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        headers = {"Content-Type": "application/json"}
        connection.request("POST", f"{API}/traces/{identity}/sweep", b'{"each_token": true}', headers)
        response = connection.getresponse()
        while b'"stage":"runs"' not in response.readline():
            pass
        connection.close()
        response.close()
        begun = time.monotonic()
        self.trace({"prompt": "What comes after a sweep"})
        self.assertLess(time.monotonic() - begun, 30)  # 4200 runs take longer

    def test_sweeps_that_are_too_large(self):
        identity = self.trace({"prompt": MARY})
        self.assertEqual(self.ask("GET", "/config").json["limits"]["max_sweep_runs"], 5000)
        body = {"over": ["heads", "ffns", "mid", "post"], "each_token": True}
        response = self.ask("POST", f"/traces/{identity}/sweep", 413, body, "too_large")
        self.assertIn("at most 5000 runs, found 5040", response.json["error"]["message"])

    def test_the_default_route(self):
        identity = self.trace({"prompt": MARY})
        route = self.ask("GET", f"/traces/{identity}/route").json
        self.assertEqual(route["predictions"][0]["text"], " Mary")
        self.assertEqual(len(route["nodes"]), 356)


class Lifetime(unittest.TestCase):
    def test_it_ends_within_two_seconds(self):
        for sent in (signal.SIGINT, signal.SIGTERM):
            with Server(PROGRAM, MODELS / "gpt2") as server:
                idle = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
                idle.request("GET", f"{API}/healthz")
                idle.getresponse().read()
                begun = time.monotonic()
                self.assertEqual(server.stop(sent), 0)
                self.assertLess(time.monotonic() - begun, 2)
                idle.close()

    def test_it_ends_while_it_computes(self):
        model = fetch_model.model_path(fetch_model.load_pin(), fetch_model.data_dir())
        with Server(PROGRAM, model) as server:
            identity = server.request("POST", f"{API}/traces", {"ids": [1000] * 1000}).json["id"]
            stream = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
            stream.request("GET", f"{API}/traces/{identity}/events")
            events = stream.getresponse()
            events.readline()
            begun = time.monotonic()
            self.assertEqual(server.stop(), 0)
            self.assertLess(time.monotonic() - begun, 4)  # 2 s, unless the machine is busy
            stream.close()

    def failure(self, *arguments):
        with self.assertRaises(AssertionError) as raised:
            Server(PROGRAM, *arguments)
        return str(raised.exception)

    def test_what_it_does_not_start_with(self):
        with Server(PROGRAM, MODELS / "gpt2") as server:
            text = self.failure(MODELS / "gpt2", "--port", server.port)
            self.assertIn("Address already in use", text)
            self.assertIn("--port", text)
        self.assertIn("expected a token", self.failure(MODELS / "gpt2", "--host", "0.0.0.0"))
        self.assertIn("no such file", self.failure(MODELS / "nothing"))
        self.assertIn(
            "cannot listen", self.failure(MODELS / "gpt2", "--host", "203.0.113.1", "--token", TOKEN)
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "config.toml")
            path.write_text("prot = 1\n", encoding="utf-8")
            self.assertIn("config.toml:1: the key 'prot' is unknown", self.failure("--config", path))
            path.write_text(
                f'models = ["{MODELS}/gpt2", "{MODELS}/opt"]\ndefault_model = "bloom"\n', encoding="utf-8"
            )
            self.assertIn("default_model", self.failure("--config", path))
            path.write_text(
                f'models = ["{MODELS}/gpt2", "{MODELS}/opt"]\ndefault_model = "opt"\n', encoding="utf-8"
            )
            with Server(PROGRAM, "--config", path) as server:
                self.assertEqual(server.request("GET", f"{API}/models").json["default"], "opt")


class Demo(unittest.TestCase):
    def test_visitors_see_no_models_that_merely_lie_there(self):
        with tempfile.TemporaryDirectory() as folder:
            cached = Path(folder, "hub/models--some--body")
            (cached / "refs").mkdir(parents=True)
            (cached / "refs/main").write_text("1", encoding="utf-8")
            (cached / "snapshots/1").mkdir(parents=True)
            for file in (MODELS / "gpt2").iterdir():
                if file.suffix != ".gguf":
                    (cached / "snapshots/1" / file.name).symlink_to(file)
            path = Path(folder, "config.toml")
            environment = {"HF_HUB_CACHE": str(cached.parent), "OLLAMA_MODELS": folder}
            found = {}
            for demo in ("true", "false"):
                path.write_text(f"demo = {demo}\n", encoding="utf-8")
                with Server(PROGRAM, "--config", path, environment=environment) as server:
                    config = server.request("GET", f"{API}/config").json
                    self.assertEqual((config["demo"], config["upload_allowed"]), (demo == "true", demo != "true"))
                    models = server.request("GET", f"{API}/models").json["models"]
                    found[demo] = [model["name"] for model in models]
            default, *others = found["false"]
            self.assertEqual(others, ["some/body"])
            self.assertEqual(found["true"], [default])


if __name__ == "__main__":
    unittest.main()
