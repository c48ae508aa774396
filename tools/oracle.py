"""Independent reference for the numbers limpid computes: runs a Hugging Face model in eager float32, splits its
states into parts, computes importance shares and extracts routes, all written straight from docs/method.md.

A developer tool: it is read by make_goldens.py and never needed to build, run or test limpid. Set-up:

    python3 -m venv oracle && oracle/bin/pip install -r tools/requirements-oracle.txt

As a program it prints the next tokens, the conservation errors and the route sizes of one prompt given as ids:

    oracle/bin/python tools/oracle.py MODEL 2427,5099,284 [--token -1] [--threshold 0.04]

MODEL is a Hugging Face folder or a GGUF file (architectures llama and gpt2). GGUF weights are dequantised to float32.

Precision. The forward pass is the one of Hugging Face in float32, eager attention. Everything derived from it (parts,
proximities, shares) takes those float32 states, attention probabilities and weights, is computed in float64 and rounded
to float32 at the end: the error of a share against exact arithmetic is then a float32 rounding, far below the 1e-4 that
an implementation summing in float32 is allowed, so a failing comparison blames the implementation and not this file.
Terms are summed one by one exactly as the definition is written, with nothing skipped.

Shapes: T tokens, H query heads, G key/value heads, D = d_model, K = d_head.
"""

import argparse
import os
from dataclasses import dataclass, field

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForCausalLM, GPT2Config, LlamaConfig

torch.set_num_threads(1)  # the same bits on every machine with the same instruction set


# ---------------------------------------------------------------------------------------------------------------------
# Models


def load_model(path):
    """A Hugging Face folder or a GGUF file -> float32 model with eager attention, in evaluation mode."""
    if os.path.isdir(path):
        model = AutoModelForCausalLM.from_pretrained(path, dtype=torch.float32, attn_implementation="eager")
    else:
        model = load_gguf(path)
    return model.eval()


def load_gguf(path):
    from gguf import GGUFReader, dequantize

    reader = GGUFReader(path)
    meta = {name: f.contents() for name, f in reader.fields.items() if not name.startswith("tokenizer.")}
    tensors = {t.name: np.array(dequantize(t.data, t.tensor_type), np.float32) for t in reader.tensors}
    arch = meta["general.architecture"]
    config, state = {"llama": _llama_from_gguf, "gpt2": _gpt2_from_gguf}[arch](meta, tensors)
    config._attn_implementation = "eager"
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    state = {name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()}
    missing, unexpected = model.load_state_dict(state, strict=False)
    tied = {"lm_head.weight"} if config.tie_word_embeddings else set()
    if set(missing) - tied or unexpected:
        raise ValueError(f"{path}: missing {missing}, unexpected {unexpected}")
    if "rope_freqs.weight" in tensors:
        model.model.rotary_emb.inv_freq /= torch.from_numpy(tensors["rope_freqs.weight"])
    return model


