"""A client's route from what GET /traces/{id}/shares gives: an independent writing of docs/method.md."""

import re
import struct


def float32(value: float) -> float:
    return struct.unpack("f", struct.pack("f", value))[0]


def parse(node: str) -> tuple[str, int, int]:
    """ "mid.5@3" -> ("mid", 5, 3)"""
    match = re.fullmatch(r"(embed|mid|ffn|post)(?:\.(\d+))?@(\d+)", node)
    return match[1], int(match[2] or 0), int(match[3])


def state_below(layer: int, position: int) -> str:
    return f"post.{layer - 1}@{position}" if layer > 0 else f"embed@{position}"


def keep_attention(node: dict, query: int, threshold: float, renormalize: bool):
    """-> ({key: {head: weight}}, weight of the residual)"""
    keys = {}
    for key, head, share in node["parts"]:
        keys.setdefault(key, {})[head] = float32(share)
    residual = float32(node["residual"])
    sums = {}
    for key, heads in keys.items():
        sums[key] = 0.0
        for head in sorted(heads):
            sums[key] = float32(sums[key] + heads[head])
    if renormalize:
        kept = {
            key: {head: share for head, share in heads.items() if share > threshold}
            for key, heads in keys.items()
            if sums[key] > threshold
        }
        kept = {key: heads for key, heads in kept.items() if heads}
        residual = residual if residual > threshold else 0.0
        total = sum(sum(heads.values()) for heads in kept.values()) + residual
        if total == 0:
            return {}, 0.0
        scaled = {key: {head: share / total for head, share in heads.items()} for key, heads in kept.items()}
        return scaled, residual / total
    own = float32(residual + sums.get(query, 0.0))
    kept = {
        key: heads
        for key, heads in keys.items()
        if (own if key == query else sums[key]) > threshold and sums[key] > 0
    }
    return kept, residual if own > threshold else 0.0


def keep_ffn(node: dict, threshold: float, renormalize: bool):
    ffn, residual = float32(node["ffn"]), float32(node["residual"])
    ffn = ffn if ffn > threshold else 0.0
    residual = residual if residual > threshold else 0.0
    total = ffn + residual
    if total == 0 or not renormalize:
        return ffn, residual
    return ffn / total, residual / total


def kept_sum(node: dict, keys: dict, residual: float) -> float:
    """The shares, before they are renormalised, of the parts of a mid node that are kept."""
    kept = {(key, head) for key, heads in keys.items() for head in heads}
    own = float32(node["residual"]) if residual > 0 else 0.0
    return sum(float32(share) for key, head, share in node["parts"] if (key, head) in kept) + own


def left_out(node: dict, kept: float, threshold: float) -> tuple[float, bool]:
    """-> (the share that is dropped, whether that hides where the route would go on)"""
    patch = float32(node.get("patch", 0.0))
    if node["degenerate"]:
        return 0.0, False
    return min(1.0, max(0.0, 1 - kept - patch)), kept == 0 and not patch > threshold


def extract(shares: dict, threshold: float, renormalize: bool):
    """-> ({id: (what is dropped, whether the node is diffuse)}, {(from, to, kind): (weight, {head: weight})})"""
    threshold = float32(threshold)
    by_id = {node["id"]: node for node in shares["nodes"]}
    nodes, edges = {}, {}
    waiting = [f"post.{shares['n_layer'] - 1}@{shares['token']}"]
    while waiting:
        here = waiting.pop()
        if here in nodes:
            continue
        nodes[here] = (0.0, False)
        kind, layer, position = parse(here)
        found = []
        if kind == "post":
            ffn, residual = keep_ffn(by_id[here], threshold, renormalize)
            nodes[here] = left_out(by_id[here], sum(keep_ffn(by_id[here], threshold, False)), threshold)
            mid, block = f"mid.{layer}@{position}", f"ffn.{layer}@{position}"
            if ffn > 0:
                nodes[block] = (0.0, False)
                source = state_below(layer, position) if shares["parallel_blocks"] else mid
                found += [(block, here, "ffn_out", ffn, {}), (source, block, "ffn_in", ffn, {})]
            if residual > 0:
                found.append((mid, here, "residual", residual, {}))
        elif kind == "mid":
            keys, residual = keep_attention(by_id[here], position, threshold, renormalize)
            nodes[here] = left_out(by_id[here], kept_sum(by_id[here], keys, residual), threshold)
            for key, heads in keys.items():
                found.append((state_below(layer, key), here, "attention", sum(heads.values()), heads))
            if residual > 0:
                found.append((state_below(layer, position), here, "residual", residual, {}))
        for source, target, name, weight, heads in found:
            edges[source, target, name] = (weight, heads)
            if parse(source)[0] != "ffn":
                waiting.append(source)
    return nodes, edges
