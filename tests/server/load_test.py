"""A thousand mixed requests from 32 clients, many of them wrong: every status is documented, and memory stays within the
cache.

    python3 tests/server/load_test.py PROGRAM    needs jsonschema (build/venv)
"""

import collections
import http.client
import json
import os
import random
import sys
import threading
import unittest

from server import API, MODELS, Document, Response, Server, require_program

PROGRAM = require_program(sys.argv)
NAMES = ("llama-tied", "gpt2", "qwen2")
N_CLIENT = 32
N_REQUEST = 1000
CACHE_BYTES = 60_000_000
SANITIZED = "ASAN_OPTIONS" in os.environ or b"__asan_init" in PROGRAM.read_bytes()


ABOUT = ("config", "models", "healthz", "openapi.json", "status", "nothing")
READINGS = (
    *("", "/events", "/route", "/route?threshold=0.1&renormalize=false", "/shares?floor=0.05", "/lens?state=mid&top=3"),
    *("/inspect?node=mid.1@0", "/inspect?node=head.0.0@-1&target=%235", "/attention?layer=0", "/figure.svg?kind=lens"),
    *("/route?threshold=x", "/inspect", "/attention?head=99.0", "/lens?top=0", "/shares?token=999"),
)
REPLACE = ("head.1.0", "ffn.0@0=mean", "post.0@-1=0.5", "attention.1@0<-0", "embed=counterfactual", "mid.99", "x")
WRONG_BODIES = ([], {}, "x", None, {"prompt": "a", "bos": 7}, {"prompt": "a", "unknown": 1})


class Generator:
    """The requests of one client: mostly runs and readings of them, some of them wrong. fuzz_test.py tries what is
    strange; here they come all at once."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.ids = ["0" * 32]

    def body(self):
        choose = self.random.choice
        if self.random.random() < 0.1:
            return choose(WRONG_BODIES)
        body = {"model": choose([*NAMES, *NAMES, "nothing"])}
        if self.random.random() < 0.3:
            return {**body, "ids": [self.random.randint(0, 310) for _ in range(self.random.randint(1, 60))]}
        words = [choose(["the", "cat", "sat", "\u2603"]) for _ in range(self.random.randint(1, 12))]
        return {**body, "prompt": " ".join(words)}

    def request(self):
        choose = self.random.choice
        model = choose([*NAMES, "nothing"])
        kind = choose(
            ["run", "run", "reading", "reading", "reading", "generate", "model", "about", "cancel", "patch", "sweep"]
        )
        if kind == "run":
            body = self.body()
            if isinstance(body, dict) and self.random.random() < 0.2:
                body = {**body, "replace": self.random.sample(REPLACE, 2)}
            return "POST", f"{API}/traces", body
        if kind == "reading":
            return "GET", f"{API}/traces/{choose(self.ids[-20:])}{choose(READINGS)}", None
        if kind == "generate":
            body = self.body()
            n_token = choose([1, 5, 20, 100000])
            return "POST", f"{API}/generate", {**body, "max_tokens": n_token} if isinstance(body, dict) else body
        if kind == "model":
            method, path, body = choose(
                [
                    ("GET", "", None),
                    ("GET", "/heads?length=5", None),
                    ("POST", "/tokenize", {"text": "the cat"}),
                    ("POST", "/open", {}),
                    ("GET", "/open/events", None),
                    ("DELETE", "/open", None),
                ]
            )
            return method, f"{API}/models/{model}{path}", body
        if kind == "patch":
            return "POST", f"{API}/traces/{choose(self.ids[-20:])}/patch", {"replace": [choose(REPLACE)]}
        if kind == "sweep":
            over = choose([["heads"], ["ffns", "post"], ["tails"]])
            return "POST", f"{API}/traces/{choose(self.ids[-20:])}/sweep", {"over": over, "target": choose(["", "#5"])}
        if kind == "cancel":
            return "DELETE", f"{API}/traces/{choose(self.ids[-20:])}", None
        return "GET", f"{API}/{choose(ABOUT)}", None


class LoadTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM, *(MODELS / name for name in NAMES), "--cache", f"{CACHE_BYTES}B")
        self.addCleanup(self.server.__exit__)
        self.document = Document(self.server.request("GET", f"{API}/openapi.json").json)
        self.problems = []
        self.statuses = collections.Counter()

    def client(self, number: int, n_request: int):
        generator = Generator(number)
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=300)
        for _ in range(n_request):
            method, address, body = generator.request()
            headers = {"Content-Type": "application/json"}
            try:
                connection.request(method, address, None if body is None else json.dumps(body), headers)
                answer = connection.getresponse()
                response = Response(
                    answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
                )
            except (OSError, http.client.HTTPException) as error:
                self.problems.append(f"{method} {address}: {error!r}")
                connection.close()
                continue
            self.statuses[response.status] += 1
            self.problems += self.document.problems(method, address, response)
            if response.status == 500:
                self.problems.append(f"{method} {address} {body}: {response.body[:300]}")
            if response.status in (200, 202) and address == f"{API}/traces":
                generator.ids.append(response.json["id"])
        connection.close()

    def run_clients(self, n_request: int):
        threads = [
            threading.Thread(target=self.client, args=(i, n_request // N_CLIENT + 1)) for i in range(N_CLIENT)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def test_mixed_requests(self):
        self.run_clients(N_REQUEST)
        self.assertEqual(self.problems[:10], [])
        print(f"statuses: {dict(sorted(self.statuses.items()))}")
        for status in (200, 202, 400, 404):
            self.assertGreater(self.statuses[status], 0, status)
        self.assertEqual(self.server.request("GET", f"{API}/healthz").status, 200)
        self.assertEqual(self.server.stop(), 0)

    @unittest.skipIf(SANITIZED, "sanitizers keep memory of their own")
    def test_memory_stays_within_the_cache(self):
        fill = lambda n: self.trace_and_route([5 + n % 250, 5 + n // 250] * 60)
        fill(0)
        warm = self.server.resident_bytes()
        # A run of 120 tokens and its shares take more than a megabyte: several times what is kept.
        for n in range(1, 300):
            fill(n)
        grown = self.server.resident_bytes() - warm
        print(f"grown by {grown / 1e6:.1f} MB")
        self.assertGreater(grown, 0.5 * CACHE_BYTES)  # else the test shows nothing
        self.assertLess(grown, 1.2 * CACHE_BYTES)

    def trace_and_route(self, ids):
        identity = self.server.request("POST", f"{API}/traces", {"ids": ids}).json["id"]
        self.server.request("GET", f"{API}/traces/{identity}/events")
        self.assertEqual(
            self.server.request("GET", f"{API}/traces/{identity}/route?threshold=0.005").status, 200
        )


if __name__ == "__main__":
    unittest.main()
