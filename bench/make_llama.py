"""Writes a Llama checkpoint of random weights in a given shape, for measuring: a folder with config.json and bfloat16
safetensors, in shards. Needs numpy and the disk space; uses little memory, since it writes one tensor at a time.

    python3 bench/make_llama.py OUT [--shape 7b|1b] [--seed 1]

The models say nothing sensible, but every product, norm and share costs what it costs in a real one. There is no tokenizer:
give prompts as --ids.
"""

import argparse
import json
import pathlib
import struct

import numpy as np

SHAPES = {  # d_model, d_mlp, layers, heads, key/value heads, vocabulary
    "1b": (2048, 5632, 22, 32, 4, 32000),
    "7b": (4096, 11008, 32, 32, 32, 32000),
}
SHARD_BYTES = 2 << 30


def tensors(shape):
    """(name, shape, scale, offset) of every tensor, in file order."""
    d, f, n_layer, n_head, n_kv_head, n_vocab = SHAPES[shape]
    d_kv = d // n_head * n_kv_head
    matrix = lambda rows, columns: ((rows, columns), columns**-0.5, 0.0)
    norm = ((d,), 0.1, 1.0)
    yield "model.embed_tokens.weight", (n_vocab, d), 0.02, 0.0
    for layer in range(n_layer):
        p = f"model.layers.{layer}."
        yield p + "input_layernorm.weight", *norm
        yield p + "self_attn.q_proj.weight", *matrix(d, d)
        yield p + "self_attn.k_proj.weight", *matrix(d_kv, d)
        yield p + "self_attn.v_proj.weight", *matrix(d_kv, d)
        yield p + "self_attn.o_proj.weight", *matrix(d, d)
        yield p + "post_attention_layernorm.weight", *norm
        yield p + "mlp.gate_proj.weight", *matrix(f, d)
        yield p + "mlp.up_proj.weight", *matrix(f, d)
        yield p + "mlp.down_proj.weight", *matrix(d, f)
    yield "model.norm.weight", *norm
    yield "lm_head.weight", *matrix(n_vocab, d)


def to_bfloat16(values):
    """Round to nearest, as uint16."""
    bits = values.astype(np.float32).view(np.uint32)
    return ((bits + 0x7FFF + (bits >> 16 & 1)) >> 16).astype("<u2")


def write_shard(path, part, rng):
    header, end = {}, 0
    for name, shape, _, _ in part:
        size = 2 * int(np.prod(shape))
        header[name] = {"dtype": "BF16", "shape": shape, "data_offsets": [end, end + size]}
        end += size
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape, scale, offset in part:
            values = rng.standard_normal(int(np.prod(shape)), dtype=np.float32)
            file.write(to_bfloat16(values * np.float32(scale) + np.float32(offset)).tobytes())


def write(out, shape, seed):
    d, f, n_layer, n_head, n_kv_head, n_vocab = SHAPES[shape]
    out.mkdir(parents=True)
    parts, size = [[]], 0
    for tensor in tensors(shape):
        n_bytes = 2 * int(np.prod(tensor[1]))
        if size + n_bytes > SHARD_BYTES and parts[-1]:
            parts.append([])
            size = 0
        parts[-1].append(tensor)
        size += n_bytes
    rng = np.random.default_rng(seed)
    weight_map = {}
    for i, part in enumerate(parts):
        name = f"model-{i + 1:05}-of-{len(parts):05}.safetensors"
        write_shard(out / name, part, rng)
        weight_map |= {tensor[0]: name for tensor in part}
        print(out / name, flush=True)
    (out / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
    config = {
        "model_type": "llama",
        "hidden_size": d,
        "intermediate_size": f,
        "num_hidden_layers": n_layer,
        "num_attention_heads": n_head,
        "num_key_value_heads": n_kv_head,
        "vocab_size": n_vocab,
        "max_position_embeddings": 4096,
        "rms_norm_eps": 1e-5,
        "hidden_act": "silu",
        "tie_word_embeddings": False,
        "torch_dtype": "bfloat16",
    }
    (out / "config.json").write_text(json.dumps(config, indent=1))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--shape", choices=SHAPES, default="7b")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    write(options.out, options.shape, options.seed)


if __name__ == "__main__":
    main()
