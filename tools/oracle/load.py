"""Opens a model for the oracle."""

import json
import os

import torch
from transformers import AutoModelForCausalLM

from .gguf_file import load_gguf
from .qwen import load_qwen


def load_model(path):
    """A Hugging Face folder or a GGUF file -> float32 model with eager attention, in evaluation mode."""
    if not os.path.isdir(path):
        return load_gguf(path).eval()
    with open(os.path.join(path, "config.json"), encoding="utf-8") as file:
        if json.load(file)["model_type"] == "qwen":
            return load_qwen(path).eval()
    model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
    return model.float().eval()  # MXFP4 is decoded to bfloat16, which holds it exactly
