"""Writes a GPT-2 checkpoint of random weights in a given shape, for measuring; see random_checkpoint.py.

python3 bench/make_gpt2.py OUT [--shape small|xl] [--seed 1]
"""

import argparse
import pathlib

import random_checkpoint

SHAPES = {"small": (768, 12, 12), "xl": (1600, 48, 25)}  # d_model, layers, heads
N_VOCAB = 50257
N_CTX = 1024


def tensors(shape):
    """(name, shape, scale, offset) of every tensor, in file order. Matrices are [n_in, n_out]."""
    d, n_layer, _ = SHAPES[shape]

    def norm(name):
        return (f"{name}.weight", (d,), 0.1, 1.0), (f"{name}.bias", (d,), 0.05, 0.0)

    def linear(name, n_in, n_out, scale=1.0):
        weight = (f"{name}.weight", (n_in, n_out), scale * n_in**-0.5, 0.0)
        return weight, (f"{name}.bias", (n_out,), 0.02, 0.0)

    into_stream = (2 * n_layer) ** -0.5  # 2 blocks a layer add to the stream, which keeps its size so
    yield "wte.weight", (N_VOCAB, d), 0.02, 0.0
    yield "wpe.weight", (N_CTX, d), 0.01, 0.0
    for layer in range(n_layer):
        p = f"h.{layer}."
        yield from norm(p + "ln_1")
        yield from linear(p + "attn.c_attn", d, 3 * d)
        yield from linear(p + "attn.c_proj", d, d, into_stream)
        yield from norm(p + "ln_2")
        yield from linear(p + "mlp.c_fc", d, 4 * d)
        yield from linear(p + "mlp.c_proj", 4 * d, d, into_stream)
    yield from norm("ln_f")


def config(shape):
    d, n_layer, n_head = SHAPES[shape]
    return {
        "model_type": "gpt2",
        "architectures": ["GPT2LMHeadModel"],
        "n_embd": d,
        "n_layer": n_layer,
        "n_head": n_head,
        "n_positions": N_CTX,
        "n_ctx": N_CTX,  # as in the published files
        "vocab_size": N_VOCAB,
        "layer_norm_epsilon": 1e-5,
        "activation_function": "gelu_new",
        "torch_dtype": "bfloat16",
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--shape", choices=SHAPES, default="small")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    random_checkpoint.write(options.out, config(options.shape), tensors(options.shape), options.seed)


if __name__ == "__main__":
    main()
