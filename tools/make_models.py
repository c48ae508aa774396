"""Writes the tiny random models of testdata/models/ as Hugging Face folders and GGUF: llama and gpt2 in every format.

    oracle/bin/python tools/make_models.py [--only llama-tied] [--out testdata/models]

(set-up: see oracle/__init__.py). Run again, it writes the same bytes; it empties a model's folder first. Weights are
seeded normal numbers, scaled so that attention is neither uniform nor one-hot and logits spread over several units; norms
are not ones and biases are not zeros, so that a forgotten bias or norm shows. The last step reads every file back and
compares logits with the folder it came from.

GGUF files come from make_gguf.py; the token embedding of the 4- and 5-bit files is Q8_0.
"""

import argparse
import json
import math
import pathlib
import shutil

import numpy as np
import torch
from safetensors.numpy import save_file
from safetensors.torch import save_file as save_torch

import make_gguf
import oracle
from family_configs import FAMILIES
from family_models import make_family_model
from tiny_tokenizer import BOS, EOS, SPECIAL, make_tokenizer

F32 = np.float32

# ---------------------------------------------------------------------------------------------------------------------
# What there is

LLAMA = {
    "model_type": "llama",
    "architectures": ["LlamaForCausalLM"],
    "hidden_act": "silu",
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "max_position_embeddings": 128,
    "attention_bias": False,
    "mlp_bias": False,
    "tie_word_embeddings": True,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "torch_dtype": "float32",
}
GPT2 = {
    "model_type": "gpt2",
    "architectures": ["GPT2LMHeadModel"],
    "activation_function": "gelu_new",
    "layer_norm_epsilon": 1e-5,
    "n_positions": 64,
    "n_ctx": 64,
    "n_embd": 24,
    "n_layer": 3,
    "n_head": 3,
    "torch_dtype": "float32",
}

# name -> configuration, tokenizer flavour, whether BOS is added, weight types of the GGUF files, storage of the folder
MODELS = {
    "llama-tied": dict(config=LLAMA, pre="smollm", gguf=["f32", "f16", "bf16", *make_gguf.QUANTISED], pickle=True),
    "llama-untied": dict(  # heads wider than d_model / n_head, sizes that no SIMD width divides, all biases
        config=LLAMA
        | {
            "hidden_size": 27,
            "intermediate_size": 43,
            "num_hidden_layers": 2,
            "num_attention_heads": 3,
            "num_key_value_heads": 1,
            "head_dim": 10,
            "attention_bias": True,
            "mlp_bias": True,
            "tie_word_embeddings": False,
            "rms_norm_eps": 1e-6,
            "rope_theta": 500000.0,
        },
        pre="smollm",
        add_bos=True,
        gguf=["f32", "f16"],
    ),
    "llama-sharded": dict(config=LLAMA | {"num_hidden_layers": 2, "torch_dtype": "bfloat16"}, pre="smollm", shards=True),
    "llama-rope-linear": dict(
        config=LLAMA | {"num_hidden_layers": 2, "rope_scaling": {"rope_type": "linear", "factor": 4.0}},
        pre="smollm",
        gguf=["f32"],
    ),
    "llama-rope-llama3": dict(
        config=LLAMA
        | {
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "rope_scaling": {
                "rope_type": "llama3",
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 32,
            },
        },
        pre="smollm",
        gguf=["f32"],
    ),
    "gpt2": dict(config=GPT2, pre="gpt-2", gguf=["f32", "f16"], pickle=True),
}

# ---------------------------------------------------------------------------------------------------------------------
# Weights, under their Hugging Face names


def normal(rng, shape, scale, offset=0.0):
    return (offset + scale * rng.standard_normal(shape)).astype(F32)


