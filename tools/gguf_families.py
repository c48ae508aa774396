"""What llama.cpp's converter makes of each Hugging Face architecture: metadata keys, order of rows, and what is lost.

FAMILIES maps `model_type` to the architecture's name, the keys it writes, the changes to its tensors, and the conditions
under which nothing of the model is lost. A GGUF file says less than config.json: what it does not say, a reader takes from
the architecture. A folder that differs from that is refused (Lossy), because its file would mean another model.

Tensors keep their Hugging Face names here, or get one that gguf's TensorNameMap knows; make_gguf.py translates them.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Callable

import numpy as np
from gguf import MODEL_ARCH as A
from gguf import RopeScalingType

F32 = np.float32


class Lossy(Exception):
    """The GGUF form cannot say what the folder says."""


@dataclass
class Family:
    arch: A
    keys: Callable  # (writer, config): everything but type, name, file type and vocabulary
    tensors: list = field(default_factory=list)  # each (config, tensors) -> tensors
    implied: dict = field(default_factory=dict)  # config key -> the values that a reader takes as given
    windowless: bool = False  # a reader lets every layer see everything


def first(config, *names):
    """The first of the names that has a value."""
    return next((config[name] for name in names if config.get(name) is not None), None)


def head_size(c):
    return first(c, "head_dim") or first(c, "hidden_size", "n_embd") // first(c, "num_attention_heads", "n_head")


# ---------------------------------------------------------------------------------------------------------------------
# Metadata


def sizes(w, c, context=None, ff=None, kv=None):
    w.add_block_count(first(c, "num_hidden_layers", "n_layers", "n_layer"))
    w.add_context_length(context or first(c, "max_position_embeddings", "n_positions"))
    w.add_embedding_length(first(c, "hidden_size", "n_embd", "d_model"))
    w.add_feed_forward_length(ff or c["intermediate_size"])
    w.add_head_count(first(c, "num_attention_heads", "n_heads", "n_head"))
    if kv := kv or c.get("num_key_value_heads"):
        w.add_head_count_kv(kv)


def head_lengths(w, c):
    if c.get("head_dim"):
        w.add_key_length(c["head_dim"])
        w.add_value_length(c["head_dim"])


def rope_scaling(w, c):
    scaling = c.get("rope_scaling") or {}
    kind = first(scaling, "rope_type", "type")
    if kind == "linear":
        w.add_rope_scaling_type(RopeScalingType.LINEAR)
        w.add_rope_scaling_factor(scaling["factor"])
    elif kind == "yarn":
        w.add_rope_scaling_type(RopeScalingType.YARN)
        w.add_rope_scaling_factor(scaling["factor"])
        w.add_rope_scaling_orig_ctx_len(scaling["original_max_position_embeddings"])
        for name, add in (
            ("attention_factor", w.add_rope_scaling_yarn_attn_factor),
            ("beta_fast", w.add_rope_scaling_yarn_beta_fast),
            ("beta_slow", w.add_rope_scaling_yarn_beta_slow),
        ):
            if scaling.get(name) is not None:
                add(scaling[name])
        if not scaling.get("truncate", True):
            raise Lossy("yarn without truncation: the file has no key for it")
    elif kind not in (None, "default", "llama3", "longrope"):
        raise Lossy(f"rope scaling '{kind}': the file has no key for it")


def general(w, c):
    """What the converter writes for an architecture without special treatment."""
    sizes(w, c)
    if "rope_theta" in c:
        w.add_rope_freq_base(c["rope_theta"])
    if "rms_norm_eps" in c:
        w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    if (epsilon := first(c, "layer_norm_eps", "layer_norm_epsilon", "norm_epsilon")) is not None:
        w.add_layer_norm_eps(epsilon)
    head_lengths(w, c)
    if experts := first(c, "num_local_experts", "num_experts"):
        w.add_expert_count(experts)
        w.add_expert_used_count(c["num_experts_per_tok"])
    rope_scaling(w, c)


def llama(w, c):
    w.add_vocab_size(c["vocab_size"])
    sizes(w, c)
    w.add_rope_freq_base(c["rope_theta"])
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    head_lengths(w, c)
    w.add_rope_dimension_count(head_size(c))
    if experts := c.get("num_local_experts"):
        w.add_expert_count(experts)
        w.add_expert_used_count(c["num_experts_per_tok"])
    rope_scaling(w, c)


def gpt2(w, c):
    w.add_vocab_size(c["vocab_size"])
    sizes(w, c, ff=first(c, "n_inner") or 4 * c["n_embd"])
    w.add_layer_norm_eps(c["layer_norm_epsilon"])


def gpt_neox(w, c):
    sizes(w, c)
    w.add_rope_dimension_count(int(c["rotary_pct"] * head_size(c)))
    w.add_parallel_residual(c["use_parallel_residual"])
    w.add_layer_norm_eps(c["layer_norm_eps"])


def bloom(w, c):
    heads, width = first(c, "n_head", "num_attention_heads"), c["hidden_size"]
    sizes(w, c | {"n_head": heads}, context=c.get("seq_length", width), ff=4 * width, kv=heads)
    w.add_layer_norm_eps(c["layer_norm_epsilon"])


def mpt(w, c):
    attention = c["attn_config"]
    sizes(w, c, context=c["max_seq_len"], ff=4 * c["d_model"], kv=attention.get("kv_n_heads"))
    w.add_layer_norm_eps(1e-5)
    if attention["clip_qkv"] is not None:
        w.add_clamp_kqv(attention["clip_qkv"])
    w.add_max_alibi_bias(attention["alibi_bias_max"])
    if attention.get("softmax_scale") is not None:
        raise Lossy("softmax_scale: a reader takes 1 / sqrt(d_head)")


def falcon_kv_heads(c):
    """The configuration of a multi-query model names as many key/value heads as query heads; there is one."""
    if c["new_decoder_architecture"]:
        return c["num_kv_heads"]
    return 1 if c["multi_query"] else c["num_attention_heads"]


def falcon(w, c):
    w.add_tensor_data_layout("jploski")
    sizes(w, c, context=2048, ff=4 * c["hidden_size"], kv=falcon_kv_heads(c))
    w.add_layer_norm_eps(c["layer_norm_epsilon"])


def starcoder(w, c):
    sizes(w, c, ff=first(c, "n_inner") or 4 * c["n_embd"], kv=1)
    w.add_layer_norm_eps(c["layer_norm_epsilon"])


def stablelm(w, c):
    sizes(w, c)
    w.add_rope_dimension_count(int(c["partial_rotary_factor"] * head_size(c)))
    w.add_parallel_residual(c["use_parallel_residual"])
    w.add_layer_norm_eps(c["layer_norm_eps"])


def qwen(w, c):
    sizes(w, c, context=first(c, "max_position_embeddings", "seq_length"))
    w.add_rope_freq_base(first(c, "rotary_emb_base"))
    w.add_rope_dimension_count(head_size(c))
    w.add_layer_norm_rms_eps(c["layer_norm_epsilon"])


def qwen_moe(w, c):
    general(w, c)
    w.add_expert_feed_forward_length(c["moe_intermediate_size"])
    if "shared_expert_intermediate_size" in c:
        w.add_expert_shared_feed_forward_length(c["shared_expert_intermediate_size"])


def phi2(w, c):
    heads = c["num_attention_heads"]
    sizes(w, c, kv=heads)
    w.add_layer_norm_eps(c["layer_norm_eps"])
    w.add_rope_dimension_count(int(c["partial_rotary_factor"] * c["hidden_size"]) // heads)


def phi3_longrope(c):
    """-> the scaling, if any, and by how much cos and sin grow."""
    scaling = c.get("rope_scaling")
    if not scaling:
        return None, 1.0
    if first(scaling, "rope_type", "type") != "longrope":
        raise Lossy("rope scaling of phi3 other than longrope")
    original = c["original_max_position_embeddings"]
    ratio = c["max_position_embeddings"] / original
    return scaling, math.sqrt(1 + math.log(ratio) / math.log(original)) if ratio > 1 else 1.0


def phi3(w, c):
    sizes(w, c)
    w.add_rope_scaling_orig_ctx_len(c["original_max_position_embeddings"])
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    w.add_rope_dimension_count(int(c.get("partial_rotary_factor", 1.0) * c["hidden_size"]) // c["num_attention_heads"])
    w.add_rope_freq_base(c["rope_theta"])
    w.add_sliding_window(c.get("sliding_window") or 0)
    scaling, growth = phi3_longrope(c)
    if scaling:
        w.add_rope_scaling_attn_factors(growth)


def gemma(w, c):
    sizes(w, c)
    w.add_layer_norm_rms_eps(c["rms_norm_eps"])
    head_lengths(w, c)


def gemma2(w, c):
    gemma(w, c)
    w.add_attn_logit_softcapping(c["attn_logit_softcapping"])
    w.add_final_logit_softcapping(c["final_logit_softcapping"])
    w.add_sliding_window(c["sliding_window"])
    alternates(c, 2)
    scaled_by_head(c)


def gemma3(w, c):
    gemma(w, c)
    w.add_rope_freq_base(c["rope_theta"])
    w.add_rope_freq_base_swa(c["rope_local_base_freq"])
    rope_scaling(w, c)
    if c.get("final_logit_softcapping"):
        w.add_final_logit_softcapping(c["final_logit_softcapping"])
    w.add_sliding_window(c["sliding_window"])
    alternates(c, 6)
    scaled_by_head(c)


def alternates(c, period):
    """Readers count: the last of each `period` layers sees everything, the others slide."""
    implied = ["sliding_attention" if (i + 1) % period else "full_attention" for i in range(c["num_hidden_layers"])]
    if c["layer_types"] != implied:
        raise Lossy(f"layer_types: a reader takes every {period}th layer for a full one")


def scaled_by_head(c):
    if c["query_pre_attn_scalar"] != c["head_dim"]:
        raise Lossy("query_pre_attn_scalar: a reader takes head_dim")


def cohere(w, c):
    general(w, c)
    w.add_logit_scale(c["logit_scale"])
    w.add_rope_scaling_type(RopeScalingType.NONE)


def olmo(w, c):
    general(w, c)
    w.add_layer_norm_eps(1e-5)
    if c.get("clip_qkv") is not None:
        w.add_clamp_kqv(c["clip_qkv"])


def granite(w, c):
    llama(w, c)
    w.add_attention_scale(c["attention_multiplier"])
    w.add_embedding_scale(c["embedding_multiplier"])
    w.add_residual_scale(c["residual_multiplier"])
    w.add_logit_scale(c["logits_scaling"])


def smollm3(w, c):
    llama(w, c)
    if c["no_rope_layers"] != [int((i + 1) % 4 != 0) for i in range(c["num_hidden_layers"])]:
        raise Lossy("no_rope_layers: a reader takes every fourth layer for one without")


def gpt_oss(w, c):
    general(w, c)
    w.add_sliding_window(c["sliding_window"])
    w.add_expert_feed_forward_length(c["intermediate_size"])
    alternates(c, 2)


# ---------------------------------------------------------------------------------------------------------------------
# Tensors


def change(pattern, function):
    """Applies function(config, tensor) to every tensor whose name the pattern finds."""
    return lambda c, tensors: {n: function(c, t) if re.search(pattern, n) else t for n, t in tensors.items()}


def to_pairs(weight, n_head):
    """Rows of each head from halves (i, i + K/2) to interleaved pairs (2i, 2i+1)."""
    k = weight.shape[0] // n_head
    return weight.reshape(n_head, 2, k // 2, *weight.shape[1:]).swapaxes(1, 2).reshape(weight.shape)


def by_kind(weight, n_group, k):
    """Rows of n_group times [queries..., key, value], heads of size k, to all queries, all keys, all values."""
    groups = weight.reshape(n_group, -1, k, *weight.shape[1:])
    parts = groups[:, :-2], groups[:, -2:-1], groups[:, -1:]
    return np.concatenate([part.reshape(-1, *weight.shape[1:]) for part in parts])


def llama3_factors(config):
    """What each inverse frequency is divided by: 1 for short wavelengths, the factor for long ones, a blend between."""
    scaling = config["rope_scaling"]
    k = head_size(config)
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    wavelength = 2 * math.pi * config["rope_theta"] ** (np.arange(0, k, 2) / k)
    cycles = scaling["original_max_position_embeddings"] / wavelength
    blend = np.clip((cycles - low) / (high - low), 0, 1)
    return (1 / ((1 - blend) / scaling["factor"] + blend)).astype(F32)


def rope_factors(c, tensors):
    if first(c.get("rope_scaling") or {}, "rope_type", "type") == "llama3":
        return {"rope_freqs.weight": llama3_factors(c)} | tensors
    return tensors


def phi3_factors(c, tensors):
    scaling, _ = phi3_longrope(c)
    if not scaling:
        return tensors
    lengths = {f"rope_factors_{n}.weight": np.array(scaling[f"{n}_factor"], F32) for n in ("long", "short")}
    return lengths | tensors


def stacked(pattern, merged):
    """Tensors whose names match, as one with a new first axis, in the order of the group `number`."""

    def apply(_, tensors):
        result, members = {}, {}
        for name, tensor in tensors.items():
            if match := re.fullmatch(pattern, name):
                target = match.expand(merged)
                result[target] = None  # keeps the place of the first
                members.setdefault(target, {})[int(match["number"])] = tensor
            else:
                result[name] = tensor
        for target, numbered in members.items():
            result[target] = np.stack([numbered[i] for i in range(len(numbered))])
        return result

    return apply


def gpt_oss_experts(_, tensors):
    """Gate and up are columns in turn, weights [E, in, out]; the file has them apart and as [E, out, in]."""
    result = {}
    for name, tensor in tensors.items():
        stem, _, leaf = name.rpartition(".")
        part, kind = leaf.removesuffix("_bias"), "bias" if leaf.endswith("_bias") else "weight"
        if part in ("gate_up_proj", "down_proj") and kind == "weight":
            tensor = tensor.swapaxes(1, 2)
        if part == "gate_up_proj":
            result[f"{stem}.gate_proj.{kind}"] = tensor[:, 0::2]
            result[f"{stem}.up_proj.{kind}"] = tensor[:, 1::2]
        elif part == "down_proj":
            result[f"{stem}.down_proj.{kind}"] = tensor
        else:
            result[f"{name}.weight" if leaf == "sinks" else name] = tensor
    return result


q_pairs = change(r"q_proj\.(weight|bias)$", lambda c, t: to_pairs(t, c["num_attention_heads"]))
k_pairs = change(r"k_proj\.(weight|bias)$", lambda c, t: to_pairs(t, c["num_key_value_heads"]))
shifted_norms = change(r"norm\.weight$", lambda c, t: t + F32(1))
qkv_of_heads = change(
    r"query_key_value\.",
    lambda c, t: by_kind(t, heads := first(c, "n_head", "num_attention_heads"), t.shape[0] // (3 * heads)),
)
falcon_qkv = change(r"query_key_value\.", lambda c, t: by_kind(t, falcon_kv_heads(c), head_size(c)))
unprefixed = lambda _, tensors: {name.removeprefix("transformer."): t for name, t in tensors.items()}
conv1d = change(r"(c_attn|c_proj|c_fc)\.weight$", lambda c, t: np.ascontiguousarray(t.T))
mixtral_experts = stacked(
    r"model\.(layers\.\d+)\.block_sparse_moe\.experts\.(?P<number>\d+)\.(w\d)\.weight",
    r"\1.feed_forward.experts.\3.weight",
)
experts = stacked(
    r"(model\.layers\.\d+\.mlp\.experts)\.(?P<number>\d+)\.(\w+)\.weight",
    r"\1.\3.weight",
)
head_norms = stacked(
    r"(model\.layers\.\d+\.self_attn\.\w_layernorm)\.norms\.(?P<number>\d+)\.weight",
    r"\1.weight",
)

# ---------------------------------------------------------------------------------------------------------------------
# The table

SILU = {"hidden_act": ["silu"]}
TIED = {"tie_word_embeddings": [True]}
FIXED_BASE = {"rope_theta": [10000, None], "rope_scaling": [None]}
ALL_SPARSE = {"mlp_only_layers": [[], None], "decoder_sparse_step": [1, None]}
LLAMA = [rope_factors, q_pairs, k_pairs]

FAMILIES = {
    "llama": Family(A.LLAMA, llama, LLAMA, SILU),
    "mistral": Family(A.LLAMA, llama, LLAMA, SILU, windowless=True),
    "mixtral": Family(A.LLAMA, llama, [*LLAMA, mixtral_experts], SILU, windowless=True),
    "gpt2": Family(A.GPT2, gpt2, [conv1d], {"scale_attn_by_inverse_layer_idx": [False, None]}),
    "gpt_neox": Family(
        A.GPTNEOX, gpt_neox, [qkv_of_heads], {"hidden_act": ["gelu"], "rotary_emb_base": [10000, None]} | FIXED_BASE
    ),
    "bloom": Family(
        A.BLOOM, bloom, [unprefixed, qkv_of_heads], {"apply_residual_connection_post_layernorm": [False]}
    ),
    "mpt": Family(A.MPT, mpt, [], {"no_bias": [True], "layer_norm_epsilon": [1e-5]}),
    "falcon": Family(
        A.FALCON,
        falcon,
        [falcon_qkv],
        {"activation": ["gelu"], "alibi": [False], "bias": [False], "parallel_attn": [True]} | FIXED_BASE,
    ),
    "gpt_bigcode": Family(
        A.STARCODER, starcoder, [], {"activation_function": ["gelu_pytorch_tanh"], "multi_query": [True]}
    ),
    "starcoder2": Family(A.STARCODER2, general, [], {"hidden_act": ["gelu_pytorch_tanh"]}, windowless=True),
    "stablelm": Family(A.STABLELM, stablelm, [head_norms], SILU | FIXED_BASE),
    "qwen": Family(A.QWEN, qwen),
    "qwen2": Family(A.QWEN2, general, [], SILU, windowless=True),
    "qwen2_moe": Family(
        A.QWEN2MOE, qwen_moe, [experts], SILU | {"norm_topk_prob": [False]} | ALL_SPARSE, windowless=True
    ),
    "qwen3": Family(A.QWEN3, general, [], SILU, windowless=True),
    "qwen3_moe": Family(
        A.QWEN3MOE, qwen_moe, [experts], SILU | {"norm_topk_prob": [True]} | ALL_SPARSE, windowless=True
    ),
    "phi": Family(A.PHI2, phi2, [], {"hidden_act": ["gelu_new"], "qk_layernorm": [False, None]} | FIXED_BASE),
    "phi3": Family(A.PHI3, phi3, [phi3_factors], SILU),
    "gemma": Family(A.GEMMA, gemma, [shifted_norms], TIED | FIXED_BASE),
    "gemma2": Family(A.GEMMA2, gemma2, [shifted_norms], TIED | FIXED_BASE),
    "gemma3_text": Family(A.GEMMA3, gemma3, [shifted_norms], {"attn_logit_softcapping": [None]}),
    "cohere": Family(A.COMMAND_R, cohere, [], SILU | TIED | {"rope_scaling": [None]}),
    "olmo": Family(A.OLMO, olmo, [q_pairs, k_pairs], SILU),
    "olmo2": Family(A.OLMO2, general, [], SILU),
    "olmoe": Family(
        A.OLMOE, general, [experts], SILU | {"norm_topk_prob": [False], "rms_norm_eps": [1e-5], "clip_qkv": [None]}
    ),
    "granite": Family(A.GRANITE, granite, LLAMA, SILU),
    "smollm3": Family(A.SMOLLM3, smollm3, LLAMA, SILU, windowless=True),
    "gpt_oss": Family(A.GPT_OSS, gpt_oss, [gpt_oss_experts]),
}
WITHOUT_ARCHITECTURE = ("opt", "gpt_neo", "gptj", "codegen")


def feels_window(c):
    """Whether some prompt within the context would feel a window."""
    window = c.get("sliding_window") if c.get("use_sliding_window", True) else None
    return window is not None and window < c["max_position_embeddings"]


def find_family(config):
    """-> the Family of a configuration whose GGUF form loses nothing; raises Lossy otherwise."""
    model_type = config["model_type"]
    if model_type in WITHOUT_ARCHITECTURE:
        raise Lossy("llama.cpp has no such architecture")
    family = FAMILIES[model_type]
    for key, values in family.implied.items():
        if config.get(key) not in values:
            raise Lossy(f"{key} {config.get(key)}: the file has no key for it")
    if family.windowless and feels_window(config):
        raise Lossy("sliding_window: the file has no key for it")
    return family
