"""Writes the gradients of testdata/goldens/backward/ with oracle/.

    oracle/bin/python tools/make_backward_goldens.py [--only llama] [--out testdata/goldens/backward]

(set-up: see oracle/__init__.py). Reads the Hugging Face folders of testdata/models/. testdata/README.md lists what is in
the files. --only restricts it to folders whose name begins so.
"""

import argparse
import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

import oracle
from make_goldens import case_ids, is_readable
from oracle.linearised import gradients

N_TOK = 7
POSITION = 5  # not the last one: what is behind it has no gradient


def case_metric(name, n_vocab):
    """Two tokens, or for every third model one, from the name."""
    rng = np.random.default_rng(sum(name.encode()))
    target, versus = (int(token) for token in rng.choice(n_vocab, 2, replace=False))
    return target, None if len(name) % 3 == 0 else versus


def golden(folder):
    model = oracle.load_model(str(folder))
    ids = case_ids(N_TOK, model.config.vocab_size)
    target, versus = case_metric(folder.name, model.config.vocab_size)
    tensors = {
        "ids": np.array(ids, np.int64),
        "position_target_versus": np.array([POSITION, target, -1 if versus is None else versus], np.int64),
    }
    for rule in ("differentiated", "frozen"):
        metric, rows = gradients(model, ids, POSITION, target, versus, rule == "frozen")
        tensors["metric"] = np.array([metric], np.float32)
        for name, values in rows.items():
            if np.any(values[POSITION + 1 :]):
                raise SystemExit(f"{folder.name}: {name} has a gradient behind the metric's position")
            tensors[f"{rule}.{name}"] = values[: POSITION + 1].astype(np.float32)
    return tensors


def main():
    testdata = pathlib.Path(__file__).resolve().parent.parent / "testdata"
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=testdata / "models")
    parser.add_argument("--out", type=pathlib.Path, default=testdata / "goldens" / "backward")
    parser.add_argument("--only", default="", help="beginning of the names of the folders to do")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for folder in sorted(options.models.glob(options.only + "*")):
        if not is_readable(folder):
            continue
        tensors = golden(folder)
        path = options.out / f"{folder.name}.safetensors"
        save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)
        path.chmod(0o644)
        print(folder.name, float(tensors["metric"][0]))


if __name__ == "__main__":
    main()