def llama_weights(rng, c):
    d, f, v = c["hidden_size"], c["intermediate_size"], c["vocab_size"]
    k = c.get("head_dim", d // c["num_attention_heads"])
    q_rows, kv_rows = c["num_attention_heads"] * k, c["num_key_value_heads"] * k
    weights = {"model.embed_tokens.weight": normal(rng, (v, d), 0.6)}

    def linear(name, rows, columns, scale, bias):
        weights[name + ".weight"] = normal(rng, (rows, columns), scale / math.sqrt(columns))
        if bias:
            weights[name + ".bias"] = normal(rng, rows, 0.2)

    for layer in range(c["num_hidden_layers"]):
        p = f"model.layers.{layer}."
        weights[p + "input_layernorm.weight"] = normal(rng, d, 0.2, 1.0)
        weights[p + "post_attention_layernorm.weight"] = normal(rng, d, 0.2, 1.0)
        for name, rows, scale in (("q", q_rows, 1.2), ("k", kv_rows, 1.2), ("v", kv_rows, 1.0)):
            linear(f"{p}self_attn.{name}_proj", rows, d, scale, c["attention_bias"])
        linear(p + "self_attn.o_proj", d, q_rows, 1.0, c["attention_bias"])
        linear(p + "mlp.gate_proj", f, d, 1.2, c["mlp_bias"])
        linear(p + "mlp.up_proj", f, d, 1.0, c["mlp_bias"])
        linear(p + "mlp.down_proj", d, f, 1.0, c["mlp_bias"])
    weights["model.norm.weight"] = normal(rng, d, 0.2, 1.0)
    if not c["tie_word_embeddings"]:
        weights["lm_head.weight"] = normal(rng, (v, d), 0.6)
    return weights


def gpt2_weights(rng, c):
    d, v = c["n_embd"], c["vocab_size"]
    weights = {
        "transformer.wte.weight": normal(rng, (v, d), 0.6),
        "transformer.wpe.weight": normal(rng, (c["n_positions"], d), 0.3),
    }

    def norm(name):
        weights[name + ".weight"] = normal(rng, d, 0.2, 1.0)
        weights[name + ".bias"] = normal(rng, d, 0.2)

    def conv(name, rows, columns, scale):
        weights[name + ".weight"] = normal(rng, (rows, columns), scale / math.sqrt(rows))
        weights[name + ".bias"] = normal(rng, columns, 0.2)

    for layer in range(c["n_layer"]):
        p = f"transformer.h.{layer}."
        norm(p + "ln_1")
        conv(p + "attn.c_attn", d, 3 * d, 1.4)
        conv(p + "attn.c_proj", d, d, 1.0)
        norm(p + "ln_2")
        conv(p + "mlp.c_fc", d, 4 * d, 1.2)
        conv(p + "mlp.c_proj", 4 * d, d, 1.0)
    norm("transformer.ln_f")
    return weights


# ---------------------------------------------------------------------------------------------------------------------
# Hugging Face folder


def write_json(path, value):
    path.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def write_texts(folder, config, tokenizer, add_bos):
    write_json(folder / "config.json", config)
    write_json(folder / "tokenizer.json", tokenizer)
    settings = {
        "add_bos_token": add_bos,
        "bos_token": SPECIAL[BOS],
        "eos_token": SPECIAL[EOS],
        "tokenizer_class": "PreTrainedTokenizerFast",
    }
    write_json(folder / "tokenizer_config.json", settings)


def write_weights(folder, weights, shards):
    if not shards:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "model.safetensors").chmod(0o644)
        return
    names = list(weights)
    halves = {"model-00001-of-00002.safetensors": torch.bfloat16, "model-00002-of-00002.safetensors": torch.float16}
    where, total = {}, 0
    for (file, dtype), part in zip(halves.items(), (names[: len(names) // 2], names[len(names) // 2 :])):
        tensors = {name: torch.from_numpy(weights[name]).to(dtype) for name in part}
        save_torch(tensors, folder / file, metadata={"format": "pt"})
        (folder / file).chmod(0o644)
        where |= dict.fromkeys(part, file)
        total += sum(t.numel() * t.element_size() for t in tensors.values())
    index = {"metadata": {"total_size": total}, "weight_map": dict(sorted(where.items()))}
    write_json(folder / "model.safetensors.index.json", index)


def write_pickle(path, config, weights):
    """The older format. gpt2's lacks the prefix and has the buffers of the causal mask, as published files do."""
    state = {name.removeprefix("transformer."): torch.from_numpy(value) for name, value in weights.items()}
    if config["model_type"] == "gpt2":
        n_ctx = config["n_ctx"]
        for layer in range(config["n_layer"]):
            state[f"h.{layer}.attn.bias"] = torch.ones(1, 1, n_ctx, n_ctx, dtype=torch.uint8).tril()
            state[f"h.{layer}.attn.masked_bias"] = torch.tensor(-1e4)
    torch.save(state, path)


# ---------------------------------------------------------------------------------------------------------------------


def check(folder, name, spec):
    """Every GGUF file against the folder it was made from. -> a line to print."""
    ids = [int(i) for i in np.random.default_rng(1).integers(0, 256, 23)]
    reference = oracle.run(oracle.load_model(str(folder)), ids)
    spread = reference.logits.std()
    peak = np.median([layer.attention[:, 1:].max(-1) for layer in reference.layers])
    line = f"{name}: logit spread {spread:.2f}, median attention peak {peak:.2f}"
    for kind in spec.get("gguf", []):
        logits = oracle.run(oracle.load_model(str(folder / f"model.{kind}.gguf")), ids).logits
        error = (logits - reference.logits).std() / spread
        if not error < {"f32": 1e-5, "f16": 0.01, "bf16": 0.05, "q8_0": 0.1}.get(kind, 1.0):
            raise SystemExit(f"{name}: logits of {kind} are off by {error:.3g} of their spread")
        line += f", {kind} {error:.1e}"
    return line


def make(folder, name, spec, seed):
    """A model of MODELS."""
    pre, add_bos = spec["pre"], spec.get("add_bos", False)
    tokenizer = make_tokenizer(pre, add_bos)
    config = spec["config"] | ends(tokenizer)
    make_weights = llama_weights if config["model_type"] == "llama" else gpt2_weights
    weights = make_weights(np.random.default_rng(seed), config)
    write_texts(folder, config, tokenizer, add_bos)
    write_weights(folder, weights, spec.get("shards", False))
    if spec.get("pickle", False):
        write_pickle(folder / "pytorch_model.bin", config, weights)
    for kind in spec.get("gguf", []):
        path = folder / f"model.{kind}.gguf"
        make_gguf.write_gguf(path, name, config, weights, tokenizer, add_bos, kind)


def make_family(folder, name):
    """A model of family_configs.py."""
    tokenizer = make_tokenizer("smollm", False)
    config = make_family_model(name, folder, ends(tokenizer))
    write_texts(folder, config, tokenizer, False)
    print(f"{name}: {make_gguf.convert(folder)}")


def ends(tokenizer):
    return {"vocab_size": len(tokenizer["model"]["vocab"]), "bos_token_id": BOS, "eos_token_id": EOS}


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=here.parent / "testdata" / "models")
    parser.add_argument("--only", default="", help="beginning of the names of the models to do")
    options = parser.parse_args()
    for i, name in enumerate([*MODELS, *FAMILIES]):
        if not name.startswith(options.only):
            continue
        folder = options.out / name
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if name in MODELS:
            make(folder, name, MODELS[name], 1000 + i)
        else:
            make_family(folder, name)
        print(check(folder, name, MODELS.get(name, {})))


if __name__ == "__main__":
    main()