def unpermute(weight, n_head):
    """Undoes the row order GGUF gives to q and k of llama: pairs (2i, 2i+1) back to halves (i, i + K/2)."""
    k = weight.shape[0] // n_head
    return weight.reshape(n_head, k // 2, 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def _llama_from_gguf(meta, tensors):
    get = lambda key, default=None: meta.get("llama." + key, default)
    n_head, n_kv_head = get("attention.head_count"), get("attention.head_count_kv")
    d_head = get("attention.key_length", get("embedding_length") // n_head)
    scaling = None
    if get("rope.scaling.type") == "linear":
        scaling = {"rope_type": "linear", "factor": get("rope.scaling.factor")}
    config = LlamaConfig(
        vocab_size=tensors["token_embd.weight"].shape[0],
        hidden_size=get("embedding_length"),
        intermediate_size=get("feed_forward_length"),
        num_hidden_layers=get("block_count"),
        num_attention_heads=n_head,
        num_key_value_heads=n_kv_head,
        head_dim=d_head,
        max_position_embeddings=get("context_length"),
        rms_norm_eps=get("attention.layer_norm_rms_epsilon"),
        rope_theta=get("rope.freq_base", 10000.0),
        rope_scaling=scaling,
        tie_word_embeddings="output.weight" not in tensors,
        attention_bias="blk.0.attn_q.bias" in tensors,
        mlp_bias="blk.0.ffn_up.bias" in tensors,
    )
    names = {
        "attn_norm": "input_layernorm",
        "attn_q": "self_attn.q_proj",
        "attn_k": "self_attn.k_proj",
        "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj",
        "ffn_norm": "post_attention_layernorm",
        "ffn_gate": "mlp.gate_proj",
        "ffn_up": "mlp.up_proj",
        "ffn_down": "mlp.down_proj",
    }
    top = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}
    state = {}
    for name, value in tensors.items():
        if name == "rope_freqs.weight":
            continue
        stem, kind = name.rsplit(".", 1)
        if stem in top:
            state[f"{top[stem]}.{kind}"] = value
            continue
        _, layer, part = stem.split(".")
        if part in ("attn_q", "attn_k"):
            value = unpermute(value, n_head if part == "attn_q" else n_kv_head)
        state[f"model.layers.{layer}.{names[part]}.{kind}"] = value
    return config, state


def _gpt2_from_gguf(meta, tensors):
    get = lambda key: meta["gpt2." + key]
    config = GPT2Config(
        vocab_size=tensors["token_embd.weight"].shape[0],
        n_positions=get("context_length"),
        n_embd=get("embedding_length"),
        n_layer=get("block_count"),
        n_head=get("attention.head_count"),
        n_inner=get("feed_forward_length"),
        layer_norm_epsilon=get("attention.layer_norm_epsilon"),
        tie_word_embeddings="output.weight" not in tensors,
    )
    names = {
        "attn_norm": "ln_1",
        "attn_qkv": "attn.c_attn",
        "attn_output": "attn.c_proj",
        "ffn_norm": "ln_2",
        "ffn_up": "mlp.c_fc",
        "ffn_down": "mlp.c_proj",
    }
    top = {
        "token_embd": "transformer.wte",
        "position_embd": "transformer.wpe",
        "output_norm": "transformer.ln_f",
        "output": "lm_head",
    }
    state = {}
    for name, value in tensors.items():
        stem, kind = name.rsplit(".", 1)
        if stem in top:
            state[f"{top[stem]}.{kind}"] = value
            continue
        _, layer, part = stem.split(".")
        if kind == "weight" and value.ndim == 2:
            value = value.T  # Conv1D keeps [in, out]
        state[f"transformer.h.{layer}.{names[part]}.{kind}"] = value
    return config, state


# ---------------------------------------------------------------------------------------------------------------------
# Forward pass and parts (method, section 1)


@dataclass
class Layer:
    """One layer's states and what its attention is made of. float32."""

    resid_pre: np.ndarray = None  # [T, D]
    resid_mid: np.ndarray = None  # [T, D]
    resid_post: np.ndarray = None  # [T, D]
    attention_out: np.ndarray = None  # [T, D], biases included
    ffn_out: np.ndarray = None  # [T, D], bias included
    attention: np.ndarray = None  # [H, T, T] probabilities
    attention_in: np.ndarray = None  # [T, D] what W_V is applied to
    w_v: np.ndarray = None  # [G, K, D]
    b_v: np.ndarray = None  # [G, K]
    w_o: np.ndarray = None  # [H, D, K]
    b_o: np.ndarray = None  # [D]

    def head_of_value(self, head):
        return head * len(self.w_v) // len(self.w_o)

    def attention_parts(self):
        """u [H, T, D] with f(q, k, h) = attention[h, q, k] * u[h, k], and the bias part [T, D]. float64."""
        x = self.attention_in.astype(np.float64)
        u, bias = [], np.tile(self.b_o.astype(np.float64), (len(x), 1))
        for head, w_o in enumerate(self.w_o.astype(np.float64)):
            group = self.head_of_value(head)
            values = x @ self.w_v[group].astype(np.float64).T  # [T, K]
            u.append(values @ w_o.T)
            row_sum = self.attention[head].astype(np.float64).sum(1)
            bias += row_sum[:, None] * (w_o @ self.b_v[group].astype(np.float64))
        return np.stack(u), bias


@dataclass
class Trace:
    ids: np.ndarray  # [T] int32
    logits: np.ndarray = None  # [T, V]
    layers: list = field(default_factory=list)


class _Llama:
    """Where a family keeps its modules and weights."""

    def __init__(self, model):
        self.layers = model.model.layers
        self.n_head, self.n_kv_head = model.config.num_attention_heads, model.config.num_key_value_heads

    def attention(self, layer):
        return layer.self_attn

    def attention_input_of(self, layer):
        return layer.self_attn.v_proj  # its input is the normed state

    def ffn_norm(self, layer):
        return layer.post_attention_layernorm

    def weights(self, layer):
        a = layer.self_attn
        return a.v_proj.weight, a.v_proj.bias, a.o_proj.weight, a.o_proj.bias


class _Gpt2:
    def __init__(self, model):
        self.layers = model.transformer.h
        self.n_head = self.n_kv_head = model.config.n_head

    def attention(self, layer):
        return layer.attn

    def attention_input_of(self, layer):
        return layer.attn.c_attn

    def ffn_norm(self, layer):
        return layer.ln_2

    def weights(self, layer):
        a, d = layer.attn, layer.attn.c_proj.weight.shape[0]
        return a.c_attn.weight[:, 2 * d :].T, a.c_attn.bias[2 * d :], a.c_proj.weight.T, a.c_proj.bias


_FAMILIES = {"llama": _Llama, "gpt2": _Gpt2}


def _first(value):
    return value[0] if isinstance(value, tuple) else value


def run(model, ids):
    """ids: list of ints -> Trace."""
    family = _FAMILIES[model.config.model_type](model)
    layers = [Layer() for _ in family.layers]
    hooks = []

    def store(layer, name, tensor):
        setattr(layer, name, tensor[0].detach().clone().numpy())

    def watch_input(module, layer, name):
        hook = lambda m, args, kwargs: store(layer, name, args[0] if args else kwargs["hidden_states"])
        hooks.append(module.register_forward_pre_hook(hook, with_kwargs=True))

    def watch_output(module, layer, name):
        hooks.append(module.register_forward_hook(lambda m, args, out: store(layer, name, _first(out))))

    for layer, module in zip(layers, family.layers):
        watch_input(module, layer, "resid_pre")
        watch_output(module, layer, "resid_post")
        watch_input(family.ffn_norm(module), layer, "resid_mid")
        watch_output(family.attention(module), layer, "attention_out")
        watch_output(module.mlp, layer, "ffn_out")
        watch_input(family.attention_input_of(module), layer, "attention_in")
        _keep_weights(layer, family, module)

    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True, use_cache=False)
    for hook in hooks:
        hook.remove()
    for layer, attention in zip(layers, out.attentions):
        store(layer, "attention", attention)
    return Trace(np.array(ids, np.int32), out.logits[0].numpy().copy(), layers)


