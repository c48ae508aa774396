"""Writes testdata/models/llama-kquants/model.mixed.gguf: a tiny llama whose matrices use every block type that make_models.py
has no quantiser for, two layers with another type for each.

    oracle/bin/python tools/make_mixed_model.py [--out testdata/models]

(set-up: see oracle/__init__.py). Nothing is quantised: codes and sub-block scales are random bytes, and the float16 scales are set so
that a matrix has about the spread that make_models.py gives it. Run again, it writes the same bytes.
"""

import argparse
import math
import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, LlamaFileType, dequantize
from gguf import GGMLQuantizationType as Q

import make_gguf
import make_models
from make_block_goldens import HALVES

NAME = "llama-kquants"
CONFIG = make_models.LLAMA | {  # rows of 256 elements wherever a type needs them
    "hidden_size": 256,
    "intermediate_size": 256,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 32,
}
EMBEDDING = Q.Q4_K
LAYERS = [
    dict(attn_q=Q.Q3_K, attn_k=Q.Q5_K, attn_v=Q.IQ4_XS, attn_output=Q.IQ4_NL,
         ffn_gate=Q.Q2_K, ffn_up=Q.Q4_K, ffn_down=Q.Q6_K),
    dict(attn_q=Q.Q6_K, attn_k=Q.Q2_K, attn_v=Q.Q4_K, attn_output=Q.MXFP4,
         ffn_gate=Q.Q3_K, ffn_up=Q.Q5_K, ffn_down=Q.IQ4_XS),
]
MEAN_CODE = {Q.Q2_K: 1.5, Q.Q4_K: 7.5, Q.Q5_K: 15.5}  # of the types with a minimum


def balance(blocks, kind):
    """Gives each sub-block's minimum the bits of its scale, so that a minimum of MEAN_CODE centres the elements."""
    if kind == Q.Q2_K:
        blocks[:, :16] = (blocks[:, :16] & 15) * 17
    else:
        blocks[:, 8:12] = blocks[:, 4:8]
        blocks[:, 12:16] = (blocks[:, 12:16] & 15) * 17


def random_matrix(rng, kind, shape, spread):
    """[rows, bytes of a row] with a standard deviation of about `spread`, half of the scales negative."""
    elements, size = GGML_QUANT_SIZES[kind]
    n_block = shape[0] * shape[1] // elements
    blocks = rng.integers(0, 256, (n_block, size), np.uint8)
    if kind == Q.MXFP4:  # codes have a spread of 3
        blocks[:, 0] = 127 + round(math.log2(spread / 3)) + rng.integers(-1, 2, n_block)
        return blocks.reshape(shape[0], -1)
    if kind in MEAN_CODE:
        balance(blocks, kind)

    def set_scales(scale):
        for offset, factor in zip(HALVES[kind], (1.0, MEAN_CODE.get(kind))):
            halves = np.broadcast_to(scale * factor, n_block).astype(np.float16)
            blocks[:, offset : offset + 2] = halves.view(np.uint8).reshape(-1, 2)

    set_scales(1.0)
    unit = dequantize(blocks, kind).std()
    set_scales(spread / unit * rng.uniform(0.7, 1.3, n_block) * rng.choice([-1, 1], n_block))
    return blocks.reshape(shape[0], -1)


def write(path):
    rng = np.random.default_rng(77)
    tokenizer = make_models.make_tokenizer("smollm", False)
    config = CONFIG | make_models.ends(tokenizer)
    weights = make_models.llama_weights(rng, config)  # shapes, spreads and norms; the matrices are drawn anew
    writer = make_gguf.begin(path, NAME, config, tokenizer, False, LlamaFileType.MOSTLY_Q4_K_M)
    for name, value in make_gguf.named_tensors(config, weights).items():
        if value.ndim == 1:
            writer.add_tensor(name, value)
            continue
        kind = EMBEDDING if name == "token_embd.weight" else LAYERS[int(name.split(".")[1])][name.split(".")[2]]
        writer.add_tensor(name, random_matrix(rng, kind, value.shape, value.std()), raw_dtype=kind)
    make_gguf.finish(writer)


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=here.parent / "testdata" / "models")
    folder = parser.parse_args().out / NAME
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "model.mixed.gguf")


if __name__ == "__main__":
    main()
