"""Writes testdata/adapters/: LoRA adapters for two tiny models in PEFT's layout, and what the merged models compute.

    oracle/bin/python tools/make_adapters.py [--out testdata/adapters]

(set-up: see oracle/__init__.py). Reads testdata/models/, written by make_models.py. The golden beside an adapter is a run of 7
tokens through a model whose weights are W + scale B A, merged in float64 and rounded to float32 once.
"""

import argparse
import json
import math
import pathlib
import shutil
import tempfile

import numpy as np
from safetensors.numpy import load_file, save_file

import make_goldens
import oracle

N_TOK = 7
# Sizes of the changes are such that logits move by about their own spread. The two adapters differ in all that
# adapters may differ in: rank, scale, element type, the form of the names, and how the base stores its matrices.
ADAPTERS = {
    "llama-tied-lora": {
        "base": "llama-tied",
        "seed": 21,
        "type": np.float32,
        "name": "base_model.model.{}.lora_{}.weight",
        "config": {
            "r": 4,
            "lora_alpha": 8,
            "fan_in_fan_out": False,
            "target_modules": ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"],
        },
    },
    "gpt2-lora": {
        "base": "gpt2",
        "seed": 22,
        "type": np.float16,
        "name": "base_model.model.{}.lora_{}.default.weight",
        "config": {
            "r": 3,
            "lora_alpha": 4,
            "use_rslora": True,
            "fan_in_fan_out": True,
            "target_modules": ["c_attn", "c_proj", "c_fc"],
        },
    },
}
COMMON = {
    "peft_type": "LORA",
    "task_type": "CAUSAL_LM",
    "bias": "none",
    "inference_mode": True,
    "init_lora_weights": True,
    "lora_dropout": 0.0,
    "modules_to_save": None,
    "rank_pattern": {},
    "alpha_pattern": {},
    "layers_to_transform": None,
    "use_dora": False,
    "use_rslora": False,
}


def make_pairs(spec, weights):
    """Module -> (A [r, n_in], B [n_out, r]), as stored."""
    rng, config = np.random.default_rng(spec["seed"]), spec["config"]
    pairs = {}
    for name in sorted(weights):
        module, kind = name.rsplit(".", 1)
        if kind != "weight" or module.rsplit(".", 1)[-1] not in config["target_modules"]:
            continue
        n_out, n_in = weights[name].shape[::-1] if config["fan_in_fan_out"] else weights[name].shape
        a = rng.standard_normal((config["r"], n_in)) / math.sqrt(n_in)
        b = 0.3 * rng.standard_normal((n_out, config["r"]))
        pairs[module] = (a.astype(spec["type"]), b.astype(spec["type"]))
    return pairs


def merge(spec, weights, pairs):
    config = spec["config"]
    scale = config["lora_alpha"] / (math.sqrt(config["r"]) if config.get("use_rslora") else config["r"])
    merged = dict(weights)
    for module, (a, b) in pairs.items():
        change = scale * (b.astype(np.float64) @ a.astype(np.float64))
        name = module + ".weight"
        merged[name] = (weights[name] + (change.T if config["fan_in_fan_out"] else change)).astype(np.float32)
    return merged


def write_adapter(folder, spec, pairs):
    config = COMMON | spec["config"] | {"base_model_name_or_path": spec["base"]}
    text = json.dumps(dict(sorted(config.items())), indent=1)
    (folder / "adapter_config.json").write_text(text + "\n", encoding="utf-8")
    tensors = {}
    for module, halves in pairs.items():
        tensors |= {spec["name"].format(module, half): value for half, value in zip("AB", halves)}
    make_goldens.save(folder / "adapter_model.safetensors", tensors)


def write_golden(path, base, merged):
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        shutil.copy(base / "config.json", folder)
        save_file(merged, folder / "model.safetensors", metadata={"format": "pt"})
        model = oracle.load_model(str(folder))
    ids = make_goldens.case_ids(N_TOK, model.config.vocab_size)
    trace, all_shares = make_goldens.analyse(model, ids, path.parent.name)
    make_goldens.save(path, make_goldens.trace_tensors(trace) | make_goldens.contribution_tensors(all_shares))
    return trace


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=root / "testdata" / "adapters")
    out = parser.parse_args().out
    for name, spec in ADAPTERS.items():
        base, folder = root / "testdata" / "models" / spec["base"], out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        weights = load_file(base / "model.safetensors")
        pairs = make_pairs(spec, weights)
        write_adapter(folder, spec, pairs)
        trace = write_golden(folder / f"golden.t{N_TOK}.safetensors", base, merge(spec, weights, pairs))
        plain = oracle.run(oracle.load_model(str(base)), list(trace.ids))
        moved = (trace.logits - plain.logits).std() / plain.logits.std()
        print(f"{name}: {len(pairs)} pairs, logits moved by {moved:.2f} of their spread")


if __name__ == "__main__":
    main()
