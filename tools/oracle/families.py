"""Where each family keeps its modules, and which rows of its weights make up the values."""

from dataclasses import dataclass
from typing import Callable

import numpy as np


def _all(n_head, n_kv_head, d_head):
    return np.arange(n_kv_head * d_head)


def _last(n_head, n_kv_head, d_head):
    """q of all heads, then k, then v."""
    return np.arange(n_kv_head * d_head) + (n_head + n_kv_head) * d_head


def _per_group(n_head, n_kv_head, d_head):
    """For every key/value head: its q heads, k, v. One q head a group is the layout [head][q, k, v]."""
    rows = np.arange((n_head + 2 * n_kv_head) * d_head)
    return rows.reshape(n_kv_head, n_head // n_kv_head + 2, d_head)[:, -1].ravel()


def _four_blocks(n_head, n_kv_head, d_head):
    """Four blocks of heads, each q, v, k."""
    return np.arange(3 * n_head * d_head).reshape(4, 3, -1)[:, 1].ravel()


def _one_per_head(config):
    return config.num_attention_heads


def _falcon_kv_heads(config):
    if config.new_decoder_architecture:
        return config.num_kv_heads
    return 1 if config.multi_query else config.num_attention_heads


@dataclass(frozen=True)
class Family:
    """Paths are dotted: `layers` from the model, the others from a layer."""

    layers: str = "model.layers"
    value: str = "self_attn.v_proj"  # its input is what W_V is applied to
    out: str = "self_attn.o_proj"
    down: str = "mlp.down_proj"
    mixture: str = ""  # in layers where this module has experts they replace `down`
    attention_norm: str = ""  # norms between a branch and the residual stream
    ffn_norm: str = ""
    norm_offset: float = 0.0  # added to the weights of those norms
    value_rows: Callable = _all  # (n_head, n_kv_head, d_head) -> rows of the weight of `value`
    n_kv_head: Callable = lambda config: config.num_key_value_heads
    parallel: Callable = lambda config: False  # does the feed-forward block read resid_pre?


_always = lambda config: True
_neox_layout = dict(value_rows=_per_group, n_kv_head=_one_per_head)
_mixture = Family(mixture="mlp")
_llama = Family()
_post_norms = dict(attention_norm="post_attention_layernorm", ffn_norm="post_feedforward_layernorm")
_gemma2 = Family(**_post_norms, norm_offset=1.0)
_gpt2 = Family(
    layers="transformer.h",
    value="attn.c_attn",
    out="attn.c_proj",
    down="mlp.c_proj",
    value_rows=_last,
    n_kv_head=_one_per_head,
)

FAMILIES = {
    "bloom": Family(
        layers="transformer.h",
        value="self_attention.query_key_value",
        out="self_attention.dense",
        down="mlp.dense_4h_to_h",
        **_neox_layout,
    ),
    "codegen": Family(
        layers="transformer.h",
        value="attn.qkv_proj",
        out="attn.out_proj",
        down="mlp.fc_out",
        value_rows=_four_blocks,
        n_kv_head=_one_per_head,
        parallel=_always,
    ),
    "cohere": Family(parallel=_always),
    "falcon": Family(
        layers="transformer.h",
        value="self_attention.query_key_value",
        out="self_attention.dense",
        down="mlp.dense_4h_to_h",
        value_rows=_per_group,
        n_kv_head=_falcon_kv_heads,
        parallel=lambda config: config.parallel_attn or config.new_decoder_architecture,
    ),
    "gemma": _llama,
    "gemma2": _gemma2,
    "gemma3_text": _gemma2,
    "gpt2": _gpt2,
    "gpt_bigcode": Family(
        layers="transformer.h",
        value="attn.c_attn",
        out="attn.c_proj",
        down="mlp.c_proj",
        value_rows=_per_group,  # multi-query: one group of all q heads
        n_kv_head=lambda config: 1 if config.multi_query else config.num_attention_heads,
    ),
    "gpt_neo": Family(
        layers="transformer.h",
        value="attn.attention.v_proj",
        out="attn.attention.out_proj",
        down="mlp.c_proj",
        n_kv_head=_one_per_head,
    ),
    "gpt_neox": Family(
        layers="gpt_neox.layers",
        value="attention.query_key_value",
        out="attention.dense",
        down="mlp.dense_4h_to_h",
        parallel=lambda config: config.use_parallel_residual,
        **_neox_layout,
    ),
    "gpt_oss": _mixture,
    "gptj": Family(
        layers="transformer.h",
        value="attn.v_proj",
        out="attn.out_proj",
        down="mlp.fc_out",
        n_kv_head=_one_per_head,
        parallel=_always,
    ),
    "granite": _llama,
    "llama": _llama,
    "mistral": _llama,
    "mixtral": Family(mixture="block_sparse_moe"),
    "mpt": Family(
        layers="transformer.blocks",
        value="attn.Wqkv",
        out="attn.out_proj",
        down="ffn.down_proj",
        value_rows=_last,
        n_kv_head=_one_per_head,
    ),
    "olmo": _llama,
    "olmo2": Family(**_post_norms),
    "olmoe": _mixture,
    "opt": Family(
        layers="model.decoder.layers", out="self_attn.out_proj", down="fc2", n_kv_head=_one_per_head
    ),
    "phi": Family(out="self_attn.dense", down="mlp.fc2", parallel=_always),
    "phi3": Family(value="self_attn.qkv_proj", value_rows=_last),
    "qwen": _gpt2,
    "qwen2": _llama,
    "qwen2_moe": _mixture,
    "qwen3": _llama,
    "qwen3_moe": _mixture,
    "smollm3": _llama,
    "stablelm": Family(parallel=lambda config: config.use_parallel_residual),
    "starcoder2": Family(down="mlp.c_proj"),
}


def clip_of(config):
    """Bound of the entries of q, k and v, or None."""
    attention = getattr(config, "attn_config", None)
    return getattr(config if attention is None else attention, "clip_qkv", None)
