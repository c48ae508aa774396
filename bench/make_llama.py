"""Writes a Llama checkpoint of random weights in a given shape, for measuring; see random_checkpoint.py.

    python3 bench/make_llama.py OUT [--shape 7b|1b] [--seed 1]
"""

import argparse
import pathlib

import random_checkpoint

SHAPES = {  # d_model, d_mlp, layers, heads, key/value heads, vocabulary
    "1b": (2048, 5632, 22, 32, 4, 32000),
    "7b": (4096, 11008, 32, 32, 32, 32000),
}


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


def config(shape):
    d, f, n_layer, n_head, n_kv_head, n_vocab = SHAPES[shape]
    return {
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


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--shape", choices=SHAPES, default="7b")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random_checkpoint.write(options.out, config(options.shape), tensors(options.shape), options.seed)


if __name__ == "__main__":
    main()
