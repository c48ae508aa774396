"""The tiny models that transformers builds: configuration and what departs from the rule that fills their weights.

`config` is what differs from the family's defaults. `scales` replaces the scale of matrices whose name contains the
key; `drop` names keys that published checkpoints lack and that are taken out of config.json again.

Windows are at most 7 tokens or lie between 7 and 23, lengths of scaled positions lie between 7 and 23, soft caps, clips
and multipliers are strong enough that the logits show it when one is ignored.
"""

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
LLAMA = SIZES | {"model_type": "llama", "rms_norm_eps": 1e-5, "tie_word_embeddings": True}
NEOX = {
    "model_type": "gpt_neox",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "rotary_pct": 0.5,
    "max_position_embeddings": 64,
}
NEOX_DROP = ["partial_rotary_factor", "rope_theta"]
GPT_J = {"n_positions": 64, "n_embd": 32, "n_layer": 2, "n_inner": 64}
BIGCODE = {"model_type": "gpt_bigcode", "n_positions": 64, "n_embd": 24, "n_layer": 2, "n_head": 4}
FALCON = {"model_type": "falcon", "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
PHI3 = SIZES | {"model_type": "phi3", "pad_token_id": None}
STABLELM = SIZES | {"model_type": "stablelm", "partial_rotary_factor": 0.5}
# Without the factor 1 / sqrt(d_head) scores are larger.
SMALL_SCORES = {"q_proj": 0.8, "k_proj": 0.8}

FAMILIES = {
    "gpt2-layer-scaled": dict(  # a third layer, whose scale is neither 1 nor a power of 2
        config={
            "model_type": "gpt2",
            "scale_attn_by_inverse_layer_idx": True,
            "n_positions": 64,
            "n_embd": 24,
            "n_layer": 3,
            "n_head": 3,
        },
        scales={"c_attn": 2.4},
    ),
    "opt": dict(
        config={
            "model_type": "opt",
            "hidden_size": 24,
            "word_embed_proj_dim": 24,
            "ffn_dim": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 3,
            "max_position_embeddings": 64,
        }
    ),
    "gpt_neo": dict(
        config={
            "model_type": "gpt_neo",
            "hidden_size": 24,
            "num_layers": 2,
            "num_heads": 3,
            "attention_types": [[["global", "local"], 1]],
            "window_size": 5,
            "max_position_embeddings": 64,
        },
        scales=SMALL_SCORES,
    ),
    "gptj": dict(config=GPT_J | {"model_type": "gptj", "n_head": 4, "rotary_dim": 4}),
    "codegen": dict(  # eight heads, so that each of the four blocks holds two
        config=GPT_J | {"model_type": "codegen", "n_ctx": 64, "n_head": 8, "rotary_dim": 2}
    ),
    "gpt_neox-parallel": dict(config=NEOX, drop=NEOX_DROP),
    "gpt_neox-sequential": dict(config=NEOX | {"use_parallel_residual": False}, drop=NEOX_DROP),
    "llama-rope-dynamic": dict(
        config=LLAMA
        | {"max_position_embeddings": 16, "rope_scaling": {"rope_type": "dynamic", "factor": 2.0}}
    ),
    "llama-rope-yarn": dict(
        config=LLAMA
        | {
            "rope_scaling": {
                "rope_type": "yarn",
                "factor": 4.0,
                "original_max_position_embeddings": 16,
                "beta_fast": 1.0,
                "beta_slow": 0.1,
            },
        }
    ),
    "mistral": dict(config=SIZES | {"model_type": "mistral", "sliding_window": 5, "head_dim": 10}),
    "mixtral": dict(
        config=SIZES
        | {"model_type": "mixtral", "hidden_size": 24, "intermediate_size": 20, "num_local_experts": 4}
        | {"num_experts_per_tok": 2}
    ),
    "qwen": dict(
        config={
            "model_type": "qwen",
            "architectures": ["QWenLMHeadModel"],
            "hidden_size": 32,
            "num_hidden_layers": 2,
            "num_attention_heads": 4,
            "kv_channels": 8,
            "intermediate_size": 96,
            "layer_norm_epsilon": 1e-6,
            "seq_length": 64,
            "max_position_embeddings": 64,
            "rotary_emb_base": 10000,
            "rotary_pct": 1.0,
            "no_bias": True,
            "scale_attn_weights": True,
            "use_dynamic_ntk": False,
            "use_logn_attn": False,
            "tie_word_embeddings": False,
        }
    ),
    "qwen2": dict(
        config=SIZES
        | {"model_type": "qwen2", "use_sliding_window": True, "sliding_window": 5, "max_window_layers": 1}
        | {"tie_word_embeddings": True},
        drop=["layer_types"],
    ),
    "qwen2_moe": dict(
        config=SIZES
        | {
            "model_type": "qwen2_moe",
            "hidden_size": 24,
            "num_experts": 4,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 12,
            "shared_expert_intermediate_size": 20,
            "norm_topk_prob": False,
            "mlp_only_layers": [0],
        },
    ),
    "qwen3": dict(config=SIZES | {"model_type": "qwen3", "head_dim": 12}),
    "qwen3_moe": dict(
        config=SIZES
        | {
            "model_type": "qwen3_moe",
            "hidden_size": 24,
            "head_dim": 8,
            "num_experts": 6,
            "num_experts_per_tok": 2,
            "moe_intermediate_size": 10,
            "norm_topk_prob": True,
            "decoder_sparse_step": 2,
        },
    ),
    "phi": dict(config=SIZES | {"model_type": "phi", "num_key_value_heads": 4, "partial_rotary_factor": 0.5}),
    "phi-qk-norm": dict(
        config=SIZES
        | {"model_type": "phi", "num_key_value_heads": 4, "partial_rotary_factor": 0.5, "qk_layernorm": True}
    ),
    "phi3": dict(config=PHI3 | {"sliding_window": 9}),
    "phi3-longrope": dict(
        config=PHI3
        | {
            "original_max_position_embeddings": 16,
            "partial_rotary_factor": 0.75,
            "rope_scaling": {
                "type": "longrope",
                "short_factor": [1.0, 1.1, 1.4],
                "long_factor": [1.5, 3.0, 6.0],
            },
        }
    ),
    "gemma": dict(
        config=SIZES
        | {
            "model_type": "gemma",
            "num_key_value_heads": 1,
            "head_dim": 10,
            "hidden_activation": "gelu_pytorch_tanh",
        }
    ),
    "gemma2": dict(
        config=SIZES
        | {
            "model_type": "gemma2",
            "head_dim": 10,
            "query_pre_attn_scalar": 6,
            "attn_logit_softcapping": 2.0,
            "final_logit_softcapping": 4.0,
            "sliding_window": 5,
        },
        drop=["layer_types"],
    ),
    "gemma3_text": dict(
        config=SIZES
        | {
            "model_type": "gemma3_text",
            "num_hidden_layers": 3,
            "head_dim": 8,
            "query_pre_attn_scalar": 6,
            "rope_theta": 1000000.0,
            "rope_local_base_freq": 10000.0,
            "rope_scaling": {"rope_type": "linear", "factor": 4.0},
            "sliding_window": 5,
            "layer_types": ["sliding_attention", "full_attention", "sliding_attention"],
        }
    ),
    "stablelm": dict(config=STABLELM | {"use_qkv_bias": True}),
    "stablelm-parallel": dict(config=STABLELM | {"use_parallel_residual": True, "qk_layernorm": True}),
    "starcoder2": dict(config=SIZES | {"model_type": "starcoder2", "sliding_window": 7, "use_bias": True}),
    "gpt_bigcode-mqa": dict(config=BIGCODE),
    "gpt_bigcode-mha": dict(config=BIGCODE | {"multi_query": False}),
    "falcon-7b": dict(config=FALCON | {"multi_query": True, "parallel_attn": True, "bias": False}),
    "falcon-new": dict(config=FALCON | {"new_decoder_architecture": True, "num_kv_heads": 2}),
    "falcon-rw": dict(  # twelve heads: slopes that bfloat16 rounds
        config=FALCON
        | {"hidden_size": 24, "num_attention_heads": 12, "alibi": True}
        | {"multi_query": False, "parallel_attn": False, "bias": True}
    ),
    "bloom": dict(config={"model_type": "bloom", "hidden_size": 24, "n_layer": 2, "n_head": 3}),
    "mpt": dict(
        config={
            "model_type": "mpt",
            "d_model": 24,
            "n_heads": 6,
            "n_layers": 2,
            "max_seq_len": 64,
            "attn_config": {"alibi": True, "clip_qkv": 1.2},
        }
    ),
    "cohere": dict(config=SIZES | {"model_type": "cohere", "use_qk_norm": True, "logit_scale": 0.5}),
    "olmo": dict(config=SIZES | {"model_type": "olmo", "clip_qkv": 1.4, "pad_token_id": None}),
    "olmo2": dict(config=SIZES | {"model_type": "olmo2", "pad_token_id": None}),
    "olmoe": dict(
        config=SIZES
        | {
            "model_type": "olmoe",
            "hidden_size": 24,
            "intermediate_size": 10,
            "num_experts": 6,
            "num_experts_per_tok": 3,
            "norm_topk_prob": False,
            "pad_token_id": None,
        }
    ),
    "granite": dict(
        config=SIZES
        | {
            "model_type": "granite",
            "tie_word_embeddings": True,
            "embedding_multiplier": 3.0,
            "attention_multiplier": 0.2,
            "residual_multiplier": 0.6,
            "logits_scaling": 2.0,
        }
    ),
    "smollm3": dict(
        config=SIZES
        | {
            "model_type": "smollm3",
            "num_hidden_layers": 3,
            "no_rope_layers": [1, 0, 1],
            "tie_word_embeddings": True,
            "pad_token_id": None,
        }
    ),
    "gpt_oss": dict(  # inner products beyond the clamp at 7 occur
        config=SIZES
        | {
            "model_type": "gpt_oss",
            "hidden_size": 24,
            "head_dim": 8,
            "intermediate_size": 12,
            "num_local_experts": 4,
            "num_experts_per_tok": 2,
            "sliding_window": 5,
            "attention_bias": True,
            "rope_theta": 1000.0,
            "rope_scaling": {
                "rope_type": "yarn",
                "factor": 4.0,
                "beta_fast": 1.0,
                "beta_slow": 0.1,
                "truncate": False,
                "original_max_position_embeddings": 16,
            },
        },
        scales={"gate_up_proj": 3.0, "experts.down_proj": 0.3},
    ),
}


def variant(name, **changes):
    return FAMILIES[name] | {"config": FAMILIES[name]["config"] | changes}


# Families of which a GGUF file cannot say what the folder above has: the same without that, so that their GGUF form
# has a model too.
YARN = FAMILIES["gpt_oss"]["config"]["rope_scaling"]
FAMILIES |= {
    "qwen2-gguf": variant("qwen2", use_sliding_window=False),
    "qwen2_moe-gguf": variant("qwen2_moe", mlp_only_layers=[]),
    "qwen3_moe-gguf": variant("qwen3_moe", decoder_sparse_step=1),
    "gemma2-gguf": variant("gemma2", query_pre_attn_scalar=10),
    "gemma3_text-gguf": variant(
        "gemma3_text",
        query_pre_attn_scalar=8,
        num_hidden_layers=6,
        layer_types=["sliding_attention"] * 5 + ["full_attention"],
    ),
    "starcoder2-gguf": variant("starcoder2", sliding_window=None),
    "smollm3-gguf": variant("smollm3", num_hidden_layers=4, no_rope_layers=[1, 1, 1, 0]),
    "gpt_oss-gguf": variant("gpt_oss", rope_scaling=YARN | {"truncate": True}),
}
