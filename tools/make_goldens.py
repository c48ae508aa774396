"""Writes the reference values of testdata/goldens/ with oracle/.

    oracle/bin/python tools/make_goldens.py [--smollm2 SmolLM2-135M-Instruct.Q4_1.gguf] [--out testdata/goldens]

(set-up: see oracle/__init__.py). Reads testdata/models/, written by make_models.py,
make_mixed_model.py and make_mxfp4_model.py. Run again, it writes the same bytes on a
machine with the same instruction set; elsewhere the last bits of float32 differ. Without --smollm2 the files of the default
model stay as they are. --only restricts it to folders whose name begins so. testdata/README.md lists what is in the files.

It stops when parts do not sum to the states, when rows of attention do not sum to 1 (less with sinks), when shares sum
neither to 1 nor to 0 (degenerate), or where rounding could decide: something that a route compares lies too close to the
threshold, a router's choice is nearly a tie, or the parts of a state point towards it so little that their shares are noise.
"""

import argparse
import json
import pathlib

import numpy as np
from safetensors.numpy import save_file

import oracle

LENGTHS = (7, 23)  # past every window, and before and after the original length of the scaled positions
THOROUGH = ("gpt2", "llama-rope-linear", "llama-rope-llama3", "llama-sharded", "llama-tied", "llama-untied")
THOROUGH_LENGTHS = (1, 7, 23)  # with routes, of which others have at most those of 7 tokens
WITH_ROUTES = ("gemma2", "gpt_neox-parallel", "gpt_oss", "qwen2_moe")
NEURON_LENGTH = 7
THRESHOLDS = (0.02, 0.05, 0.15, 0.6)
SMOLLM2_THRESHOLDS = (0.04, 0.1)
SMOLLM2_STATES = (0, 14, 29)  # layers whose resid_post is kept
MARGIN = 1e-6
ROUTER_MARGIN = 1e-3  # in logits of order 1, whose rounding is 1e-6
WEAKEST = 1e-3  # of the state's L1 norm; float32 sums of the terms are off by 1e-7 of it
SMOLLM2_PROMPTS = {
    "mary": (
        "When Mary and John went to the store, John gave a drink to",
        [2427, 5099, 284, 2322, 3514, 288, 260, 4249, 28, 2322, 4502, 253, 5968, 288],
    ),
    "war": (
        "The war lasted from the year 1732 to the year 17",
        [504, 1913, 15298, 429, 260, 713, 216, 33, 39, 35, 34, 288, 260, 713, 216, 33, 39],
    ),
    "sum": ("5 + 4 = 9, 2 + 3 =", [37, 1232, 216, 36, 446, 216, 41, 28, 216, 34, 1232, 216, 35, 446]),
}


