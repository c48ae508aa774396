"""Writes testdata/goldens/interventions/: what the tiny models compute when something in them is replaced.

    oracle/bin/python tools/make_intervention_goldens.py

(set-up: see oracle/__init__.py). Each case of CASES is run by Hugging Face's eager float32 model with hooks (oracle/edits.py)
where the model has the module that it needs; where it has not, the reason is printed and the golden lacks the case. It stops
when a case changes too little to be told from rounding, changes what lies before it, or hangs on a router's near tie, and when a
blocked key is attended to or any other attention of that layer has changed. testdata/README.md lists what is in the files.
"""

import argparse
import json
import pathlib

import numpy as np

import oracle
from make_goldens import ROUTER_MARGIN, case_ids, is_readable, save

LENGTH = 7
EVERY = 8  # of the logits of a position one in so many is kept: more than the state has coordinates
ROUNDING = 5e-5  # of the largest logit: what float32 may be off by
LEAST = 20 * ROUNDING

# What an edit does not say is as in oracle.Edit; "added" is drawn for each model. Every tiny model has two layers, two heads,
# six neurons and, in a mixture, four experts in layer 1.
CASES = {
    "embed-replaced": [{"kind": "embed", "position": 1, "added": True}],
    "head-zeroed": [{"kind": "head", "layer": 0, "head": 1}],
    "head-scaled": [{"kind": "head", "layer": 1, "head": 0, "position": 3, "factor": 0.5}],
    "head-replaced": [{"kind": "head", "layer": 0, "head": 0, "position": 2, "added": True}],
    "edge-blocked": [{"kind": "edge", "layer": 0, "head": 1, "position": 5, "key": 3}],
    "mid-replaced": [{"kind": "mid", "layer": 0, "position": 2, "added": True}],
    "neuron-zeroed": [{"kind": "neuron", "layer": 0, "neuron": 5}],
    "neuron-replaced": [{"kind": "neuron", "layer": 1, "neuron": 2, "position": 4, "added": True}],
    "expert-neuron-replaced": [{"kind": "neuron", "layer": 1, "expert": 3, "neuron": 3, "added": True}],
    "shared-neuron-zeroed": [{"kind": "neuron", "layer": 1, "expert": -1, "neuron": 4}],
    "ffn-zeroed": [{"kind": "ffn", "layer": 0}],
    "ffn-shifted": [{"kind": "ffn", "layer": 1, "position": 4, "factor": 2.0, "added": True}],
    "post-replaced": [{"kind": "post", "layer": 0, "position": 2, "added": True}],
    "post-scaled": [{"kind": "post", "layer": 1, "position": 6, "factor": 0.5, "added": True}],
    "several": [
        {"kind": "embed", "position": 4, "factor": 0.5},
        {"kind": "head", "layer": 0, "head": 1, "position": 4, "added": True},
        {"kind": "mid", "layer": 0, "factor": 1.0, "position": 5, "added": True},
        {"kind": "ffn", "layer": 0, "position": 5, "factor": -1.0},
        {"kind": "head", "layer": 1, "head": 0},
        {"kind": "ffn", "layer": 1, "position": 6},
    ],
}


def draw(edits, layers, rng):
    """The edits for a model with these layers of a trace, with rows drawn where they add one. -> list of oracle.Edit"""
    widths = {"head": layers[0].w_o.shape[2], "neuron": 1}
    drawn = []
    for edit in edits:
        added = None
        if edit.get("added"):
            added = rng.standard_normal(widths.get(edit["kind"], layers[0].resid_pre.shape[1])).astype(np.float32)
        drawn.append(oracle.Edit(**edit | {"added": added}))
    return drawn


def check(clean, trace, edits, where):
    scale = max(1.0, np.abs(trace.logits).max())
    change = np.abs(trace.logits - clean.logits).max(1)
    if not change.max() > LEAST * scale:
        raise SystemExit(f"{where}: changes logits by {change.max():.2g} only")
    first = min(edit.position or 0 for edit in edits)
    if first and not change[:first].max() < ROUNDING * scale:
        raise SystemExit(f"{where}: changes what lies before it by {change[:first].max():.2g}")
    for layer in trace.layers:
        if not layer.neurons.router_margin > ROUTER_MARGIN:
            raise SystemExit(f"{where}: a router's choice hangs on {layer.neurons.router_margin:.2g}")
    for edit in edits:
        if edit.kind == "edge":
            check_edge(clean.layers[edit.layer].attention, trace.layers[edit.layer].attention, edit, where)


def check_edge(clean, attention, edit, where):
    """Attention [H, T, T] without and with the edit."""
    if attention[edit.head, edit.position, edit.key] != 0 or clean[edit.head, edit.position, edit.key] == 0:
        raise SystemExit(f"{where}: the mask takes no attention away")
    others = clean != attention
    others[edit.head, edit.position] = False
    if others.any():
        raise SystemExit(f"{where}: the mask reaches other attention too")


def golden(model, name):
    """-> tensors by name"""
    ids = case_ids(LENGTH, model.config.vocab_size)
    clean = oracle.run(model, ids)
    tensors = {"ids": np.array(ids, np.int64)}
    rng = np.random.default_rng(LENGTH)
    for case, edits in CASES.items():
        drawn = draw(edits, clean.layers, rng)
        try:
            with oracle.edited(model, drawn):
                trace = oracle.run(model, ids)
        except oracle.NotThere as reason:
            print(f"{name}: no {case}: {reason}")
            continue
        check(clean, trace, drawn, f"{name}: {case}")
        tensors[f"logits.{case}"] = trace.logits[:, ::EVERY]
        tensors |= {f"added.{case}.{i}": edit.added for i, edit in enumerate(drawn) if edit.added is not None}
    return tensors


def main():
    testdata = pathlib.Path(__file__).resolve().parent.parent / "testdata"
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="beginning of the names of the folders to do")
    options = parser.parse_args()
    out = testdata / "goldens" / "interventions"
    out.mkdir(parents=True, exist_ok=True)
    lines = [f"{json.dumps(case)}:{json.dumps(edits)}" for case, edits in CASES.items()]
    (out / "cases.json").write_text("{\n" + ",\n".join(lines) + "}\n", encoding="utf-8")
    for folder in sorted((testdata / "models").glob(options.only + "*")):
        if is_readable(folder):
            save(out / f"{folder.name}.safetensors", golden(oracle.load_model(str(folder)), folder.name))


if __name__ == "__main__":
    main()
