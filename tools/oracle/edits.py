"""Replaces some of what a model computes, by hooks on its modules: every row that an edit is of becomes

    y = factor * y + added

in the form that it has in the published code, before anything reads it.
"""

import contextlib
from dataclasses import dataclass, replace

import numpy as np
import torch

from .families import FAMILIES


@dataclass(frozen=True)
class Edit:
    """kind: what is edited, at one position or, without one, at all.

    embed: the state that layer 0 reads. head: its output before the output matrix. edge: the attention of a head that
    the query at `position` does not pay to `key`. mid: the state behind attention, also where the branches run side by
    side. neuron: its activation, that of an expert before the router's weight. ffn: what the block adds to the stream.
    post: the state behind the layer."""

    kind: str
    layer: int = 0
    position: int = None
    head: int = None
    key: int = None
    neuron: int = None
    expert: int = None  # which one's neuron, or -1 for that of the shared one; None in a dense layer
    factor: float = 0.0
    added: np.ndarray = None


class NotThere(Exception):
    """The model has no module at which the edit can be made."""


def _at(module, path):
    for name in path.split("."):
        if not hasattr(module, name):
            raise NotThere(f"no module {path}")
        module = getattr(module, name)
    return module


def _replace(x, edit, columns=slice(None), unit=1.0):
    """x [..., width] with its rows edited; `unit`: what x is multiplied with on its way to where the edit counts."""
    x = x.clone(memory_format=torch.contiguous_format)
    rows = x.view(-1, x.shape[-1])  # one prompt
    which = slice(None) if edit.position is None else slice(edit.position, edit.position + 1)
    kept = rows[which, columns] * edit.factor if edit.factor else torch.zeros_like(rows[which, columns])
    rows[which, columns] = kept if edit.added is None else kept + torch.from_numpy(edit.added) / unit
    return x


def _before(module, change):
    """What the module reads becomes change(it)."""

    def hook(_, args, kwargs):
        if args:
            return (change(args[0]), *args[1:]), kwargs
        return args, kwargs | {"hidden_states": change(kwargs["hidden_states"])}

    return module.register_forward_pre_hook(hook, with_kwargs=True)


def _after(module, change):
    """What the module returns, or the first of it, becomes change(it)."""

    def hook(_, args, out):
        return (change(out[0]), *out[1:]) if isinstance(out, tuple) else change(out)

    return module.register_forward_hook(hook)


class _Layer:
    """Where the edits of one layer go."""

    def __init__(self, model, index):
        self.config, self.family = model.config, FAMILIES[model.config.model_type]
        self.module = _at(model, self.family.layers)[index]
        self.multiplier = getattr(self.config, "residual_multiplier", 1.0)

    def embed(self, edit):
        yield _before(self.module, lambda x: _replace(x, edit))

    def head(self, edit):
        out, n_head = _at(self.module, self.family.out), self.config.num_attention_heads

        def change(z):
            width = z.shape[-1] // n_head
            return _replace(z, edit, slice(edit.head * width, (edit.head + 1) * width))

        yield _before(out, change)

    def edge(self, edit):
        attention = _at(self.module, self.family.out.rsplit(".", 1)[0])

        def hook(_, args, kwargs):
            mask = kwargs.get("attention_mask")
            if mask is None:
                raise NotThere("its attention takes no mask")
            mask = mask.expand(-1, self.config.num_attention_heads, -1, -1).clone()
            blocked = True if mask.dtype == torch.bool else torch.finfo(mask.dtype).min
            mask[0, edit.head, edit.position, edit.key] = blocked
            return args, kwargs | {"attention_mask": mask}

        yield attention.register_forward_pre_hook(hook, with_kwargs=True)

    def mid(self, edit):
        """No module has this state: what attention adds becomes what is missing to it."""
        pre = []
        added = _at(self.module, self.family.attention_norm or self.family.out)

        def keep(x):
            pre.append(x.reshape(-1, x.shape[-1]).clone())
            return x

        def change(out):
            mid = pre[-1] + out.reshape(pre[-1].shape) * self.multiplier
            missing = (_replace(mid, edit) - pre[-1]) / self.multiplier
            if edit.position is not None:  # other rows stay what they are, to the bit
                missing = _replace(out, replace(edit, factor=0.0, added=missing[edit.position].numpy()))
            return missing.reshape(out.shape)

        yield _before(self.module, keep)
        yield _after(added, change)

    def neuron(self, edit):
        block = _at(self.module, self.family.mixture) if self.family.mixture else None
        if (edit.expert is None) == hasattr(block, "experts"):
            raise NotThere("not that kind of feed-forward block")
        if edit.expert is None:
            down = _at(self.module, self.family.down)
        else:
            if not isinstance(block.experts, torch.nn.ModuleList):
                raise NotThere("its experts are no modules")
            expert = _at(block, "shared_expert") if edit.expert < 0 else block.experts[edit.expert]
            down = _at(expert, "w2" if hasattr(expert, "w2") else "down_proj")
        yield _before(down, lambda x: _replace(x, edit, slice(edit.neuron, edit.neuron + 1)))

    def ffn(self, edit):
        path = self.family.ffn_norm or self.family.down
        if self.family.mixture and hasattr(_at(self.module, self.family.mixture), "experts"):
            path = self.family.mixture
        yield _after(_at(self.module, path), lambda x: _replace(x, edit, unit=self.multiplier))

    def post(self, edit):
        yield _after(self.module, lambda x: _replace(x, edit))


@contextlib.contextmanager
def edited(model, edits):
    """While it lasts the model computes with these edits."""
    hooks = []
    try:
        for edit in edits:
            hooks += getattr(_Layer(model, edit.layer), edit.kind)(edit)
        yield
    finally:
        for hook in hooks:
            hook.remove()