def _keep_weights(layer, family, module):
    h, g = family.n_head, family.n_kv_head
    w_v, b_v, w_o, b_o = (None if w is None else w.detach().numpy() for w in family.weights(module))
    d, k = w_o.shape[0], w_v.shape[0] // g
    layer.w_v = w_v.reshape(g, k, d)
    layer.b_v = np.zeros((g, k), np.float32) if b_v is None else b_v.reshape(g, k)
    layer.w_o = w_o.reshape(d, h, k).transpose(1, 0, 2)
    layer.b_o = np.zeros(d, np.float32) if b_o is None else b_o


def conservation_error(trace):
    """Largest |sum of the parts - state| / max(1, |state|_inf) over all layers."""
    worst = 0.0
    below = None
    for layer in trace.layers:
        u, bias = layer.attention_parts()
        mid = layer.resid_pre + bias + np.einsum("hqk,hkd->qd", layer.attention.astype(np.float64), u)
        post = layer.resid_mid.astype(np.float64) + layer.ffn_out
        pairs = [(mid, layer.resid_mid), (post, layer.resid_post)]
        if below is not None:
            pairs.append((below, layer.resid_pre))
        below = layer.resid_post
        for total, state in pairs:
            worst = max(worst, np.abs(total - state).max() / max(1.0, np.abs(state).max()))
    return float(worst)


