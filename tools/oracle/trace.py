"""The forward pass, and the states split into parts (method, section 1)."""

from dataclasses import dataclass, field

import numpy as np
import torch
from transformers.pytorch_utils import Conv1D

from .families import FAMILIES, clip_of
from .neurons import Neurons, dense, mixture


@dataclass
class Layer:
    """One layer's states and what its two branches are made of. float32 unless said otherwise."""

    resid_pre: np.ndarray = None  # [T, D]
    resid_mid: np.ndarray = (
        None  # [T, D], resid_pre + attention_out, also where the two branches run side by side
    )
    resid_post: np.ndarray = None  # [T, D]
    attention_out: np.ndarray = None  # [T, D], what is added to the stream, biases included
    ffn_out: np.ndarray = None  # [T, D], likewise
    attention: np.ndarray = None  # [H, T, T] probabilities
    attention_in: np.ndarray = None  # [T, D] what W_V is applied to
    w_v: np.ndarray = None  # [G, K, D]
    b_v: np.ndarray = None  # [G, K]
    w_o: np.ndarray = None  # [H, D, K]
    b_o: np.ndarray = None  # [D]
    clip: float = None  # bound of the values
    has_sinks: bool = False  # do sinks take some of the attention?
    neurons: Neurons = None
    attention_scale: np.ndarray = (
        None  # [T, D] float64, by what a part is multiplied on its way into the stream
    )
    ffn_scale: np.ndarray = None  # [T, D] float64

    def head_of_value(self, head):
        return head * len(self.w_v) // len(self.w_o)

    def attention_parts(self):
        """u [H, T, D] with f(q, k, h) = attention[h, q, k] * u[h, k] * attention_scale[q], and the bias part [T, D].
        float64."""
        x = self.attention_in.astype(np.float64)
        u, bias = [], np.tile(self.b_o.astype(np.float64), (len(x), 1))
        for head, w_o in enumerate(self.w_o.astype(np.float64)):
            group = self.head_of_value(head)
            values = x @ self.w_v[group].astype(np.float64).T  # [T, K]
            if self.clip is not None:
                values = values.clip(-self.clip, self.clip)
            u.append(values @ w_o.T)
            row_sum = self.attention[head].astype(np.float64).sum(1)
            bias += row_sum[:, None] * (w_o @ self.b_v[group].astype(np.float64))
        return np.stack(u), bias * self.attention_scale


@dataclass
class Trace:
    ids: np.ndarray  # [T] int32
    logits: np.ndarray = None  # [T, V]
    layers: list = field(default_factory=list)
    parallel: bool = False  # does the feed-forward block read resid_pre?


def _at(module, path):
    for name in path.split("."):
        module = getattr(module, name)
    return module


