"""What a server answers at every address, against its OpenAPI document.

python3 tests/server/answers_test.py PROGRAM    needs jsonschema (build/venv)
"""

import gzip
import itertools
import struct
import sys
import threading
import unittest
import xml.etree.ElementTree

from case import NAMES, PROMPT, UNKNOWN, Case, TinyModels, q
from extraction import extract
from server import API, MODELS, Server, events_of, require_program

PROGRAM = require_program(sys.argv)


class Answers(TinyModels):
    program = PROGRAM

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
        self.ask("POST", "/models/gpt2/tokenize", body={"text": PROMPT})
        models = self.ask("GET", "/models").json
        self.assertEqual([m["name"] for m in models["models"]], list(NAMES))
        self.assertEqual((models["models"][1]["loaded"], models["models"][1]["n_layer"]), (True, 3))
        self.assertEqual(self.ask("HEAD", "/config").body, b"")

    def test_status(self):
        config = self.ask("GET", "/config").json
        self.assertTrue(config["debug"])
        self.trace({"model": "gpt2", "prompt": "so that its model is open"})
        before = self.ask("GET", "/status").json
        self.assertEqual([before["backend"]], config["backend"])
        self.assertEqual([before["precision"]], config["precision"])
        self.assertGreater(before["memory"]["peak_bytes"], before["memory"]["resident_bytes"] // 2)
        self.trace({"model": "gpt2", "prompt": "a prompt for the status"})
        after = self.ask("GET", "/status").json
        self.assertGreater(after["uptime_seconds"], before["uptime_seconds"])
        self.assertEqual(after["traces"]["kept"], before["traces"]["kept"] + 1)
        self.assertGreater(after["traces"]["n_bytes"], before["traces"]["n_bytes"])
        self.assertEqual(after["traces"]["max_bytes"], 20 << 20)
        model = after["models"][0]
        self.assertEqual(model["name"], "gpt2")
        self.assertGreaterEqual(model["decoded_bytes"], model["all_decoded_bytes"])
        self.assertEqual(after["computations"], {"running": 0, "waiting": 0})
        self.assertEqual(after["streams"], 0)

    def test_timing(self):
        identity = self.trace({"prompt": "a prompt for the timing"})
        timing = lambda: self.ask("GET", f"/traces/{identity}").json["timing"]
        self.assertEqual(set(timing()), {"forward", "predictions"})
        self.ask("GET", f"/traces/{identity}/shares")
        only_shares = timing()
        self.assertEqual(set(only_shares), {"forward", "predictions", "contributions"})
        self.ask("GET", f"/traces/{identity}/route")
        with_route = timing()
        self.assertEqual(set(with_route), {"forward", "predictions", "contributions", "route"})
        # The route needs no shares but those that are there.
        self.assertEqual(with_route["contributions"], only_shares["contributions"])
        self.assertGreater(timing()["forward"], 0)

    def test_models(self):
        for name in NAMES:
            self.assertTrue(self.ask("GET", f"/models/{name}").json["supported"])
            tokens = self.ask("POST", f"/models/{name}/tokenize", body={"prompt": PROMPT}).json
            text = b"".join(bytes(t["bytes"]) for t in tokens["tokens"] if not t["special"]).decode()
            self.assertEqual(text.strip(), PROMPT)
            self.assertEqual(self.ask("POST", f"/models/{name}/tokenize", body={"text": PROMPT}).json, tokens)
        heads = self.ask("GET", "/models/gpt2/heads" + q(seed=3, length=5)).json
        self.assertEqual((heads["seed"], heads["length"], len(heads["heads"])), (3, 5, 9))

    def test_opening_a_model(self):
        with Server(PROGRAM, *(MODELS / name for name in NAMES), "--debug") as server:
            client = Case()
            client.server, client.document = server, self.document
            for path in ("", "/events"):
                client.ask("GET", f"/models/gpt2/open{path}", 404, code="not_found")
            opening = client.ask("POST", "/models/gpt2/open", 202, {}).json
            self.assertIn(opening["state"], ("queued", "running"))
            events = events_of(client.ask("GET", "/models/gpt2/open/events").body)
            self.assertEqual(events[-1], ("done", {"model": "gpt2"}))
            for method in ("POST", "GET"):
                done = client.ask(method, "/models/gpt2/open", body={} if method == "POST" else None).json
                self.assertEqual(done, {"model": "gpt2", "state": "done"})
            model = client.ask("GET", "/status").json["models"][0]
            self.assertEqual(model["name"], "gpt2")
            self.assertGreaterEqual(model["decoded_bytes"], model["all_decoded_bytes"])
            client.ask("DELETE", "/models/gpt2/open", 204)  # done: it stays
            # Two are open at a time: the one that was used longest ago has to go.
            for name in NAMES[2:]:
                client.ask("POST", f"/models/{name}/tokenize", body={"text": "a"})
            client.ask("GET", "/models/gpt2/open", 404, code="not_found")
            client.ask("POST", "/models/gpt2/open", 202, {})
            client.ask("POST", "/models/nothing/open", 404, {}, "not_found")
            client.ask("POST", "/models/gpt2/open", 400, {"a": 1}, "invalid_argument")

    def test_bos(self):
        ids = lambda bos: self.ask(
            "POST", "/models/llama-tied/tokenize", body={"prompt": PROMPT, "bos": bos}
        ).json["ids"]
        self.assertIn(ids("auto"), (ids("yes"), ids("no")))
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
            self.assertEqual(
                self.ask("POST", "/traces", body={"model": name, "ids": ids}).json["id"], identity
            )
            self.readings(identity, trace)

    def readings(self, identity, trace):
        base = f"/traces/{identity}"
        last = len(trace["tokens"]) - 1
        route = self.ask("GET", f"{base}/route").json
        self.assertEqual((route["token"], route["threshold"]), (last, 0.03999999910593033))
        top = trace["predictions"][-1][0]
        self.assertEqual(route["predictions"][0]["id"], top["id"])
        # One row of logits, or all at once: another order of sums of float32.
        self.assertAlmostEqual(route["predictions"][0]["logit"], top["logit"], delta=1e-5 * abs(top["logit"]))
        for node in (
            f"mid.1@{last}",
            "head.1.0@-1",
            "ffn.0@0",
            f"post.1@{last}",
            "logit@-1",
            "embed@0",
            "neuron.1.2@1",
        ):
            self.assertTrue(self.ask("GET", f"{base}/inspect" + q(node=node)).json["kind"])
        self.ask("GET", f"{base}/inspect" + q(node="head.1.0@-1", normalize="part", target="#5"))
        lens = self.ask(
            "GET", f"{base}/lens" + q(state="mid", top=3, rank_of=["#1", "#2"], token=[0, -1])
        ).json
        self.assertEqual(lens["positions"], [0, last])
        self.assertEqual(len(lens["layers"][0][0]["top"]), 3)
        self.assertEqual([token["id"] for token in lens["chosen"]], [1, 2])
        self.assertEqual(len(self.ask("GET", f"{base}/lens").json["layers"]), trace["n_layer"])
        self.attention(base, trace)
        for figure in (
            {"kind": "route", "theme": "dark", "width": 400},
            {"kind": "lens"},
            {"kind": "attention", "head": "0.0"},
        ):
            svg = self.ask("GET", f"{base}/figure.svg" + q(**figure))
            self.assertTrue(xml.etree.ElementTree.fromstring(svg.body).tag.endswith("svg"))

    def attention(self, base, trace):
        everything = self.ask("GET", f"{base}/attention").json
        self.assertEqual(len(everything["heads"]), trace["n_layer"] * trace["n_head"])
        some = q(head=["0.1", "0.0"], layer=[1])
        maps = self.ask("GET", f"{base}/attention{some}").json
        self.assertEqual(len(maps["heads"]), 2 + trace["n_head"])
        binary = self.ask("GET", f"{base}/attention{some}", headers={"Accept": "application/octet-stream"})
        self.assertEqual(binary.headers["content-type"], "application/octet-stream")
        data = binary.body
        self.assertEqual(data[:8], b"LIMPATT2")
        n_tok, n_map = struct.unpack_from("<II", data, 8)
        self.assertEqual((n_tok, n_map), (len(trace["tokens"]), len(maps["heads"])))
        as_float32 = lambda values: struct.unpack(f"{len(values)}f", struct.pack(f"{len(values)}f", *values))
        at = 16
        for head in maps["heads"]:
            self.assertEqual(struct.unpack_from("<II", data, at), (head["layer"], head["head"]))
            names = ("entropy", "first", "first_contribution", "self", "contribution")
            means = [head["summary"][name] for name in names]
            self.assertEqual(struct.unpack_from("<5f", data, at + 8), as_float32(means))
            at += 28
            for kind in ("attention", "contribution"):
                for row in head[kind]:
                    self.assertEqual(struct.unpack_from(f"<{len(row)}f", data, at), as_float32(row))
                    at += 4 * len(row)
        self.assertEqual(at, len(data))

    def test_a_client_with_shares_draws_the_same_routes(self):
        replace = ["head.1.0=3", "ffn.0@1=mean", "post.0@2=mean", "mid.1=mean"]
        for name, more in itertools.product(NAMES, ({}, {"replace": replace})):
            identity = self.trace({"model": name, "prompt": PROMPT, **more})
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
        self.assertEqual(set(nodes), {node["id"] for node in route["nodes"]}, where)
        for node in route["nodes"]:
            dropped, diffuse = nodes[node["id"]]
            self.assertEqual(diffuse, node["diffuse"], f"{where} {node}")
            self.assertAlmostEqual(dropped, node["dropped"], delta=100 * 2**-24, msg=where)
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

    def test_answers_are_small(self):
        identity = self.trace({"prompt": PROMPT})
        for path in ("/route", "/lens", "/figure.svg"):
            plain = self.ask("GET", f"/traces/{identity}{path}")
            self.assertNotIn("content-encoding", plain.headers)
            self.assertEqual(plain.headers["vary"], "Accept-Encoding")
            self.assertNotIn(b"\n  ", plain.body.rstrip() if path != "/figure.svg" else b"")
            packed = self.server.request("GET", f"{API}/traces/{identity}{path}", headers={"Accept-Encoding": "gzip"})
            self.assertEqual(packed.headers["content-encoding"], "gzip")
            self.assertLess(len(packed.body), len(plain.body) / 3)
            self.assertEqual(gzip.decompress(packed.body), plain.body)
        accepted = {"Accept": "application/octet-stream", "Accept-Encoding": "gzip"}
        binary = self.server.request("GET", f"{API}/traces/{identity}/attention", headers=accepted)
        self.assertNotIn("content-encoding", binary.headers)
        events = self.server.request("GET", f"{API}/traces/{identity}/events", headers={"Accept-Encoding": "gzip"})
        self.assertNotIn("content-encoding", events.headers)
        self.assertNotIn("content-encoding", self.ask("GET", "/healthz", headers={"Accept-Encoding": "gzip"}).headers)

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
            self.assertIn(again.status, (200, 202))  # it may be done already
            self.assertEqual(again.json["id"], identity)
            large = other.request("POST", f"{API}/traces", {"ids": [5] * 200})
            self.assertEqual((large.status, large.json["error"]["code"]), (413, "too_large"))


if __name__ == "__main__":
    unittest.main()
