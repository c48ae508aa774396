"""Importance shares (method, section 2)."""

from dataclasses import dataclass

import numpy as np


def proximity(part, whole, p=1):
    """How far `part` goes towards `whole`, along the last axis; p = 1 is summed term by term. >= 0."""
    part, whole = np.asarray(part, np.float64), np.asarray(whole, np.float64)
    if p == 1:
        return np.maximum((np.abs(whole) - np.abs(whole - part)).sum(-1), 0)
    norm = lambda x: (np.abs(x) ** p).sum(-1) ** (1 / p)
    return np.maximum(norm(whole) - norm(whole - part), 0)


@dataclass
class Shares:
    """Shares of one layer's parts. A node whose parts all have proximity 0 has all shares 0 and is degenerate."""

    attention: np.ndarray  # [Tq, Tk, H]
    attention_residual: np.ndarray  # [T]
    attention_bias: np.ndarray  # [T], over the same denominator but outside the sum
    ffn: np.ndarray  # [T]
    ffn_residual: np.ndarray  # [T]
    neuron: np.ndarray  # [T, N]
    neuron_residual: np.ndarray  # [T]
    weakest: (
        float  # smallest sum of proximities of a node that is not degenerate, over the L1 norm of its state
    )


def shares(layer):
    u, bias = layer.attention_parts()
    n_head, n_tok, _ = u.shape
    attention = np.zeros((n_tok, n_tok, n_head))
    for q in range(n_tok):
        for h in range(n_head):
            parts = (
                layer.attention[h, q, : q + 1, None].astype(np.float64)
                * u[h, : q + 1]
                * layer.attention_scale[q]
            )
            attention[q, : q + 1, h] = proximity(parts, layer.resid_mid[q])
    residual = proximity(layer.resid_pre, layer.resid_mid)
    bias = proximity(bias, layer.resid_mid)
    ffn = proximity(layer.ffn_out, layer.resid_post)
    ffn_residual = proximity(layer.resid_mid, layer.resid_post)
    neuron = _neuron_proximities(layer)

    def over(value, total):
        total = total.reshape(total.shape + (1,) * (value.ndim - 1))
        return np.divide(value, total, out=np.zeros_like(value), where=total > 0).astype(np.float32)

    mid_sum, post_sum = attention.sum((1, 2)) + residual, ffn + ffn_residual
    neuron_sum = neuron.sum(1) + ffn_residual
    norms = np.abs(layer.resid_mid).sum(1), np.abs(layer.resid_post).sum(1), np.abs(layer.resid_post).sum(1)
    relative = np.array([mid_sum, post_sum, neuron_sum]) / norms
    return Shares(
        over(attention, mid_sum),
        over(residual, mid_sum),
        over(bias, mid_sum),
        over(ffn, post_sum),
        over(ffn_residual, post_sum),
        over(neuron, neuron_sum),
        over(ffn_residual, neuron_sum),
        float(relative[relative > 0].min(initial=np.inf)),
    )


def _neuron_proximities(layer):
    """[T, N]"""
    act, w_down = layer.neurons.act.astype(np.float64), layer.neurons.w_down.astype(np.float64)
    rows = zip(act, layer.ffn_scale, layer.resid_post)
    return np.stack([proximity(a[:, None] * w_down * scale, post) for a, scale, post in rows])
