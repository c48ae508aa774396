"""Writes checkpoints of random weights: a folder with config.json and bfloat16 safetensors, in shards.

Needs numpy and the disk space; uses little memory, since it writes one tensor at a time. The models say nothing sensible,
but every product, norm and share costs what it costs in a real one. There is no tokenizer: give prompts as --ids.
"""

import json
import struct

import numpy as np

SHARD_BYTES = 2 << 30


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
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, shape, scale, offset in part:
            values = rng.standard_normal(int(np.prod(shape)), dtype=np.float32)
            file.write(to_bfloat16(values * np.float32(scale) + np.float32(offset)).tobytes())


def write(out, config, tensors, seed):
    """`tensors` yields (name, shape, scale, offset) in file order; values are offset + scale * a standard normal."""
    out.mkdir(parents=True)
    parts, size = [[]], 0
    for tensor in tensors:
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
    (out / "config.json").write_text(json.dumps(config, indent=1))
