"""What a feed-forward block is made of: activations, the rows they multiply, and the bias part.

A mixture's neurons are those of its experts one after the other, then those of the shared expert. The activation of an
expert's neuron includes the expert's weight, and is 0 where the expert was not chosen.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F


@dataclass
class Neurons:
    act: np.ndarray  # [T, N] float32
    w_down: np.ndarray  # [N, D] float32
    bias: np.ndarray  # [T, D] float64, the part of b_down
    router_margin: float = (
        np.inf
    )  # smallest gap between the last logit that was chosen and the first that was not

    def parts_sum(self):
        """[T, D] float64"""
        return self.act.astype(np.float64) @ self.w_down.astype(np.float64) + self.bias


def dense(act, weight, bias):
    """act [T, N], weight [D, N], bias [D] or None."""
    bias = np.zeros((1, len(weight))) if bias is None else bias[None].astype(np.float64)
    return Neurons(act, weight.T, np.repeat(bias, len(act), 0))


@torch.no_grad()
def mixture(block, x):
    """block: a module with experts; x [T, D], its input."""
    if hasattr(block, "router"):
        return _oss(block, x)
    logits = block.gate(x)
    weights = F.softmax(logits, dim=1)
    top, chosen = torch.topk(weights, block.top_k, dim=-1)
    if getattr(block, "norm_topk_prob", True):
        top = top / top.sum(-1, keepdim=True)
    weights = torch.zeros_like(weights).scatter_(1, chosen, top)
    act, down = [], []
    for i, expert in enumerate(block.experts):
        names = ("w1", "w3", "w2") if hasattr(expert, "w1") else ("gate_proj", "up_proj", "down_proj")
        gate, up, out = (getattr(expert, name) for name in names)
        act.append(weights[:, i, None] * (expert.act_fn(gate(x)) * up(x)))
        down.append(out.weight.T)
    if hasattr(block, "shared_expert"):
        shared = block.shared_expert
        strength = torch.sigmoid(block.shared_expert_gate(x))
        act.append(strength * (shared.act_fn(shared.gate_proj(x)) * shared.up_proj(x)))
        down.append(shared.down_proj.weight.T)
    act, down = torch.cat(act, 1).numpy(), torch.cat(down).numpy()
    return Neurons(act, down, np.zeros(x.shape), _margin(logits, block.top_k))


def _oss(block, x):
    """gpt_oss: softmax over the chosen only; gate and up alternate, both are clamped, up is raised by 1; biases."""
    router, experts = block.router, block.experts
    logits = F.linear(x, router.weight, router.bias)
    top, chosen = torch.topk(logits, router.top_k, dim=-1)
    weights = torch.zeros_like(logits).scatter_(1, chosen, F.softmax(top, dim=1))  # [T, E]
    both = torch.einsum("td,edn->etn", x, experts.gate_up_proj) + experts.gate_up_proj_bias[:, None]
    gate = both[..., ::2].clamp(max=experts.limit)
    up = both[..., 1::2].clamp(-experts.limit, experts.limit)
    act = (up + 1) * gate * torch.sigmoid(gate * experts.alpha) * weights.T[..., None]  # [E, T, N / E]
    act = act.permute(1, 0, 2).flatten(1).numpy()
    bias = weights.double() @ experts.down_proj_bias.double()
    return Neurons(act, experts.down_proj.flatten(0, 1).numpy(), bias.numpy(), _margin(logits, router.top_k))


def _margin(logits, k):
    ordered = logits.sort(-1, descending=True).values
    return float((ordered[:, k - 1] - ordered[:, k]).min())
