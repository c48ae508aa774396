"""Writes testdata/heads/: the roles of heads, computed from Hugging Face's attention and the oracle's shares.

    oracle/bin/python tools/make_heads_goldens.py PROGRAM [--smollm2 SmolLM2-135M-Instruct.Q4_1.gguf]

PROGRAM is limpid: it says which sequences it runs and what their tokens are; every number is computed here, from the
formulas of docs/heads.md. Without --smollm2 the file of the default model stays as it is.
"""

import argparse
import json
import pathlib
import re
import subprocess

import numpy as np

import oracle

TINY = {"llama-untied": 12, "gemma2": 3, "gpt2": 12}  # length of the random tokens; gemma2 has a window of 5


def ask(program, *arguments):
    return json.loads(subprocess.run([program, *map(str, arguments)], capture_output=True, check=True).stdout)


def random_pairs(ids):
    """role -> list of (query, [keys]); the sequence is `prefix` tokens, then the same tokens twice."""
    period = next(n for n in (len(ids) // 2, (len(ids) - 1) // 2) if ids[len(ids) - 2 * n :][:n] == ids[-n:])
    prefix, n_tok = len(ids) - 2 * period, len(ids)
    again = range(prefix + period, n_tok)
    first_of = {q: ids.index(ids[q], prefix) for q in again}
    return {
        "previous": [(q, [q - 1]) for q in range(2, n_tok)],
        "duplicate": [(q, [k]) for q, k in first_of.items() if k > 0],
        "induction": [(q, [k + 1]) for q, k in first_of.items()],
        "first": [(q, [0]) for q in range(2, n_tok)],
        "current": [(q, [q]) for q in range(2, n_tok)],
    }


def text_pairs(pieces):
    """Pairs within words, and from the first piece of a word to the word before."""
    spans, text = [], b""
    for piece in pieces:
        part = b"\0" if piece["special"] else bytes(piece["bytes"])
        spans.append((len(text), len(text) + len(part)))
        text += part
    starts = [start for start, _ in spans]
    word_of = list(range(len(spans)))
    for match in re.finditer(rb"[A-Za-z]+", text):
        inside = [i for i, start in enumerate(starts) if match.start() < start < match.end()]
        for i in inside:
            word_of[i] = inside[0] - 1
    within = [(q, list(range(w, q))) for q, w in enumerate(word_of) if w < q and w > 0]
    before = [(q, list(range(word_of[q - 1], q))) for q, w in enumerate(word_of) if w == q and q and word_of[q - 1] > 0]
    return within, before


def mean(maps, pairs):
    """maps: [..., query, key] -> mean over the pairs of the sum over their keys."""
    return np.mean([maps[..., q, keys].sum(-1) for q, keys in pairs], axis=0, dtype=np.float64)


def measure(program, path, model, sample):
    """role -> (score, contribution), each [n_layer, n_head]"""
    trace = oracle.run(model, sample["ids"])
    attention = np.stack([layer.attention for layer in trace.layers]).astype(np.float64)
    shares = np.stack([oracle.shares(layer).attention.transpose(2, 0, 1) for layer in trace.layers])
    if sample["kind"] == "random":
        pairs = random_pairs(sample["ids"])
        return {role: (mean(attention, p), mean(shares, p)) for role, p in pairs.items()}
    ids = ",".join(map(str, sample["ids"]))
    within, before = text_pairs(ask(program, "tokenize", path, "--ids", ids, "--json")["tokens"])
    if not within or not before:
        return {}
    return {"subword": (mean(attention, within) - mean(attention, before), mean(shares, within))}


def write(program, path, length, out):
    found = ask(program, "heads", path, "--length", length, "--format", "json")
    model = oracle.load_model(str(path))
    samples = {}
    for sample in found["samples"]:
        for role, measured in measure(program, path, model, sample).items():
            samples.setdefault(role, []).append(measured)
    roles = {}
    for role, measured in samples.items():
        scores = np.stack([score for score, _ in measured])
        roles[role] = {
            "score": scores.mean(0).clip(0, 1),
            "error": scores.std(0, ddof=1) / np.sqrt(len(scores)),
            "contribution": np.stack([contribution for _, contribution in measured]).mean(0),
        }
    worst = max(
        abs(head["scores"][role][key] - values[key][head["layer"], head["head"]])
        for head in found["heads"]
        for role, values in roles.items()
        for key in values
    )
    assert set(found["roles"]) == set(roles)
    print(f"{out.name}: {', '.join(roles)}; off by at most {worst:.2g}")
    shorten = lambda array: [[float(f"{value:.7g}") for value in row] for row in array.tolist()]
    lines = [f'"length":{found["length"]}']
    lines += [f'"samples":{json.dumps([sample["ids"] for sample in found["samples"]], separators=(",", ":"))}']
    for role, values in roles.items():
        tables = {key: shorten(table) for key, table in values.items()}
        lines.append(f'"{role}":{json.dumps(tables, separators=(",", ":"))}')
    out.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    parser.add_argument("--smollm2", type=pathlib.Path)
    options = parser.parse_args()
    testdata = pathlib.Path(__file__).resolve().parent.parent / "testdata"
    out = testdata / "heads"
    out.mkdir(exist_ok=True)
    for name, length in TINY.items():
        write(options.program, testdata / "models" / name, length, out / f"{name}.json")
    if options.smollm2:
        write(options.program, options.smollm2, 50, out / "smollm2.json")


if __name__ == "__main__":
    main()
