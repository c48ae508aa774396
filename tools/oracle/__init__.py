"""Independent reference for the numbers limpid computes: runs a Hugging Face model in eager float32, splits its
states into parts, computes importance shares and extracts routes, all written straight from docs/method.md.

A developer tool: it is read by make_goldens.py and never needed to build, run or test limpid. Set-up:

    python3 -m venv oracle && oracle/bin/pip install -r tools/requirements-oracle.txt

As a program it prints the next tokens, the conservation errors and the route sizes of one prompt given as ids:

    PYTHONPATH=tools oracle/bin/python -m oracle MODEL 2427,5099,284 [--token -1] [--threshold 0.04]

MODEL is a Hugging Face folder of any family in families.py, or a GGUF file (architectures llama and gpt2). GGUF weights
are dequantised to float32.

Precision. The forward pass is the one of Hugging Face in float32, eager attention. Everything derived from it (parts,
proximities, shares) takes those float32 states, attention probabilities, activations and weights, is computed in
float64 and rounded to float32 at the end: the error of a share against exact arithmetic is then a float32 rounding,
far below the 1e-4 that an implementation summing in float32 is allowed, so a failing comparison blames the
implementation and not this package. Terms are summed one by one exactly as the definition is written, with nothing
skipped.

Shapes: T tokens, H query heads, G key/value heads, D = d_model, K = d_head, N neurons of a layer.
"""

import torch

from .edits import Edit, NotThere, edited
from .load import load_model
from .routes import Route, extract_route
from .shares import Shares, proximity, shares
from .trace import Layer, Trace, conservation_error, last_logits, run

torch.set_num_threads(1)  # the same bits on every machine with the same instruction set

__all__ = [
    "Edit",
    "Layer",
    "NotThere",
    "Route",
    "Shares",
    "Trace",
    "conservation_error",
    "edited",
    "extract_route",
    "last_logits",
    "load_model",
    "proximity",
    "run",
    "shares",
]
