"""Every address of a running server, what it answers and what it refuses, against its OpenAPI document.

    python3 tests/server/server_test.py PROGRAM    needs jsonschema (build/venv)
"""

import http.client
import signal
import struct
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse
import xml.etree.ElementTree
from pathlib import Path

from extraction import extract
from server import API, MODELS, ROOT, Document, Server, events_of, require_program

sys.path.insert(0, str(ROOT / "tools"))
import fetch_model  # noqa: E402

PROGRAM = require_program(sys.argv)
# Different blocks, norms and positions: heads that share keys, learned positions, parallel blocks, sinks.
NAMES = ("llama-tied", "gpt2", "gpt_neox-parallel", "gpt_oss")
PROMPT = "the cat sat on the mat"
UNKNOWN = "0" * 32
TOKEN = "a-secret-of-a-test"


def q(**parameters) -> str:
    return "?" + urllib.parse.urlencode(parameters, doseq=True)


class Case(unittest.TestCase):
    """Each response is checked against the document."""

    server: Server
    document: Document

    def ask(self, method, path, status=200, body=None, code=None, **more):
        target = API + path
        response = self.server.request(method, target, body, **more)
        where = f"{method} {path} {body!r}"[:300]
        self.assertEqual(response.status, status, f"{where}: {response.body[:500]}")
        self.assertEqual(self.document.problems(method, target, response), [], where)
        if code is not None:
            self.assertEqual(response.json["error"]["code"], code, where)
        return response

    def trace(self, body):
        """The id of a run that is done."""
        response = self.server.request("POST", f"{API}/traces", body)
        self.assertIn(response.status, (200, 202), response.body)
        self.assertEqual(self.document.problems("POST", f"{API}/traces", response), [])
        identity = response.json["id"]
        events = events_of(self.ask("GET", f"/traces/{identity}/events").body)
        self.assertEqual(events[-1], ("done", {"id": identity}), events)
        return identity

    def schema_of(self, name):
        return {"$ref": f"#/components/schemas/{name}"}


def start(*arguments):
    server = Server(PROGRAM, *arguments)
    return server, Document(server.request("GET", f"{API}/openapi.json").json)


