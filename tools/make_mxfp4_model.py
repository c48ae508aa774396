"""Writes testdata/models/gpt_oss-mxfp4/: a tiny gpt_oss in the form of the published ones, its experts in MXFP4.

    oracle/bin/python tools/make_mxfp4_model.py [--out testdata/models]

(set-up: see oracle/__init__.py). Blocks of 32 elements: 16 bytes of codes, the even element in the low four bits, and a
power of two as an exponent plus 127. A matrix lies with its outputs as rows, whereas the same folder unquantised has them as
columns. The rest is bfloat16. make_goldens.py has transformers decode the blocks; nothing of this script takes part in that.
Run again, it writes the same bytes.
"""

import argparse
import pathlib
import shutil
import zlib

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import family_models
import make_models
from family_configs import variant

NAME = "gpt_oss-mxfp4"
# One and two blocks in a row, and no square matrices.
SPEC = variant("gpt_oss", hidden_size=32, intermediate_size=64)
QUANTISATION = {
    "modules_to_not_convert": [
        "model.layers.*.self_attn",
        "model.layers.*.mlp.router",
        "model.embed_tokens",
        "lm_head",
    ],
    "quant_method": "mxfp4",
}
CODES = np.array([0, 0.5, 1, 1.5, 2, 3, 4, 6], np.float32)  # the fourth bit is the sign
BLOCK = 32


def quantise(rows):
    """[..., outputs, inputs] -> codes [..., outputs, blocks, 16] and scales [..., outputs, blocks], both uint8."""
    blocks = rows.reshape(*rows.shape[:-1], -1, BLOCK)
    exponent = np.floor(np.log2(np.abs(blocks).max(-1))) - 2  # the largest code is 1.5 * 2^2
    scaled = blocks / np.exp2(exponent)[..., None]
    codes = np.abs(np.abs(scaled)[..., None] - CODES).argmin(-1) + 8 * np.signbit(scaled)
    packed = codes[..., 0::2] + 16 * codes[..., 1::2]
    return packed.astype(np.uint8), (exponent + 127).astype(np.uint8)


def store(name, value):
    """The folder's tensors for a parameter."""
    if not name.endswith(("experts.gate_up_proj", "experts.down_proj")):
        return {name: value.to(torch.bfloat16)}
    blocks, scales = quantise(np.ascontiguousarray(value.numpy().transpose(0, 2, 1)))
    return {name + "_blocks": torch.from_numpy(blocks), name + "_scales": torch.from_numpy(scales)}


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--out", type=pathlib.Path, default=here.parent / "testdata" / "models")
    folder = parser.parse_args().out / NAME
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    tokenizer = make_models.make_tokenizer("smollm", False)
    rng = np.random.default_rng(zlib.crc32(NAME.encode()))
    model = family_models.build(SPEC["config"] | make_models.ends(tokenizer), rng, SPEC["scales"])
    config = family_models.save(model, {}, [], folder)
    config |= {"dtype": "bfloat16", "quantization_config": QUANTISATION}
    make_models.write_texts(folder, config, tokenizer, False)
    tensors = {}
    for name, value in load_file(folder / "model.safetensors").items():
        tensors |= store(name, value)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    print(make_models.check(folder, NAME, {}))


if __name__ == "__main__":
    main()
