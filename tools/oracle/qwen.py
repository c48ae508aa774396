"""Qwen, the first version: its architecture as published, because transformers has no model of that type.

Pre-norm blocks with RMSNorm; one biased matrix for q, k and v; rotary position embedding over whole heads, half-split;
the feed-forward block is c_proj(w1(x) * silu(w2(x))) with intermediate_size / 2 neurons; no other biases. Modules carry
the names of the checkpoints, so that a state dict loads as it is. Attention scaling by logarithm and dynamic NTK are
refused.
"""

import json
import os
from types import SimpleNamespace

import torch
from safetensors.torch import load_file
from torch import nn
from torch.nn import functional as F


class RMSNorm(nn.Module):
    def __init__(self, size, eps):
        super().__init__()
        self.weight = nn.Parameter(torch.empty(size))
        self.eps = eps

    def forward(self, x):
        return self.weight * (x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + self.eps))


def rotate(x, base):
    """x [T, H, K] turned by its position: coordinates i and i + K/2 are a pair."""
    n_tok, _, k = x.shape
    inverse = 1.0 / base ** (torch.arange(0, k, 2, dtype=torch.float32) / k)
    angle = torch.outer(torch.arange(n_tok, dtype=torch.float32), inverse)[:, None]
    cos, sin = angle.cos(), angle.sin()
    low, high = x[..., : k // 2], x[..., k // 2 :]
    return torch.cat([low * cos - high * sin, high * cos + low * sin], -1)


class Attention(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.n_head, self.d_head, self.base = (
            config.num_attention_heads,
            config.kv_channels,
            config.rotary_emb_base,
        )
        self.c_attn = nn.Linear(config.hidden_size, 3 * self.n_head * self.d_head)
        self.c_proj = nn.Linear(self.n_head * self.d_head, config.hidden_size, bias=False)

    def forward(self, x):
        """x [T, D] -> what attention adds [T, D], probabilities [H, T, T]."""
        q, k, v = (part.unflatten(-1, (self.n_head, self.d_head)) for part in self.c_attn(x).chunk(3, -1))
        q, k = rotate(q, self.base), rotate(k, self.base)
        scores = torch.einsum("qhd,khd->hqk", q, k) / self.d_head**0.5
        future = torch.ones(len(x), len(x), dtype=torch.bool).triu(1)
        probabilities = scores.masked_fill(future, -torch.inf).softmax(-1)
        return self.c_proj(torch.einsum("hqk,khd->qhd", probabilities, v).flatten(1)), probabilities


class Mlp(nn.Module):
    def __init__(self, config):
        super().__init__()
        n_neuron = config.intermediate_size // 2
        self.w1 = nn.Linear(config.hidden_size, n_neuron, bias=False)
        self.w2 = nn.Linear(config.hidden_size, n_neuron, bias=False)
        self.c_proj = nn.Linear(n_neuron, config.hidden_size, bias=False)

    def forward(self, x):
        return self.c_proj(self.w1(x) * F.silu(self.w2(x)))


class Block(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.ln_1 = RMSNorm(config.hidden_size, config.layer_norm_epsilon)
        self.attn = Attention(config)
        self.ln_2 = RMSNorm(config.hidden_size, config.layer_norm_epsilon)
        self.mlp = Mlp(config)

    def forward(self, x):
        attention, probabilities = self.attn(self.ln_1(x))
        x = x + attention
        return x + self.mlp(self.ln_2(x)), probabilities


class Qwen(nn.Module):
    """config: the content of config.json with its keys as attributes."""

    def __init__(self, config):
        super().__init__()
        if config.use_dynamic_ntk or config.use_logn_attn:
            raise ValueError("qwen: use_dynamic_ntk and use_logn_attn are not done")
        self.config = config
        self.transformer = nn.Module()
        self.transformer.wte = nn.Embedding(config.vocab_size, config.hidden_size)
        self.transformer.h = nn.ModuleList([Block(config) for _ in range(config.num_hidden_layers)])
        self.transformer.ln_f = RMSNorm(config.hidden_size, config.layer_norm_epsilon)
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)

    def forward(self, ids, **_):
        """ids [1, T] -> logits [1, T, V] and attentions, each [1, H, T, T], as transformers returns them."""
        x, attentions = self.transformer.wte(ids[0]), []
        for block in self.transformer.h:
            x, probabilities = block(x)
            attentions.append(probabilities[None])
        return SimpleNamespace(logits=self.lm_head(self.transformer.ln_f(x))[None], attentions=attentions)


def load_qwen(folder):
    with open(os.path.join(folder, "config.json"), encoding="utf-8") as file:
        model = Qwen(SimpleNamespace(**json.load(file)))
    model.load_state_dict(load_file(os.path.join(folder, "model.safetensors")))
    return model
