"""Builds the tiny models of family_configs.py as Hugging Face folders.

Weights are seeded normal numbers by one rule over parameter names and shapes: norms around 1 (around 0 where the model
adds 1), biases 0.2, embeddings 0.6, matrices such that outputs keep the size of inputs, a little more for queries, keys
and gates, and twice that for routers, so that tokens choose differently.
"""

import json
import math
import re
import tempfile
import zlib
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import torch
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.modeling_utils import no_init_weights

from family_configs import FAMILIES
from oracle.qwen import Qwen

# The first that matches a parameter's name gives its standard deviation; of a matrix, times 1 / sqrt(inputs).
VECTORS = ((r"norm|ln_|\bln", 0.2), (r"bias$", 0.2), (r"sinks$", 1.0))
TABLES = ((r"wpe|embed_positions", 0.3), (r"embed|wte|lm_head", 0.6))
MATRICES = (
    (r"router|mlp\.gate\.|moe\.gate\.|shared_expert_gate", 2.0),
    (r"q_proj|k_proj|query|qkv|c_attn|gate|w1|fc_in|fc1|h_to_4h", 1.2),
)


def scale_of(name, shape, scales):
    """Standard deviation of a parameter."""
    first = lambda table: next((scale for pattern, scale in table if re.search(pattern, name)), None)
    is_norm = re.search(VECTORS[0][0], name)
    if is_norm or len(shape) == 1 or name.endswith("bias"):
        return first(VECTORS)
    if first(TABLES):
        return first(TABLES)
    inputs = shape[1]  # [outputs, inputs], or [experts, inputs, outputs]
    own = next((scale for part, scale in scales.items() if part in name), None)
    return (own or first(MATRICES) or 1.0) / math.sqrt(inputs)


def fill(model, rng, adds_one, scales):
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            scale = scale_of(name, parameter.shape, scales)
            is_norm_weight = re.search(VECTORS[0][0], name) and name.endswith("weight")
            offset = 1.0 if is_norm_weight and not adds_one else 0.0
            values = offset + scale * rng.standard_normal(tuple(parameter.shape))
            parameter.copy_(torch.from_numpy(values.astype(np.float32)))


def build(config, rng, scales):
    """config: dict -> model with its weights, and the dict that goes into config.json."""
    kind = config["model_type"]
    if kind == "qwen":
        model = Qwen(SimpleNamespace(**config))
    else:
        options = {key: value for key, value in config.items() if key != "model_type"}
        with no_init_weights():  # stablelm's fails on norms without a bias
            model = AutoModelForCausalLM.from_config(
                AutoConfig.for_model(kind, **options), dtype=torch.float32
            )
        model.tie_weights()  # no_init_weights leaves that out too
    fill(model, rng, kind.startswith("gemma"), scales)
    return model


def save(model, config, drop, folder):
    """Writes model.safetensors; -> the content of config.json."""
    if isinstance(model, Qwen):
        save_file(model.state_dict(), folder / "model.safetensors", metadata={"format": "pt"})
        (folder / "model.safetensors").chmod(0o644)
        return config | {"torch_dtype": "float32"}
    with tempfile.TemporaryDirectory() as scratch:
        model.save_pretrained(scratch)
        (folder / "model.safetensors").write_bytes((Path(scratch) / "model.safetensors").read_bytes())
        config = json.loads((Path(scratch) / "config.json").read_text(encoding="utf-8"))
    return {key: value for key, value in config.items() if key not in drop}


def make_family_model(name, folder, ends):
    """Writes weights into an empty folder; ends: vocabulary size and special ids. -> the content of config.json."""
    spec = FAMILIES[name]
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    model = build(spec["config"] | ends, rng, spec.get("scales", {}))
    return save(model, spec["config"] | ends, spec.get("drop", []), folder)