class _Watch:
    """Hooks that keep what passes the modules of one layer."""

    def __init__(self, family, module):
        self.module, self.family, self.seen, self.hooks = module, family, {}, []
        self.block = _at(module, family.mixture) if family.mixture else None
        self.is_mixture = hasattr(self.block, "experts")
        ffn = self.block if self.is_mixture else _at(module, family.down)
        self.watch("resid", module)
        self.watch("value", _at(module, family.value))
        self.watch("out", _at(module, family.out))
        self.watch("ffn", ffn)
        self.watch("attention added", _at(module, family.attention_norm or family.out))
        self.watch("ffn added", _at(module, family.ffn_norm) if family.ffn_norm else ffn)

    def watch(self, name, module):
        rows = lambda x: x.detach().reshape(-1, x.shape[-1]).clone()  # one prompt: [1, T, D] or [T, D]
        first = lambda out: out[0] if isinstance(out, tuple) else out

        def hook(_, args, kwargs, out):
            self.seen[name + ".in"] = rows(before.pop())
            self.seen[name + ".out"] = rows(first(out))

        before = []  # cloned at once: some models change it in place
        keep = lambda _, args, kwargs: before.append((args[0] if args else kwargs["hidden_states"]).clone())
        self.hooks.append(module.register_forward_pre_hook(keep, with_kwargs=True))
        self.hooks.append(module.register_forward_hook(hook, with_kwargs=True))

    def layer(self, config, attention):
        """What was seen -> Layer."""
        see = lambda name: self.seen[name].numpy()
        multiplier = np.float32(getattr(config, "residual_multiplier", 1.0))
        layer = Layer(
            resid_pre=see("resid.in"),
            resid_post=see("resid.out"),
            attention_out=see("attention added.out") * multiplier,
            ffn_out=see("ffn added.out") * multiplier,
            attention=attention[0].detach().numpy().copy(),
            attention_in=see("value.in"),
            clip=clip_of(config),
            has_sinks=hasattr(_at(self.module, self.family.out.rsplit(".", 1)[0]), "sinks"),
            attention_scale=self.scale(self.family.attention_norm, see("out.out"), multiplier),
            ffn_scale=self.scale(self.family.ffn_norm, see("ffn.out"), multiplier),
        )
        layer.resid_mid = layer.resid_pre + layer.attention_out
        self.keep_weights(layer, config)
        if self.is_mixture:
            layer.neurons = mixture(self.block, self.seen["ffn.in"])
        else:
            layer.neurons = dense(see("ffn.in"), *_weight_and_bias(_at(self.module, self.family.down)))
        return layer

    def scale(self, norm, branch, multiplier):
        """What the RMS norm at path `norm` does to `branch` [T, D], its scale frozen there, times the multiplier."""
        scale = np.full(branch.shape, np.float64(multiplier))
        if norm:
            module = _at(self.module, norm)
            eps = module.eps if hasattr(module, "eps") else module.variance_epsilon
            square = (branch.astype(np.float64) ** 2).mean(-1, keepdims=True)
            weight = module.weight.detach().numpy().astype(np.float64) + self.family.norm_offset
            scale *= weight / np.sqrt(square + eps)
        return scale

    def keep_weights(self, layer, config):
        h, g = config.num_attention_heads, self.family.n_kv_head(config)
        w_o, b_o = _weight_and_bias(_at(self.module, self.family.out))
        w_v, b_v = _weight_and_bias(_at(self.module, self.family.value))
        d, k = len(w_o), w_o.shape[1] // h
        rows = self.family.value_rows(h, g, k)
        layer.w_v = w_v[rows].reshape(g, k, d)
        layer.b_v = np.zeros((g, k), np.float32) if b_v is None else b_v[rows].reshape(g, k)
        layer.w_o = w_o.reshape(d, h, k).transpose(1, 0, 2)
        layer.b_o = np.zeros(d, np.float32) if b_o is None else b_o


def _weight_and_bias(module):
    """-> [out, in], [out] or None"""
    weight = module.weight.detach().numpy()
    bias = None if module.bias is None else module.bias.detach().numpy()
    return (weight.T if isinstance(module, Conv1D) else weight), bias


def _extra_arguments(config):
    """Falcon's eager attention in transformers 4.57 adds ALiBi twice, in the mask and to the scores, where its other
    attention, the published model and training add it once. A head mask of ones keeps it out of the mask."""
    if config.model_type == "falcon" and config.alibi:
        return {"head_mask": torch.ones(config.num_hidden_layers, config.num_attention_heads)}
    return {}


def last_logits(model, ids):
    """Logits of the token after ids, a list of ints. [V] float32"""
    with torch.no_grad():
        return model(torch.tensor([ids]), use_cache=False, **_extra_arguments(model.config)).logits[0, -1].numpy()


def run(model, ids):
    """ids: list of ints -> Trace."""
    family = FAMILIES[model.config.model_type]
    watches = [_Watch(family, module) for module in _at(model, family.layers)]
    with torch.no_grad():
        out = model(torch.tensor([ids]), output_attentions=True, use_cache=False, **_extra_arguments(model.config))
    for hook in (hook for watch in watches for hook in watch.hooks):
        hook.remove()
    layers = [watch.layer(model.config, attention) for watch, attention in zip(watches, out.attentions)]
    parallel = bool(family.parallel(model.config))
    return Trace(np.array(ids, np.int32), out.logits[0].numpy().copy(), layers, parallel)


def conservation_error(trace):
    """Largest |sum of the parts - state| / max(1, |state|_inf) over all layers."""
    worst = 0.0
    below = None
    for layer in trace.layers:
        u, bias = layer.attention_parts()
        heads = np.einsum("hqk,hkd->qd", layer.attention.astype(np.float64), u)
        mid = layer.resid_pre + bias + heads * layer.attention_scale
        post = layer.resid_mid.astype(np.float64) + layer.ffn_out
        neurons_post = layer.resid_mid + layer.neurons.parts_sum() * layer.ffn_scale
        pairs = [(mid, layer.resid_mid), (post, layer.resid_post), (neurons_post, layer.resid_post)]
        if below is not None:
            pairs.append((below, layer.resid_pre))
        below = layer.resid_post
        for total, state in pairs:
            worst = max(worst, np.abs(total - state).max() / max(1.0, np.abs(state).max()))
    return float(worst)
