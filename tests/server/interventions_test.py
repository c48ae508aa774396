"""Interventions over HTTP: runs that replace something, and what that does to a prediction, against the program's verbs.

python3 tests/server/interventions_test.py PROGRAM    needs jsonschema (build/venv)
"""

import json
import subprocess
import sys
import unittest

from case import NAMES, PROMPT, UNKNOWN, TinyModels, q
from server import API, MODELS, events_of, require_program

PROGRAM = require_program(sys.argv)
OTHER = "the dog sat on the mat"
EVERYTHING = [
    *("head.1.0@-1=0.5", "attention.0@1=mean", "ffn.1=counterfactual", "embed@0=mean", "mid.1@2=counterfactual"),
    *("post.0@0=-1", "head.0.1@3<-2"),
]


def verb(*arguments):
    """What a verb prints as JSON."""
    command = [PROGRAM, *arguments, "--format", "json"]
    return json.loads(subprocess.run(command, capture_output=True, check=True, timeout=120).stdout)


class Interventions(TinyModels):
    program = PROGRAM

    def ids(self, model, prompt):
        return self.ask("POST", f"/models/{model}/tokenize", body={"prompt": prompt}).json["ids"]

    def pair(self, model):
        """Ids of two prompts of as many tokens, the second as text of options."""
        ids = self.ids(model, PROMPT)
        other = [*ids[:-2], ids[1], ids[-1]]
        return ids, other, ",".join(map(str, ids)), ",".join(map(str, other))

    def events(self, identity, body, status=200):
        response = self.ask("POST", f"/traces/{identity}/sweep", status, body)
        events = events_of(response.body)
        for name, data in events:
            schema = {"progress": "ProgressEvent", "done": "SweptEvent", "error": "Error"}[name]
            self.assertEqual(self.document.errors(self.schema_of(schema), data), [], name)
        self.assertTrue(all(name == "progress" for name, _ in events[:-1]))
        return events

    def test_a_run_with_interventions_is_read_like_any_other(self):
        for model in NAMES:
            ids, other, text, other_text = self.pair(model)
            body = {"model": model, "ids": ids, "replace": EVERYTHING, "against_ids": other}
            identity = self.trace(body)
            trace = self.ask("GET", f"/traces/{identity}").json
            self.assertEqual([token["id"] for token in trace["tokens"]], ids)
            self.assertEqual([token["id"] for token in trace["against"]], other)
            self.assertEqual(len(trace["replace"]), len(EVERYTHING))
            self.assertIn(f"head.1.0@{len(ids) - 1}=0.5", trace["replace"])
            options = ("--ids", text, "--against-ids", other_text, "--replace", ",".join(EVERYTHING))
            after = verb("patch", MODELS / model, *options)["predictions_after"]
            found = trace["predictions"][-1]
            self.assertEqual([p["id"] for p in found], [p["id"] for p in after[:5]], model)
            for path in ("", "/route", "/shares", "/lens", "/attention", "/inspect" + q(node="mid.1@-1"), "/figure.svg"):
                patched = self.ask("GET", f"/traces/{identity}{path}")
                clean = self.ask("GET", f"/traces/{self.trace({'model': model, 'ids': ids})}{path}")
                self.assertNotEqual(patched.body, clean.body, f"{model} {path}")

    def test_ids_are_of_what_is_replaced(self):
        ids, other, *_ = self.pair("gpt2")
        run = lambda **more: self.trace({"model": "gpt2", "ids": ids, **more})
        clean = run()
        last = len(ids) - 1
        one = run(replace=["head.1.0@-1", "ffn.0"])
        self.assertEqual(run(replace=["ffn.0=zero", f"head.1.0@{last}=0"]), one)
        self.assertEqual(self.ask("GET", f"/traces/{one}").json["replace"], ["ffn.0=zero", f"head.1.0@{last}=zero"])
        different = [
            clean,
            one,
            run(replace=["head.1.0@-1"]),
            run(replace=["head.1.0@-1=mean"]),
            run(replace=["head.1.0@-1=mean"], against_ids=other),
            run(replace=["head.1.0@-1=mean"], against_ids=ids),
        ]
        self.assertEqual(len(set(different)), len(different))
        self.assertNotIn("replace", self.ask("GET", f"/traces/{clean}").json)
        self.assertNotIn("against", self.ask("GET", f"/traces/{one}").json)
        # A prompt as text becomes tokens as the other one does.
        text = {"model": "gpt2", "prompt": PROMPT, "replace": ["embed@1=counterfactual"], "bos": "no"}
        self.assertEqual(self.trace({**text, "against": PROMPT}), self.trace({**text, "against_ids": ids}))

    def test_a_run_with_interventions_brings_the_one_without(self):
        ids = [5, 6, 7, 8, 9]
        self.trace({"model": "gpt2", "ids": ids, "replace": ["head.1.0=counterfactual"], "against_ids": [9, *ids[1:]]})
        for kept in (ids, [9, *ids[1:]]):
            self.assertEqual(self.ask("POST", "/traces", body={"model": "gpt2", "ids": kept}).json["state"], "done")

    def test_patches_are_those_of_the_verb(self):
        for model in NAMES:
            ids, other, text, other_text = self.pair(model)
            identity = self.trace({"model": model, "ids": ids})
            whole = ("--against-ids", other_text, "--replace", ",".join(EVERYTHING))
            for body, options in (
                ({"replace": ["head.1.0"]}, ("--replace", "head.1.0")),
                ({"replace": EVERYTHING, "against_ids": other}, whole),
                (
                    {"replace": EVERYTHING, "against_ids": other, "target": "#3", "versus": "#4", "token": 3},
                    (*whole, "--target", "#3", "--versus", "#4", "--token", "3"),
                ),
                (
                    {"replace": ["ffn.0@2=2"], "metric": "kl", "token": -2},
                    ("--replace", "ffn.0@2=2", "--metric", "kl", "--token", "-2"),
                ),
            ):
                answer = self.ask("POST", f"/traces/{identity}/patch", body=body).json
                self.assertEqual(answer["patch"], verb("patch", MODELS / model, "--ids", text, *options), model)
                # The run is there, and it is the one that its own address gives.
                same = {key: body[key] for key in ("replace", "against_ids") if key in body}
                run = self.ask("POST", "/traces", body={"model": model, "ids": ids, **same}).json
                self.assertEqual((run["state"], run["id"]), ("done", answer["trace"]))
                self.assertEqual(self.ask("POST", f"/traces/{identity}/patch", body=body).json, answer)

    def test_sweeps_are_those_of_the_verb(self):
        for model in NAMES:
            ids, other, text, other_text = self.pair(model)
            identity = self.trace({"model": model, "ids": ids})
            against = ("--against-ids", other_text)
            for body, options in (
                ({}, ()),
                ({"over": ["ffns"], "value": "0.5", "each_token": True, "target": "#3"},
                 ("--over", "ffns", "--value", "0.5", "--each-token", "--target", "#3")),
                ({"over": ["post", "embed"], "against_ids": other, "token": -2, "metric": "probability"},
                 ("--over", "post,embed", *against, "--token", "-2", "--metric", "probability")),
                ({"against_ids": other, "denoise": True}, ("--denoise", *against)),
            ):
                name, swept = self.events(identity, body)[-1]
                self.assertEqual(name, "done", swept)
                wanted = verb("sweep", MODELS / model, "--ids", text, *options)
                self.assertGreater(len(wanted["cells"]), 0)
                for answer in (swept, wanted):
                    self.assertGreaterEqual(answer.pop("seconds"), 0)
                self.assertEqual(swept, wanted, f"{model} {body}")

    def test_what_makes_no_sense(self):
        ids = [5, 6, 7, 8]
        identity = self.trace({"model": "gpt2", "ids": ids})
        patched = self.trace({"model": "gpt2", "ids": ids, "replace": ["ffn.0"]})
        wrong_replace = (
            {"replace": []},
            {"replace": "ffn.0"},
            {"replace": [1]},
            {"replace": [""]},
            {"replace": ["hat.1.0"]},
            {"replace": ["head.1.9"]},
            {"replace": ["head.1.0@4"]},
            {"replace": ["head.1.0=x"]},
            {"replace": ["ffn.0" + " " * 100]},
            {"replace": ["ffn.0"] * 1001},
            {"replace": ["ffn.0", "ffn.0=2"]},
            {"replace": ["head.1.0@0<-1"]},
            {"replace": ["head.1.0=counterfactual"]},
            {"replace": ["head.1.0=mean"], "against_ids": [5, 6, 7]},
            {"replace": ["head.1.0=mean"], "against_ids": [5, 6, 7, 10**6]},
            {"replace": ["head.1.0=mean"], "against_ids": ids, "against": "the"},
            {"replace": ["head.1.0=mean"], "against": ""},
        )
        for body in wrong_replace:
            self.ask("POST", "/traces", 400, {"model": "gpt2", "ids": ids, **body}, "invalid_argument")
            self.ask("POST", f"/traces/{identity}/patch", 400, body, "invalid_argument")
        self.ask("POST", "/traces", 400, {"ids": ids, "against_ids": ids}, "invalid_argument")
        response = self.ask("POST", f"/traces/{identity}/patch", 400, {"replace": ["ffn.0"], "against_ids": [5, 6, 9]})
        self.assertIn("expected as many tokens as the prompt has, 4, found 3", response.json["error"]["message"])
        self.assertIn("token 2 is", response.json["error"]["hint"])
        for more in (
            {"token": 4},
            {"token": "1"},
            {"token": 1.5},
            {"token": 2**40},
            {"target": "#999999"},
            {"target": "x" * 1001},
            {"versus": "#1", "target": "#1"},
            {"versus": "#1", "metric": "kl"},
            {"metric": "logit-diff"},
            {"metric": "x"},
            {"bos": "yes"},
            {"chat": True},
            {"prompt": "a"},
        ):
            self.ask("POST", f"/traces/{identity}/patch", 400, {"replace": ["ffn.0"], **more}, "invalid_argument")
        for body in (
            {"over": []},
            {"over": ["heads", "heads"]},
            {"over": ["tails"]},
            {"over": "heads"},
            {"value": "x"},
            {"value": "1" * 101},
            {"value": "counterfactual"},
            {"denoise": True},
            {"token": -5},
            {"metric": "x"},
            {"each_token": 1},
            {"against_ids": [5]},
            {"replace": ["ffn.0"]},
        ):
            self.ask("POST", f"/traces/{identity}/sweep", 400, body, "invalid_argument")
        for name, body in (("patch", {"replace": ["ffn.1"]}), ("sweep", {})):
            self.ask("POST", f"/traces/{patched}/{name}", 400, body, "invalid_argument")
            self.ask("POST", f"/traces/{UNKNOWN}/{name}", 404, body, "not_found")
            self.ask("POST", f"/traces/{identity}/{name}?x=1", 400, body, "invalid_argument")
        # Found while it runs: the metric's token.
        self.assertEqual(self.events(identity, {"target": "#999999"})[-1][0], "error")

    def test_interventions_that_only_a_run_finds_wrong(self):
        # Two names for one value.
        body = {"model": "gpt2", "ids": [5, 6], "replace": ["head.1.0", "attention.1"]}
        identity = self.ask("POST", "/traces", 202, body).json["id"]
        name, data = events_of(self.ask("GET", f"/traces/{identity}/events").body)[-1]
        self.assertEqual((name, data["error"]["code"]), ("error", "invalid_argument"))
        self.assertEqual(self.ask("GET", f"/traces/{identity}").json["state"], "failed")


if __name__ == "__main__":
    unittest.main()