class TinyModels(Case):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.document = start(*(MODELS / name for name in NAMES), "--cache", "20M")
        cls.addClassCleanup(cls.server.__exit__)

    def test_every_operation_of_the_document_is_there(self):
        names = {"id": UNKNOWN, "model": "unknown"}
        for template, method, _ in self.document.operations():
            path = API + template.format(**names)
            response = self.server.request(method.upper(), path, {} if method == "post" else None)
            if "{" in template:
                self.assertIn(response.status, (400, 404), path)
                self.assertIn(response.json["error"]["code"], ("not_found", "invalid_argument"))
            else:
                self.assertIn(response.status, (200, 400), path)
            self.assertEqual(self.document.problems(method, path, response), [])

    def test_about(self):
        self.assertEqual(self.ask("GET", "/healthz").json, {"ok": True})
        config = self.ask("GET", "/config").json
        self.assertEqual(config["default_model"], "llama-tied")
        models = self.ask("GET", "/models").json
        self.assertEqual([m["name"] for m in models["models"]], list(NAMES))
        self.assertEqual(models["models"][0]["n_layer"], 3)
        self.assertEqual(self.ask("HEAD", "/config").body, b"")

    def test_models(self):
        for name in NAMES:
            self.assertTrue(self.ask("GET", f"/models/{name}").json["supported"])
            tokens = self.ask("POST", f"/models/{name}/tokenize", body={"prompt": PROMPT}).json
            text = b"".join(bytes(t["bytes"]) for t in tokens["tokens"] if not t["special"]).decode()
            self.assertEqual(text.strip(), PROMPT)
            self.assertEqual(self.ask("POST", f"/models/{name}/tokenize", body={"text": PROMPT}).json, tokens)
        heads = self.ask("GET", "/models/gpt2/heads" + q(seed=3, length=5)).json
        self.assertEqual((heads["seed"], heads["length"], len(heads["heads"])), (3, 5, 9))

    def test_bos(self):
        ids = lambda bos: self.ask(
            "POST", "/models/llama-tied/tokenize", body={"prompt": PROMPT, "bos": bos}
        ).json["ids"]
        self.assertEqual(ids("auto"), ids("yes"))
        self.assertEqual(ids("yes")[1:], ids("no"))

    def test_runs_and_all_that_is_read_from_them(self):
        for name in NAMES:
            identity = self.trace({"model": name, "prompt": PROMPT})
            trace = self.ask("GET", f"/traces/{identity}").json
            self.assertEqual(trace["model"], name)
            self.assertEqual(len(trace["predictions"]), len(trace["tokens"]))
            again = self.ask("POST", "/traces", body={"model": name, "prompt": PROMPT}).json
            self.assertEqual(again, trace)
            ids = [token["id"] for token in trace["tokens"]]
            self.assertEqual(self.ask("POST", "/traces", body={"model": name, "ids": ids}).json["id"], identity)
            self.readings(identity, trace)

    def readings(self, identity, trace):
        base = f"/traces/{identity}"
        last = len(trace["tokens"]) - 1
        route = self.ask("GET", f"{base}/route").json
        self.assertEqual((route["token"], route["threshold"]), (last, 0.03999999910593033))
        top = trace["predictions"][-1][0]
        self.assertEqual({key: route["predictions"][0][key] for key in top}, top)
        for node in (f"mid.1@{last}", "head.1.0@-1", "ffn.0@0", f"post.1@{last}", "logit@-1", "embed@0", "neuron.1.2@1"):
            self.assertTrue(self.ask("GET", f"{base}/inspect" + q(node=node)).json["kind"])
        self.ask("GET", f"{base}/inspect" + q(node="head.1.0@-1", normalize="part", target="#5"))
        lens = self.ask("GET", f"{base}/lens" + q(state="mid", top=3, rank_of=["#1", "#2"], token=[0, -1])).json
        self.assertEqual(lens["positions"], [0, last])
        self.assertEqual(len(lens["layers"][0][0]["top"]), 3)
        self.assertEqual([token["id"] for token in lens["chosen"]], [1, 2])
        self.assertEqual(len(self.ask("GET", f"{base}/lens").json["layers"]), trace["n_layer"])
        self.attention(base, trace)
        for figure in ({"kind": "route", "theme": "dark", "width": 400}, {"kind": "lens"}, {"kind": "attention", "head": "0.0"}):
            svg = self.ask("GET", f"{base}/figure.svg" + q(**figure))
            self.assertTrue(xml.etree.ElementTree.fromstring(svg.body).tag.endswith("svg"))

    def attention(self, base, trace):
        everything = self.ask("GET", f"{base}/attention").json
        self.assertEqual(len(everything["heads"]), trace["n_layer"] * trace["n_head"])
        some = q(head=["1.0", "0.1"], layer=[2])
        maps = self.ask("GET", f"{base}/attention{some}").json
        self.assertEqual(len(maps["heads"]), 2 + trace["n_head"])
        binary = self.ask("GET", f"{base}/attention{some}", headers={"Accept": "application/octet-stream"})
        self.assertEqual(binary.headers["content-type"], "application/octet-stream")
        data = binary.body
        self.assertEqual(data[:8], b"LIMPATT1")
        n_tok, n_map = struct.unpack_from("<II", data, 8)
        self.assertEqual((n_tok, n_map), (len(trace["tokens"]), len(maps["heads"])))
        at = 16
        for head in maps["heads"]:
            self.assertEqual(struct.unpack_from("<II", data, at), (head["layer"], head["head"]))
            at += 8
            for kind in ("attention", "contribution"):
                values = struct.unpack_from(f"<{n_tok * n_tok}f", data, at)
                at += 4 * n_tok * n_tok
                for query in range(n_tok):
                    row = values[query * n_tok : (query + 1) * n_tok]
                    text = head[kind][query]
                    self.assertEqual(row[: query + 1], struct.unpack(f"{query + 1}f", struct.pack(f"{query + 1}f", *text)))
                    self.assertFalse(any(row[query + 1 :]))
        self.assertEqual(at, len(data))

    def test_a_client_with_shares_draws_the_same_routes(self):
        for name in NAMES:
            identity = self.trace({"model": name, "prompt": PROMPT})
            for token in (-1, 3):
                for floor in (0.01, 0.05):
                    shares = self.ask("GET", f"/traces/{identity}/shares" + q(token=token, floor=floor)).json
                    for threshold in (floor, 0.06, 0.1, 0.3, 1):
                        for renormalize in (True, False):
                            self.compare(identity, token, shares, threshold, renormalize)

    def compare(self, identity, token, shares, threshold, renormalize):
        where = f"{identity} {token} {shares['floor']} {threshold} {renormalize}"
        address = q(token=token, threshold=threshold, renormalize=str(renormalize).lower())
        route = self.ask("GET", f"/traces/{identity}/route{address}").json
        nodes, edges = extract(shares, threshold, renormalize)
        self.assertEqual(nodes, {node["id"] for node in route["nodes"]}, where)
        self.assertEqual(set(edges), {(e["from"], e["to"], e["kind"]) for e in route["edges"]}, where)
        for edge in route["edges"]:
            weight, heads = edges[edge["from"], edge["to"], edge["kind"]]
            # A sum of at most a hundred float32, each rounded to 2^-24 of at most 1.
            self.assertAlmostEqual(weight, edge["weight"], delta=100 * 2**-24, msg=where)
            wanted = {h["head"]: h["weight"] for h in edge["heads"] if h["weight"] > 0}
            self.assertEqual(set(heads), set(wanted), where)
            for head, share in wanted.items():
                self.assertAlmostEqual(heads[head], share, delta=100 * 2**-24, msg=where)

    def test_below_the_floor_routes_are_exact_too(self):
        identity = self.trace({"prompt": PROMPT})
        everything = self.ask("GET", f"/traces/{identity}/route" + q(threshold=0)).json
        small = self.ask("GET", f"/traces/{identity}/route" + q(threshold=0.001)).json
        usual = self.ask("GET", f"/traces/{identity}/route").json
        self.assertGreater(len(everything["edges"]), len(small["edges"]))
        self.assertGreater(len(small["edges"]), len(usual["edges"]))
        self.ask("GET", f"/traces/{identity}/shares" + q(floor=0.001), 400, code="invalid_argument")

    def test_generation(self):
        body = {"prompt": PROMPT, "max_tokens": 6}
        events = events_of(self.ask("POST", "/generate", body=body).body)
        for name, data in events:
            schema = {"progress": "ProgressEvent", "token": "TokenEvent", "done": "GeneratedEvent"}[name]
            self.assertEqual(self.document.errors(self.schema_of(schema), data), [])
        tokens = [data for name, data in events if name == "token"]
        name, done = events[-1]
        self.assertEqual((name, [t["index"] for t in tokens]), ("done", list(range(len(tokens)))))
        self.assertEqual("".join(t["text"] for t in tokens), done["text"])
        trace = self.ask("GET", f"/traces/{done['trace']}").json
        self.assertEqual(len(trace["tokens"]), done["n_prompt"] + len(tokens) - 1)
        # Each was the most probable one where it was chosen, and that can be explained.
        for i, token in enumerate(tokens):
            predicted = trace["predictions"][done["n_prompt"] - 1 + i][0]
            self.assertEqual(predicted["id"], token["id"])
            self.assertAlmostEqual(predicted["probability"], token["probability"], places=5)
        self.ask("GET", f"/traces/{done['trace']}/route" + q(token=done["n_prompt"] - 1))
        seeded = lambda seed: [
            data["id"]
            for name, data in events_of(
                self.ask("POST", "/generate", body={**body, "temperature": 3, "seed": seed}).body
            )
            if name == "token"
        ]
        self.assertEqual(seeded(1), seeded(1))
        self.assertNotEqual(seeded(1), seeded(2))

    def test_wrong_bodies(self):
        for path in ("/traces", "/generate", "/models/gpt2/tokenize"):
            for body in (b"", b"{", b"[]", b"null", b"1", b'"x"', b'{"prompt": "\xff"}', b"{} {}", b'{"prompt": "a"}\0',
                         b"[" * 100000, b'{"a":' * 50000, b'{"prompt": 1}', b'{"prompt": null}', b'{"promt": "a"}',
                         b"{}", b'{"prompt": "a", "bos": 1}', b'{"prompt": "a", "bos": "maybe"}', b'{"prompt": ""}'):
                self.ask("POST", path, 400, body, "invalid_argument", headers={"Content-Type": "application/json"})
        for ids in ([], [-1], [298], [2**31], [2**70], [1.5], ["1"], [[1]], [None], {}, "1", [True]):
            self.ask("POST", "/traces", 400, {"ids": ids}, "invalid_argument")
        for wrong in ({"prompt": "a", "ids": [1]}, {"prompt": "a", "model": 1}, {"prompt": "a", "chat": 1},
                      {"prompt": "a", "system": "b"}, {"ids": [1], "chat": True}):
            self.ask("POST", "/traces", 400, wrong, "invalid_argument")
        for wrong in ({"max_tokens": 0}, {"max_tokens": -1}, {"max_tokens": 1.5}, {"temperature": -1},
                      {"temperature": "1"}, {"top_k": -1}, {"top_p": 0}, {"top_p": 1.1}, {"seed": -1}):
            response = self.server.request("POST", f"{API}/generate", {"prompt": "a", **wrong})
            problem = response.json["error"] if response.status == 400 else events_of(response.body)[-1][1]["error"]
            self.assertEqual(problem["code"], "invalid_argument", wrong)
        self.ask("POST", "/traces", 404, {"prompt": "a", "model": "/etc/passwd"}, "not_found")
        self.ask("POST", "/traces", 422, {"prompt": "a", "chat": True}, "unsupported")  # no template
        self.ask("POST", "/generate", 413, {"prompt": "a", "max_tokens": 10**6}, "too_large")
        self.ask("POST", "/traces", 413, {"ids": [5] * 2000}, "too_large")
        self.ask("POST", "/traces", 413, {"prompt": "x" * 500000}, "too_large")
        self.ask("POST", "/traces", 413, {"model": "gpt2", "ids": [5] * 65}, "too_large")  # its context is 64
        self.ask("POST", "/traces", 400, b'{"prompt": "a"}', "invalid_argument", headers={"Content-Type": "text/plain"})

    def test_wrong_parameters(self):
        identity = self.trace({"prompt": PROMPT})
        base = f"/traces/{identity}"
        long_text = "x" * 1001
        wrong = {
            "route": ("token=7000", "token=x", "token=", "token=1&token=2", "threshold=2", "threshold=nan", "threshold=-1",
                      "threshold=0x1", "renormalize=2", "renormalise=true", "token=%zz", "token=%00", "token=99999999999"),
            "shares": ("floor=0.004", "floor=2", "floor=x", "token=-100", "threshold=0.1"),
            "inspect": ("", "node=", "node=x", "node=mid.9@0", "node=mid.0@99", "node=head.0.99@0", "node=mid.0@-99",
                        "node=" + "m" * 101, "node=mid.0@0&normalize=x", "node=head.0.0@0&target=" + long_text,
                        "node=logit@0&target=%23999999", "node=post.0@1->mid.0@0", "node=mid.99999999999@0", "node=neuron.0.99999@0"),
            "lens": ("state=x", "top=0", "top=51", "top=x", "rank_of=%23999999", "rank_of=" + long_text, "token=99",
                     "&".join(["rank_of=%231"] * 21), "token=x", "rank_of=the cat sat".replace(" ", "%20")),
            "attention": ("head=0", "head=0.0.0", "head=a.b", "head=99.0", "head=0.99", "head=-1.0", "layer=99", "layer=x", "token=0"),
            "figure.svg": ("kind=x", "theme=x", "width=1", "width=99999", "width=nan", "min_flow=2", "token=99", "state=x&kind=lens",
                           "kind=attention&head=9.9", "html=1"),
            "events": ("x=1",),
        }
        for name, addresses in wrong.items():
            for address in addresses:
                self.ask("GET", f"{base}/{name}?{address}", 400, code="invalid_argument")
        for name in wrong:
            parameters = q(node="mid.0@0") if name == "inspect" else ""
            self.ask("GET", f"/traces/{UNKNOWN}/{name}{parameters}", 404, code="not_found")
        self.ask("GET", "/models/gpt2/heads?length=1", 400, code="invalid_argument")
        self.ask("GET", "/models/gpt2/heads?seed=-1", 400, code="invalid_argument")
        self.ask("DELETE", f"/traces/{UNKNOWN}", 404, code="not_found")
        self.ask("DELETE", base, 204)
        self.ask("GET", base, 200)  # done: it stays

    def test_addresses_that_are_none(self):
        for path in ("", "/", "/nothing", "/traces/", "/traces//route", "/models/", "/models/%2e%2e/tokenizer", "/traces/x/y",
                     "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//config", "/config/", "/CONFIG"):
            response = self.server.request("GET", API + path)
            self.assertEqual((response.status, response.json["error"]["code"]), (404, "not_found"), path)
        self.assertEqual(self.server.request("GET", "/api/v2/config").status, 404)
        self.assertEqual(self.server.request("GET", "/api").json["error"]["code"], "not_found")
        self.ask("GET", "/models/%ff", 400, code="invalid_argument")
        self.ask("GET", "/models/" + urllib.parse.quote("../gpt2", safe=""), 404, code="not_found")

    def test_methods(self):
        for method, path in (("POST", "/config"), ("DELETE", "/models"), ("GET", "/generate"), ("POST", f"/traces/{UNKNOWN}")):
            self.ask(method, path, 405, {} if method == "POST" else None, "method")
        for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
            response = self.server.request(method, f"{API}/config")
            self.assertEqual(response.status, 405, method)
            self.assertNotIn("access-control-allow-origin", response.headers)

    def test_pages_of_other_sites_get_nothing(self):
        own = f"127.0.0.1:{self.server.port}"
        for headers in ({"Host": "evil.com"}, {"Host": f"evil.com:{self.server.port}"}, {"Host": "localhost.evil.com"},
                        {"Origin": "http://evil.com"}, {"Origin": "null"}, {"Origin": "http://127.0.0.1:1"},
                        {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}):
            self.ask("GET", "/config", 403, code="forbidden", headers=headers)
            self.ask("POST", "/traces", 403, {"prompt": "a"}, "forbidden", headers=headers)
        for headers in ({"Host": "localhost:1"}, {"Host": "[::1]"}, {"Origin": f"http://{own}"}, {"Sec-Fetch-Site": "same-origin"}):
            self.ask("GET", "/config", headers=headers)

    def test_every_response_has_the_headers_of_a_careful_server(self):
        page = self.server.request("GET", "/")
        responses = [page, self.ask("GET", "/config"), self.ask("GET", "/nothing", 404), self.ask("GET", "/config", 403, headers={"Host": "evil.com"})]
        for response in responses:
            self.assertIn("default-src 'self'", response.headers["content-security-policy"])
            self.assertIn("frame-ancestors 'none'", response.headers["content-security-policy"])
            self.assertEqual(response.headers["x-content-type-options"], "nosniff")
            self.assertEqual(response.headers["cross-origin-resource-policy"], "same-origin")
            self.assertEqual(response.headers["referrer-policy"], "no-referrer")
            self.assertNotIn("access-control-allow-origin", response.headers)
        self.assertEqual(responses[1].headers["cache-control"], "no-store")

    def test_framing_that_is_refused(self):
        post = f"POST {API}/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
        get = f"GET {API}/config HTTP/1.1\r\nHost: localhost\r\n".encode()
        cases = {
            "no length": (post + b"\r\n", 400),
            "chunked": (post + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\n0\r\n\r\n", 400),
            "both": (post + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
            "two lengths": (post + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
            "a negative length": (post + b"Content-Length: -2\r\n\r\n{}", 400),
            "no number": (post + b"Content-Length: 2x\r\n\r\n{}", 400),
            "a length that overflows": (post + b"Content-Length: 99999999999999999999999\r\n\r\n{}", 400),
            "compressed": (post + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 400),
            "too long": (post + b"Content-Length: 1048577\r\n\r\n" + b" " * 1048577, 413),
            "said to be too long": (post + b"Content-Length: 999999999999\r\n\r\n{}", 413),
            "a body of a GET": (get + b"Content-Length: 2\r\n\r\n{}", 400),
            "a long header": (get + b"X: " + b"y" * 10000 + b"\r\n\r\n", 400),
            "many headers": (get + b"X: y\r\n" * 10000 + b"\r\n", 431),
            "a long address": (b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
            "no request": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
            "another protocol": (b"GET / HTTP/9.9\r\n\r\n", 400),
            "no host": (f"GET {API}/config HTTP/1.1\r\n\r\n".encode(), 403),
            "two hosts": (get + b"Host: localhost\r\n\r\n", 403),
        }
        for name, (data, status) in cases.items():
            answer = self.server.raw(data + (get + b"\r\n" if status != 413 else b""))
            self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), f"{name}: {answer[:200]}")
            self.assertIn(b'{"error":', answer, name)
            # The rest is never taken for another request.
            self.assertEqual(answer.count(b"HTTP/1.1 "), 2 if name == "two hosts" or name == "no host" else 1, name)
        self.ask("GET", "/healthz")

    def test_connections_are_kept(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.addCleanup(connection.close)
        for _ in range(20):
            connection.request("GET", f"{API}/healthz")
            self.assertEqual(connection.getresponse().read(), b'{"ok":true}\n')

    def test_slow_clients_hold_nobody_up(self):
        sent = f"GET {API}/healthz HTTP/1.1\r\nHost: local".encode()
        with_head = f"POST {API}/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n".encode()
        begun = time.monotonic()
        answers = {}

        def linger(number, data):
            answers[number] = self.server.raw(data)

        threads = [
            threading.Thread(target=linger, args=(i, (b"", sent, with_head)[i % 3])) for i in range(60)
        ]
        for thread in threads:
            thread.start()
        self.ask("GET", "/healthz")
        self.assertLess(time.monotonic() - begun, 5)
        for thread in threads:
            thread.join()
        self.assertLess(time.monotonic() - begun, 60)  # 10 s, unless the machine is busy
        for number, answer in answers.items():
            self.assertTrue(number % 3 != 2 or answer.startswith(b"HTTP/1.1 408 "), answer[:100])

    def test_two_users_at_once_get_the_same(self):
        results = [None] * 8

        def use(number):
            identity = self.trace({"model": NAMES[number % 2], "prompt": "two users"})
            paths = (f"/traces/{identity}/route", f"/traces/{identity}/lens", f"/traces/{identity}/shares")
            results[number] = [self.server.request("GET", API + path).body for path in paths]

        threads = [threading.Thread(target=use, args=(i,)) for i in range(len(results))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for number, result in enumerate(results):
            self.assertIsNotNone(result)
            self.assertEqual(result, results[number % 2])

    def test_ids_are_the_same_in_another_server_and_the_cache_is_bounded(self):
        identity = self.trace({"prompt": PROMPT})
        with Server(PROGRAM, MODELS / "llama-tied", "--cache", "400K") as other:
            first = other.request("POST", f"{API}/traces", {"prompt": PROMPT}).json["id"]
            self.assertEqual(first, identity)
            for n in range(2, 60):
                made = other.request("POST", f"{API}/traces", {"ids": [5, n] * 20}).json["id"]
                other.request("GET", f"{API}/traces/{made}/events")
                self.assertEqual(other.request("GET", f"{API}/traces/{made}").status, 200)
            gone = other.request("GET", f"{API}/traces/{first}")
            self.assertEqual(gone.status, 404)
            again = other.request("POST", f"{API}/traces", {"prompt": PROMPT})
            self.assertEqual((again.status, again.json["id"]), (202, identity))
            large = other.request("POST", f"{API}/traces", {"ids": [5] * 200})
            self.assertEqual((large.status, large.json["error"]["code"]), (413, "too_large"))


class DefaultModel(Case):
    """What takes long enough to be watched and cancelled."""

    @classmethod
    def setUpClass(cls):
        model = fetch_model.model_path(fetch_model.load_pin(), fetch_model.data_dir())
        config = tempfile.NamedTemporaryFile("w", suffix=".toml")
        cls.addClassCleanup(config.close)
        config.write("max_waiting = 3\nmax_streams = 2\nmax_prompt_tokens = 900\n")
        config.flush()
        cls.server, cls.document = start(model, "--config", config.name)
        cls.addClassCleanup(cls.server.__exit__)

    def long_run(self, number):
        return {"ids": [1000 + number] * 800}

    def cancel(self, *identities):
        for identity in identities:
            self.ask("DELETE", f"/traces/{identity}", 204)
        for identity in identities:
            self.assertEqual(events_of(self.ask("GET", f"/traces/{identity}/events").body)[-1][0], "error")

    def test_queue_positions_limits_and_cancelling(self):
        running = self.ask("POST", "/traces", 202, self.long_run(1)).json["id"]
        waiting = self.ask("POST", "/traces", 202, self.long_run(2)).json["id"]
        self.assertEqual(self.ask("POST", "/traces", 202, self.long_run(2)).json["id"], waiting)  # the same job
        self.assertEqual(self.ask("GET", f"/traces/{waiting}").json["state"], "queued")
        self.assertGreaterEqual(self.ask("GET", f"/traces/{waiting}").json["position"], 1)
        self.ask("GET", f"/traces/{waiting}/route", 409, code="not_ready")
        others = [self.ask("POST", "/traces", 202, self.long_run(n)).json["id"] for n in (3, 4)]
        self.ask("POST", "/traces", 429, self.long_run(5), "too_many")
        self.cancel(*others, waiting, running)
        state = self.ask("GET", f"/traces/{running}").json
        self.assertEqual((state["state"], state["error"]["code"]), ("cancelled", "cancelled"))
        again = self.ask("POST", "/traces", 202, self.long_run(1)).json["id"]
        self.assertEqual(again, running)
        self.cancel(again)

    def test_progress_and_the_number_of_streams(self):
        identity = self.ask("POST", "/traces", 202, self.long_run(6)).json["id"]
        streams = []
        for _ in range(2):
            connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
            self.addCleanup(connection.close)
            connection.request("GET", f"{API}/traces/{identity}/events")
            streams.append(connection.getresponse())
            self.assertEqual(streams[-1].readline().rstrip(), b"event: progress")
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

    def test_the_default_route(self):
        identity = self.trace({"prompt": "When Mary and John went to the store, John gave a drink to"})
        route = self.ask("GET", f"/traces/{identity}/route").json
        self.assertEqual(route["predictions"][0]["text"], " Mary")
        self.assertEqual(len(route["nodes"]), 356)


class Guarded(Case):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.document = start(MODELS / "gpt2", "--host", "0.0.0.0", "--token", TOKEN)
        cls.addClassCleanup(cls.server.__exit__)

    def test_nothing_without_the_token(self):
        self.assertEqual(self.server.token, TOKEN)
        self.ask("GET", "/healthz", headers={"Authorization": ""})
        for headers in ({"Authorization": ""}, {"Authorization": "Bearer x"}, {"Authorization": "", "Cookie": "limpid_token=x"}):
            for method, path in (("GET", "/config"), ("GET", "/openapi.json"), ("POST", "/traces"), ("GET", "/nothing")):
                self.ask(method, path, 401, {} if method == "POST" else None, "unauthorized", headers=headers)
            self.assertEqual(self.server.request("GET", "/", headers=headers).status, 401)
            self.assertEqual(self.server.request("GET", "/?token=wrong", headers=headers).status, 401)
        self.ask("GET", "/config")
        self.ask("GET", "/config", headers={"Authorization": "", "Cookie": f"limpid_token={TOKEN}"})
        self.ask("GET", f"/config?token={TOKEN}", 401, headers={"Authorization": ""})  # for the page only

    def test_the_address_that_is_printed_logs_in(self):
        response = self.server.request("GET", f"/?a=1&token={TOKEN}", headers={"Authorization": ""})
        self.assertEqual((response.status, response.headers["location"]), (303, "/?a=1"))
        cookie = response.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=Strict", f"limpid_token={TOKEN};"):
            self.assertIn(part, cookie)

    def test_names_must_be_allowed(self):
        self.ask("GET", "/config", 403, code="forbidden", headers={"Host": "example.org"})
        self.ask("GET", "/config", headers={"Host": "10.1.2.3:99"})


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
        self.assertIn("cannot listen", self.failure(MODELS / "gpt2", "--host", "203.0.113.1", "--token", TOKEN))
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "config.toml")
            path.write_text("prot = 1\n", encoding="utf-8")
            self.assertIn("config.toml:1: the key 'prot' is unknown", self.failure("--config", path))
            path.write_text(f'models = ["{MODELS}/gpt2", "{MODELS}/opt"]\ndefault_model = "bloom"\n', encoding="utf-8")
            self.assertIn("default_model", self.failure("--config", path))
            path.write_text(f'models = ["{MODELS}/gpt2", "{MODELS}/opt"]\ndefault_model = "opt"\n', encoding="utf-8")
            with Server(PROGRAM, "--config", path) as server:
                self.assertEqual(server.request("GET", f"{API}/models").json["default"], "opt")


if __name__ == "__main__":
    unittest.main()
