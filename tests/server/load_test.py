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
import urllib.parse

from server import API, MODELS, Document, Response, Server, require_program

PROGRAM = require_program(sys.argv)
NAMES = ("llama-tied", "gpt2", "qwen2")
N_CLIENT = 32
N_REQUEST = 1000
CACHE_BYTES = 60_000_000
SANITIZED = "ASAN_OPTIONS" in os.environ or b"__asan_init" in PROGRAM.read_bytes()


class Generator:
    """Requests from the document: some right, some with a value that is not."""

    def __init__(self, document: Document, seed: int):
        self.document = document
        self.random = random.Random(seed)
        self.operations = list(document.operations())
        self.ids = ["0" * 32]

    def value(self, schema: dict, name: str):
        choose = self.random.choice
        if self.random.random() < 0.1:
            return choose(["", "x", "-1", "1e9", "\u2603", "nan", "999999999999", "%", "0" * 300])
        if name == "node":
            return choose(["mid.1@0", "head.0.0@-1", "post.0@1", "logit@0", "post.0@0->mid.1@1", "ffn.1@0"])
        if name in ("target", "rank_of"):
            return choose(["#5", " the", "a", "#299"])
        if name == "head":
            return choose(["0.0", "1.1", "2.0", "9.9"])
        if "enum" in schema:
            return choose(schema["enum"])
        kind = schema.get("type")
        if kind == "boolean":
            return choose(["true", "false"])
        if kind == "integer":
            return str(self.random.randint(schema.get("minimum", -3), min(schema.get("maximum", 6), 60)))
        if kind == "number":
            least, most = schema.get("minimum", 0), schema.get("maximum", 1)
            return str(self.random.uniform(least, most))
        if kind == "array":
            return [self.value(schema["items"], name) for _ in range(self.random.randint(0, 3))]
        return choose(["a", "the cat"])

    def body(self, template: str):
        text = " ".join(
            self.random.choice(["the", "cat", "sat", "\u2603"]) for _ in range(self.random.randint(1, 12))
        )
        body = {"prompt": text}
        if template != "/models/{model}/tokenize" and self.random.random() < 0.8:
            body["model"] = self.random.choice([*NAMES, "nothing"])
        if self.random.random() < 0.3 and "tokenize" not in template:
            body = {**body, "ids": [self.random.randint(0, 310) for _ in range(self.random.randint(1, 60))]}
            del body["prompt"]
        if template == "/generate":
            body |= {
                "max_tokens": self.random.choice([1, 5, 20, 100000]),
                "temperature": self.random.choice([0, 1, -1]),
            }
        if self.random.random() < 0.05:
            return self.random.choice([[], {}, "x", None, {**body, "bos": 7}, {**body, "unknown": 1}])
        return body

    def request(self):
        template, method, _ = self.random.choice(self.operations)
        if self.random.random() < 0.3:
            template, method = "/traces", "post"
        places = {"model": self.random.choice([*NAMES, "nothing"]), "id": self.random.choice(self.ids[-20:])}
        address = API + template.format(**{k: urllib.parse.quote(v, safe="") for k, v in places.items()})
        query = [
            (parameter["name"], self.value(parameter["schema"], parameter["name"]))
            for parameter in self.document.parameters(template, method)
            if parameter["in"] == "query" and (parameter.get("required") or self.random.random() < 0.4)
        ]
        if query:
            address += "?" + urllib.parse.urlencode(query, doseq=True)
        return method.upper(), address, self.body(template) if method == "post" else None


class LoadTest(unittest.TestCase):
    def setUp(self):
        self.server = Server(PROGRAM, *(MODELS / name for name in NAMES), "--cache", f"{CACHE_BYTES}B")
        self.addCleanup(self.server.__exit__)
        self.document = Document(self.server.request("GET", f"{API}/openapi.json").json)
        self.problems = []
        self.statuses = collections.Counter()

    def client(self, number: int, n_request: int):
        generator = Generator(self.document, number)
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
