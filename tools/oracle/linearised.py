"""Gradients of a logit, or of the difference of two, through the linearised network (docs/method.md, "Target-aware
scores"), by automatic differentiation in float64: a mode that torch's functions pass turns a Hugging Face model, of
whatever family, into the linearised one.

Which function plays which role follows from its arguments: parameters have no gradients, so a product of two tensors
that both have one is that of a gate and what it lets through; scores of attention have four dimensions, logits three, and a
router's fewer; a hyperbolic tangent or a sigmoid elsewhere is part of an activation.
"""

import torch
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from .families import FAMILIES
from .trace import _at, _extra_arguments

_PRODUCTS = {torch.mul, torch.Tensor.mul, torch.Tensor.__mul__, torch.Tensor.__rmul__}
_ACTIVATIONS = {F.silu, F.gelu, F.relu, torch.relu, torch._C._nn.gelu, torch._C._nn.silu}
_CLAMPS = {torch.clamp, torch.Tensor.clamp}
_SOFTMAX = {torch.softmax, torch.Tensor.softmax, F.softmax}
_TANH = {torch.tanh, torch.Tensor.tanh, F.tanh}
_SIGMOID = {torch.sigmoid, torch.Tensor.sigmoid, F.sigmoid}
_RSQRT = {torch.rsqrt, torch.Tensor.rsqrt}


def _has_gradient(x):
    return isinstance(x, torch.Tensor) and x.requires_grad


def _ratio(x, y):
    """y / x as a constant; its limit, 1/2 for smooth activations and 1 for clamps, never matters at random weights."""
    return (y / x).detach()


def _layer_norm(x, shape, weight=None, bias=None, eps=1e-5):
    centred = x - x.mean(-1, keepdim=True)
    y = centred * torch.rsqrt(centred.detach().pow(2).mean(-1, keepdim=True) + eps)
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


class _Linearise(TorchFunctionMode):
    """frozen: whether attention's probabilities are constants."""

    def __init__(self, frozen):
        super().__init__()
        self.frozen = frozen

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        x = args[0] if args else None
        if func is torch.Tensor.float:
            return x.double()
        if isinstance(x, torch.Tensor) and x.dtype == torch.float64:
            if func is torch.Tensor.to and torch.float32 in (*args[1:], *kwargs.values()):
                return x
            if func in _SOFTMAX:
                kwargs.pop("dtype", None)
        if func is F.layer_norm:
            return _layer_norm(*args, **kwargs)
        if func in _PRODUCTS and _has_gradient(x) and _has_gradient(args[1]):
            return (x * args[1].detach() + x.detach() * args[1]) / 2
        if func is torch.Tensor.clamp_:
            return x.mul_(_ratio(x, torch.clamp(x.detach(), *args[1:], **kwargs)))
        out = func(*args, **kwargs)
        if not _has_gradient(out):
            return out
        if func in _ACTIVATIONS or func in _CLAMPS:
            return x * _ratio(x, out)
        if func in _RSQRT or func in _SIGMOID:
            return out.detach()
        if func in _SOFTMAX:
            return out.detach() if self.frozen or out.dim() < 3 else out
        if func in _TANH and out.dim() < 4:
            return x * _ratio(x, out) if self.caps_logits(out) else out.detach()
        return out

    def caps_logits(self, x):
        return x.shape[-1] == self.n_vocab


class _Probes:
    """Zeros added to what passes modules, whose gradients are those of what passes."""

    def __init__(self):
        self.zeros, self.hooks = {}, []

    def add(self, name, x):
        self.zeros[name] = torch.zeros_like(x, requires_grad=True)
        return x + self.zeros[name]

    def at_input(self, name, module):
        def hook(_, args, kwargs):
            if args:
                return (self.add(name, args[0]), *args[1:]), kwargs
            return args, kwargs | {"hidden_states": self.add(name, kwargs["hidden_states"])}

        self.hooks.append(module.register_forward_pre_hook(hook, with_kwargs=True))

    def at_output(self, name, module):
        def hook(_, args, out):
            return (self.add(name, out[0]), *out[1:]) if isinstance(out, tuple) else self.add(name, out)

        self.hooks.append(module.register_forward_hook(hook))


def _probed(model, family):
    """Probes `embed`, and of each layer `mid.l` (at what attention adds), `post.l` and `z.l`."""
    probes = _Probes()
    for i, layer in enumerate(_at(model, family.layers)):
        if i == 0:
            probes.at_input("embed", layer)
        probes.at_input(f"z.{i}", _at(layer, family.out))
        probes.at_output(f"mid.{i}", _at(layer, family.attention_norm or family.out))
        probes.at_output(f"post.{i}", layer)
    return probes


def gradients(model, ids, position, target, versus, frozen):
    """model: as load_model gives it, turned to float64 here. versus: an id or None. -> the metric, and gradients by
    name: `embed`, `mid.l`, `post.l` [T, D] and `z.l` [T, H K], numpy float64."""
    model = model.double().requires_grad_(False)
    family, config = FAMILIES[model.config.model_type], model.config
    probes, mode = _probed(model, family), _Linearise(frozen)
    mode.n_vocab = config.vocab_size
    torch.set_default_dtype(torch.float64)  # of masks that models make
    with mode:
        logits = model(torch.tensor([ids]), use_cache=False, **_extra_arguments(config)).logits[0, position]
    torch.set_default_dtype(torch.float32)
    for hook in probes.hooks:
        hook.remove()
    metric = logits[target] if versus is None else logits[target] - logits[versus]
    names = list(probes.zeros)
    found = torch.autograd.grad(metric, [probes.zeros[name] for name in names])
    rows = {name: g.reshape(-1, g.shape[-1]).numpy() for name, g in zip(names, found)}
    multiplier = getattr(config, "residual_multiplier", 1.0)  # of what attention adds, behind the probe
    for i in range(len(_at(model, family.layers))):
        rows[f"mid.{i}"] = rows[f"mid.{i}"] / multiplier
    return float(metric.detach()), rows
