"""Writes testdata/models/llama-fp8/: llama-tied with weights as 8-bit floats, in every way that scales are stored.

    oracle/bin/python tools/make_fp8_model.py [--models testdata/models]

(set-up: see oracle/__init__.py). Beside the Hugging Face folder lies `model.f32.gguf` with the same weights, dequantised here by
PyTorch in float32: code times scale. transformers dequantises such a folder only for a GPU, so that file takes the place of
a golden: the folder must give its bits. Run again, it writes the same bytes.
"""

import argparse
import json
import pathlib
import shutil

import numpy as np
import torch
from safetensors.torch import load_file, save_file

import make_gguf
import make_models

NAME = "llama-fp8"
BLOCK = [24, 20]  # rows and columns that share a scale; neither divides the sizes
QUANTISATION = {"quant_method": "fp8", "activation_scheme": "dynamic", "weight_block_size": BLOCK}


def expand(scale, shape, block):
    """The factor of every element."""
    full = scale.to(torch.float32).repeat_interleave(block[0], 0).repeat_interleave(block[1], 1)
    return full[: shape[0], : shape[1]]


def quantise(weight, block, scale_type, code_type):
    """codes, scales of blocks, and the float32 matrix that they stand for."""
    rows, columns = (-(-n // b) for n, b in zip(weight.shape, block))
    padded = torch.zeros(rows * block[0], columns * block[1])
    padded[: weight.shape[0], : weight.shape[1]] = weight
    peak = padded.reshape(rows, block[0], columns, block[1]).abs().amax((1, 3))
    largest = torch.finfo(code_type).max
    scale = (peak / largest).to(scale_type)
    codes = (weight / expand(scale, weight.shape, block)).clamp(-largest, largest).to(code_type)
    return codes, scale, codes.to(torch.float32) * expand(scale, weight.shape, block)


def forms(shape):
    """Name -> block, name and shape of the scale, its type, type of the codes."""
    rows, columns = shape
    e4m3 = torch.float8_e4m3fn
    return {
        "q_proj": (BLOCK, "_scale_inv", None, torch.float32, e4m3),
        "k_proj": (BLOCK, "_scale_inv", None, torch.bfloat16, e4m3),
        "v_proj": ([rows, columns], "_scale_inv", (), torch.float32, e4m3),
        "o_proj": ([1, columns], "_scale", (rows, 1), torch.float32, e4m3),
        "gate_proj": ([1, columns], "_scale", (rows,), torch.bfloat16, e4m3),
        "up_proj": ([rows, columns], "_scale", (1,), torch.float16, torch.float8_e5m2),
    }


def store(name, weight):
    """Tensors of the folder, and the matrix that they stand for."""
    part = name.split(".")[-2]
    if part == "down_proj":  # no scale
        codes = weight.to(torch.float8_e4m3fn)
        return {name: codes}, codes.to(torch.float32)
    if weight.ndim == 1 or part not in forms(weight.shape):
        return {name: weight}, weight
    block, suffix, shape, scale_type, code_type = forms(weight.shape)[part]
    codes, scale, value = quantise(weight, block, scale_type, code_type)
    scale = scale.reshape(scale.shape if shape is None else shape)
    return {name: codes, name + suffix: scale, name.removesuffix("weight") + "input_scale": torch.ones(1)}, value


def main():
    here = pathlib.Path(__file__).resolve().parent
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--models", type=pathlib.Path, default=here.parent / "testdata" / "models")
    models = parser.parse_args().models
    source, folder = models / "llama-tied", models / NAME
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(source / name, folder / name)
    config = json.loads((source / "config.json").read_text()) | {"quantization_config": QUANTISATION}
    make_models.write_json(folder / "config.json", config)

    tensors, values = {}, {}
    for name, weight in load_file(source / "model.safetensors").items():
        stored, value = store(name, weight)
        tensors |= stored
        values[name] = value.numpy().astype(np.float32)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "model.safetensors").chmod(0o644)
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    make_gguf.write_gguf(folder / "model.f32.gguf", NAME, config, values, tokenizer, False, "f32")


if __name__ == "__main__":
    main()
