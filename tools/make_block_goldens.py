"""Writes testdata/blocks/TYPE.bin: random blocks of ggml types and what they decode to.

    oracle/bin/python tools/make_block_goldens.py [--out testdata/blocks]

(set-up: see oracle/__init__.py). The decoder is that of the PyPI package `gguf`, which shares nothing with limpid. A file has the
bytes of all blocks, then their elements as float32; the number of blocks follows from its size. Every block has random
codes and sub-block scales. The float16 scales go through the list below: ordinary, negative, zero, subnormal, large; a
minimum, where a type has one, goes through it shifted by one. Run again, it writes the same bytes.
"""

import argparse
import pathlib

import numpy as np
from gguf import GGML_QUANT_SIZES, dequantize
from gguf import GGMLQuantizationType as Q

# Type -> byte offsets of its float16 numbers: the scale, then the minimum.
HALVES = {
    Q.Q2_K: (80, 82),
    Q.Q3_K: (108,),
    Q.Q4_K: (0, 2),
    Q.Q5_K: (0, 2),
    Q.Q6_K: (208,),
    Q.IQ4_NL: (0,),
    Q.IQ4_XS: (0,),
    Q.MXFP4: (),  # its scale is a power of two in byte 0
}
SCALES = np.array([0.0123, -0.77, 0.0, 2**-24, -(2**-15), 1.0, 1000.0, -0.0], np.float16)
EXPONENTS = np.array([127, 0, 1, 2, 120, 130, 200, 250], np.uint8)


def random_blocks(rng, kind, n_block):
    """[n_block, bytes]: random bytes, with float16 numbers (and powers of two) that are finite, as in SCALES."""
    blocks = rng.integers(0, 256, (n_block, GGML_QUANT_SIZES[kind][1]), np.uint8)
    for shift, offset in enumerate(HALVES[kind]):
        blocks[:, offset : offset + 2] = np.resize(np.roll(SCALES, shift), n_block).view(np.uint8).reshape(-1, 2)
    if kind == Q.MXFP4:
        blocks[:, 0] = np.resize(EXPONENTS, n_block)
    return blocks


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=here.parent / "testdata" / "blocks")
    out = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)
    for kind in HALVES:
        blocks = random_blocks(np.random.default_rng(kind), kind, len(SCALES))
        values = dequantize(blocks, kind)
        assert values.dtype == np.float32 and np.isfinite(values).all()
        (out / f"{kind.name}.bin").write_bytes(blocks.tobytes() + values.tobytes())


if __name__ == "__main__":
    main()
