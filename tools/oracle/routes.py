"""Graph and routes (method, section 3)."""

from dataclasses import dataclass

import numpy as np


@dataclass
class Route:
    nodes: dict  # name -> flow, diffuse, degenerate, dropped, strongest; from the start node downwards
    edges: list  # dicts with from, to, kind, weight, flow and, for attention, heads: [[head, weight], ...]
    margin: float  # smallest distance from the threshold of anything that was compared with it

    def n_merged_edges(self):
        """Edges, self-attention and residual counted as one."""
        return len({(e["from"], e["to"]) for e in self.edges})


@dataclass
class _Inputs:
    """What a state keeps of its parts."""

    kept: list  # (kind, key, weight, heads)
    parts: np.ndarray  # every part's share, before the threshold
    compared: np.ndarray  # what the threshold was compared with: parts, or sums over heads
    kept_share: float  # sum of the shares that were kept, before renormalisation

    def describe(self, flow):
        total = float(self.parts.sum())
        return {
            "flow": flow,
            "diffuse": not self.kept and total > 0,
            "degenerate": total == 0,
            "dropped": max(total - self.kept_share, 0.0),
            "strongest": float(self.parts.max()),
        }


def _attention_inputs(share, q, tau, renormalize):
    attention = share.attention[q, : q + 1].astype(np.float64)  # [k, H]
    residual = float(share.attention_residual[q])
    parts = np.append(attention.ravel(), residual)
    if renormalize:
        compared = parts
        attention = np.where(attention > tau, attention, 0)
        residual = residual if residual > tau else 0.0
    else:
        compared = per_key = attention.sum(1)
        per_key[q] += residual
        attention = np.where(per_key[:, None] > tau, attention, 0)
        residual = residual if per_key[q] > tau else 0.0
    kept_share = float(attention.sum()) + residual
    if renormalize and kept_share > 0:
        attention, residual = attention / kept_share, residual / kept_share
    kept = []
    for k in range(q + 1):
        heads = [[h, float(w)] for h, w in enumerate(attention[k]) if w > 0]
        if heads:
            kept.append(("attention", k, sum(w for _, w in heads), heads))
    if residual > 0:
        kept.append(("residual", q, residual, None))
    return _Inputs(kept, parts, compared, kept_share)


def _ffn_inputs(share, q, tau, renormalize):
    parts = np.array([share.ffn[q], share.ffn_residual[q]], np.float64)
    kept = [(kind, q, float(w), None) for kind, w in zip(("ffn_out", "residual"), parts) if w > tau]
    kept_share = sum(w for _, _, w, _ in kept)
    if renormalize:
        kept = [(kind, q, w / kept_share, None) for kind, q, w, _ in kept]
    return _Inputs(kept, parts, parts, kept_share)


def extract_route(all_shares, token, tau, renormalize, parallel=False):
    """all_shares: one Shares a layer. token: position, negative counts from the end. parallel: does the feed-forward
    block read the state below its layer? -> Route."""
    n_layer, n_tok = len(all_shares), len(all_shares[0].ffn)
    tau = float(np.float32(tau))  # shares are float32, so is the threshold they are compared with
    nodes, edges, margins = {}, [], []
    leaf = {"diffuse": False, "degenerate": False, "dropped": 0.0, "strongest": 0.0}

    def connect(source, target, kind, weight, flow, heads=None):
        edge = {"from": source, "to": target, "kind": kind, "weight": weight, "flow": flow}
        edges.append(edge if heads is None else edge | {"heads": heads})

    def open_node(name, flow, inputs, source_of):
        """Adds the node and its edges, yields (kind, key, weight, flow handed down)."""
        nodes[name] = inputs.describe(flow)
        margins.append(float(np.abs(inputs.compared - tau).min()))
        total = sum(weight for _, _, weight, _ in inputs.kept)
        for kind, k, weight, heads in inputs.kept:
            part = flow * weight / total
            connect(source_of(kind, k), name, kind, weight, part, heads)
            yield kind, k, weight, part

    state_below = lambda layer, k: f"post.{layer - 1}@{k}" if layer else f"embed@{k}"
    reached = {range(n_tok)[token]: 1.0}  # position of the state above -> flow
    for layer in reversed(range(n_layer)):
        share = all_shares[layer]
        mids, ffns, below = {}, {}, {}
        for q in sorted(reached):
            inputs = _ffn_inputs(share, q, tau, renormalize)
            source_of = lambda kind, k: f"{'ffn' if kind == 'ffn_out' else 'mid'}.{layer}@{k}"
            for kind, _, weight, part in open_node(f"post.{layer}@{q}", reached[q], inputs, source_of):
                if kind == "ffn_out":
                    ffns[q] = (weight, part)
                reader = (
                    below if kind == "ffn_out" and parallel else mids
                )  # otherwise the FFN reads the same mid
                reader[q] = reader.get(q, 0.0) + part
        for q, (weight, part) in ffns.items():
            nodes[f"ffn.{layer}@{q}"] = {"flow": part} | leaf
            source = state_below(layer, q) if parallel else f"mid.{layer}@{q}"
            connect(source, f"ffn.{layer}@{q}", "ffn_in", weight, part)
        for q, flow in mids.items():
            inputs = _attention_inputs(share, q, tau, renormalize)
            source_of = lambda kind, k: state_below(layer, k)
            for _, k, _, part in open_node(f"mid.{layer}@{q}", flow, inputs, source_of):
                below[k] = below.get(k, 0.0) + part
        reached = below
    for k in sorted(reached):
        nodes[f"embed@{k}"] = {"flow": reached[k]} | leaf
    return Route(nodes, edges, min(margins))
