"""Opens what limpid opens, for PyTorch: a Hugging Face folder, or a GGUF file dequantised to float32."""

import os
import sys
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"  # nothing is fetched
sys.path.append(str(Path(__file__).resolve().parents[3] / "tools"))

import torch  # noqa: E402
from oracle import load_model  # noqa: E402


def open_model(job):
    """-> float32 model of Hugging Face's transformers, eager attention."""
    model = load_model(job["model"])
    torch.set_num_threads(job["threads"])  # the oracle takes one
    return model