def case_ids(n_tok, n_vocab):
    """Ids of a case: the same for every model with the same vocabulary; repeats a few, as text does."""
    rng = np.random.default_rng(n_tok)
    fresh = rng.integers(2, n_vocab, n_tok)
    return [int(fresh[i // 2] if i % 5 == 4 else fresh[i]) for i in range(n_tok)]


def analyse(model, ids, where):
    trace = oracle.run(model, ids)
    error = oracle.conservation_error(trace)
    if not error <= 1e-5:
        raise SystemExit(f"{where}: parts miss the states by {error:.3g}")
    for layer in trace.layers:
        sums = layer.attention.sum(-1, dtype=np.float64)
        if not (np.all(sums < 1) if layer.has_sinks else np.all(np.abs(sums - 1) <= 1e-6)):
            raise SystemExit(f"{where}: rows of attention sum to {sums.min()} to {sums.max()}")
        if not layer.neurons.router_margin > ROUTER_MARGIN:
            raise SystemExit(f"{where}: a router's choice hangs on {layer.neurons.router_margin:.2g}")
    all_shares = [oracle.shares(layer) for layer in trace.layers]
    for share in all_shares:
        sums = [
            share.attention.sum((1, 2)) + share.attention_residual,
            share.ffn + share.ffn_residual,
            share.neuron.sum(1) + share.neuron_residual,
        ]
        if not all(np.all((np.abs(total - 1) <= 1e-5) | (total == 0)) for total in sums):
            raise SystemExit(f"{where}: shares sum neither to 1 nor to 0")
        if not share.weakest > WEAKEST:
            raise SystemExit(f"{where}: the parts of a state reach {share.weakest:.2g} of it")
    return trace, all_shares


def neuron_tensors(all_shares):
    tensors = {}
    for i, share in enumerate(all_shares):
        tensors[f"contribution.neuron.{i}"] = share.neuron
        tensors[f"contribution.neuron_residual.{i}"] = share.neuron_residual
    return tensors


def contribution_tensors(all_shares):
    tensors = {}
    for i, share in enumerate(all_shares):
        tensors[f"contribution.attention.{i}"] = share.attention
        tensors[f"contribution.attention_residual.{i}"] = share.attention_residual
        tensors[f"contribution.attention_bias.{i}"] = share.attention_bias
        tensors[f"contribution.ffn.{i}"] = share.ffn
        tensors[f"contribution.ffn_residual.{i}"] = share.ffn_residual
    return tensors


def trace_tensors(trace):
    tensors = {"ids": trace.ids.astype(np.int64), "logits": trace.logits}
    for i, layer in enumerate(trace.layers):
        for name in ("resid_pre", "resid_mid", "resid_post", "attention_out", "ffn_out", "attention"):
            tensors[f"{name}.{i}"] = getattr(layer, name)
    return tensors


def save(path, tensors):
    save_file({name: np.ascontiguousarray(value) for name, value in tensors.items()}, path)
    path.chmod(0o644)


# ---------------------------------------------------------------------------------------------------------------------
# Routes as JSON


def short(value):
    """Floats to 7 significant digits, recursively."""
    if isinstance(value, float):
        return float(f"{value:.7g}")
    if isinstance(value, dict):
        return {key: short(v) for key, v in value.items()}
    return [short(v) for v in value] if isinstance(value, list) else value


def route_json(all_shares, token, threshold, renormalize, whole, where, parallel=False):
    route = oracle.extract_route(all_shares, token, threshold, renormalize, parallel)
    if not route.margin > MARGIN:
        raise SystemExit(f"{where}: a share is only {route.margin:.2g} away from threshold {threshold}")
    value = {
        "token": token,
        "threshold": threshold,
        "renormalize": renormalize,
        "n_node": len(route.nodes),
        "n_edge": len(route.edges),
        "n_merged_edge": route.n_merged_edges(),
        "margin": route.margin,
    }
    if whole:
        value["nodes"] = [{"id": name} | node for name, node in route.nodes.items()]
        value["edges"] = route.edges
    return short(value)


def write_routes(path, head, routes):
    """One node or edge a line."""
    compact = lambda value: json.dumps(value, separators=(",", ":"), ensure_ascii=False)
    blocks = []
    for route in routes:
        block = compact({k: v for k, v in route.items() if k not in ("nodes", "edges")})[1:-1]
        for key in ("nodes", "edges"):
            if key in route:
                block += f',\n"{key}":[\n' + ",\n".join(map(compact, route[key])) + "]"
        blocks.append("{" + block + "}")
    path.write_text(compact(head)[:-1] + ',"routes":[\n' + ",\n".join(blocks) + "]}\n", encoding="utf-8")


# ---------------------------------------------------------------------------------------------------------------------


def tiny(source, out, name, lengths, with_routes):
    model = oracle.load_model(str(source))
    for n_tok in lengths:
        ids = case_ids(n_tok, model.config.vocab_size)
        where = f"{name}.t{n_tok}"
        trace, all_shares = analyse(model, ids, where)
        tensors = trace_tensors(trace) | contribution_tensors(all_shares)
        save(out / f"{where}.safetensors", tensors | (neuron_tensors(all_shares) if n_tok == NEURON_LENGTH else {}))
        if with_routes(n_tok):
            tokens = (n_tok - 1,) if n_tok == 1 else (n_tok - 1, n_tok // 2)
            routes = [
                route_json(all_shares, token, tau, renormalize, True, where, trace.parallel)
                for tau in THRESHOLDS
                for renormalize in (True, False)
                for token in (tokens if tau == 0.05 else tokens[:1])
            ]
            write_routes(out / f"{where}.routes.json", {"ids": ids}, routes)
            print(where, [(r["n_node"], r["n_edge"], r["n_merged_edge"]) for r in routes])


def smollm2(path, out):
    model = oracle.load_model(str(path))
    for name, (text, ids) in SMOLLM2_PROMPTS.items():
        where = f"smollm2-{name}"
        trace, all_shares = analyse(model, ids, where)
        tensors = {"ids": trace.ids.astype(np.int64), "logits.last": trace.logits[-1]}
        for i in SMOLLM2_STATES:
            tensors[f"resid_post.{i}"] = trace.layers[i].resid_post
        save(out / f"{where}.safetensors", tensors | contribution_tensors(all_shares))
        routes = [
            route_json(all_shares, len(ids) - 1, tau, renormalize, name == "mary" and renormalize, where)
            for renormalize in (True, False)
            for tau in SMOLLM2_THRESHOLDS
        ]
        write_routes(out / f"{where}.routes.json", {"text": text, "ids": ids}, routes)
        print(where, [(r["n_node"], r["n_edge"], r["n_merged_edge"], r["margin"]) for r in routes])


def is_readable(folder):
    """Does transformers open the folder on a CPU? One that has GGUF files only lacks a config.json, and 8-bit floats
    want a GPU: those are held against their f32 file (make_fp8_model.py)."""
    config = folder / "config.json"
    if not config.exists():
        return False
    return json.loads(config.read_text()).get("quantization_config", {}).get("quant_method") != "fp8"


def main():
    testdata = pathlib.Path(__file__).resolve().parent.parent / "testdata"
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=testdata / "models")
    parser.add_argument("--out", type=pathlib.Path, default=testdata / "goldens")
    parser.add_argument("--smollm2", type=pathlib.Path, help="the default model's GGUF file")
    parser.add_argument("--only", default="", help="beginning of the names of the folders to do")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for folder in sorted(options.models.glob(options.only + "*")):
        thorough = folder.name in THOROUGH
        with_routes = lambda n_tok: thorough or (n_tok == 7 and folder.name in WITH_ROUTES)
        if is_readable(folder):
            tiny(folder, options.out, folder.name, THOROUGH_LENGTHS if thorough else LENGTHS, with_routes)
        for file in sorted(folder.glob("model.*.gguf")):
            kind = file.name.split(".")[1]
            if kind != "f32":  # the same weights as the folder: the same goldens
                tiny(file, options.out, f"{folder.name}.{kind}", (7,), lambda _: False)
    if options.smollm2:
        smollm2(options.smollm2, options.out)


if __name__ == "__main__":
    main()
