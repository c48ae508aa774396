"""Models of a GGUF file as Hugging Face models: the architectures llama and gpt2."""

import numpy as np
import torch
from transformers import AutoModelForCausalLM, GPT2Config, LlamaConfig


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