# ---------------------------------------------------------------------------------------------------------------------
# Importance shares (method, section 2)


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


def shares(layer):
    u, bias = layer.attention_parts()
    n_head, n_tok, _ = u.shape
    attention = np.zeros((n_tok, n_tok, n_head))
    for q in range(n_tok):
        for h in range(n_head):
            parts = layer.attention[h, q, : q + 1, None].astype(np.float64) * u[h, : q + 1]
            attention[q, : q + 1, h] = proximity(parts, layer.resid_mid[q])
    residual = proximity(layer.resid_pre, layer.resid_mid)
    bias = proximity(bias, layer.resid_mid)
    ffn = proximity(layer.ffn_out, layer.resid_post)
    ffn_residual = proximity(layer.resid_mid, layer.resid_post)

    def over(value, total):
        total = total.reshape(total.shape + (1,) * (value.ndim - 1))
        return np.divide(value, total, out=np.zeros_like(value), where=total > 0).astype(np.float32)

    mid_sum, post_sum = attention.sum((1, 2)) + residual, ffn + ffn_residual
    return Shares(
        over(attention, mid_sum),
        over(residual, mid_sum),
        over(bias, mid_sum),
        over(ffn, post_sum),
        over(ffn_residual, post_sum),
    )


# ---------------------------------------------------------------------------------------------------------------------
# Graph and routes (method, section 3)


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


def extract_route(all_shares, token, tau, renormalize):
    """all_shares: one Shares a layer. token: position, negative counts from the end. -> Route."""
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

    reached = {range(n_tok)[token]: 1.0}  # position of the state above -> flow
    for layer in reversed(range(n_layer)):
        share = all_shares[layer]
        mids, ffns, below = {}, {}, {}
        for q in sorted(reached):
            inputs = _ffn_inputs(share, q, tau, renormalize)
            source_of = lambda kind, k: f"{'ffn' if kind == 'ffn_out' else 'mid'}.{layer}@{k}"
            for kind, _, weight, part in open_node(f"post.{layer}@{q}", reached[q], inputs, source_of):
                mids[q] = mids.get(q, 0.0) + part  # the FFN reads the same mid
                if kind == "ffn_out":
                    ffns[q] = (weight, part)
        for q, (weight, part) in ffns.items():
            nodes[f"ffn.{layer}@{q}"] = {"flow": part} | leaf
            connect(f"mid.{layer}@{q}", f"ffn.{layer}@{q}", "ffn_in", weight, part)
        for q, flow in mids.items():
            inputs = _attention_inputs(share, q, tau, renormalize)
            source_of = lambda kind, k: f"post.{layer - 1}@{k}" if layer else f"embed@{k}"
            for _, k, _, part in open_node(f"mid.{layer}@{q}", flow, inputs, source_of):
                below[k] = below.get(k, 0.0) + part
        reached = below
    for k in sorted(reached):
        nodes[f"embed@{k}"] = {"flow": reached[k]} | leaf
    return Route(nodes, edges, min(margins))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("ids", help="token ids, comma separated")
    parser.add_argument("--token", type=int, default=-1)
    parser.add_argument("--threshold", type=float, default=0.04)
    options = parser.parse_args()
    model = load_model(options.model)
    trace = run(model, [int(i) for i in options.ids.split(",")])
    logits = trace.logits[-1].astype(np.float64)
    chances = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    for token in np.argsort(-logits)[:10]:
        print(f"{token:7d}  logit {logits[token]:8.3f}  probability {chances[token]:.4f}")
    print(f"conservation error {conservation_error(trace):.2e}")
    all_shares = [shares(layer) for layer in trace.layers]
    for renormalize in (True, False):
        route = extract_route(all_shares, options.token, options.threshold, renormalize)
        print(
            f"renormalize {renormalize}: {len(route.nodes)} nodes, {len(route.edges)} edges,"
            f" {route.n_merged_edges()} merged, {sum(n['diffuse'] for n in route.nodes.values())} diffuse"
        )


if __name__ == "__main__":
    main()
