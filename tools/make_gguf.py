"""Writes model.f32.gguf into Hugging Face folders of tiny test models, the way llama.cpp's converter would.

    oracle/bin/python tools/make_gguf.py FOLDER...

(set-up: see oracle/__init__.py). make_models.py calls it for every model that it makes. A folder whose model the GGUF form
cannot express gets no file, and a line that says why. gguf_families.py holds what is special to an architecture; names of
tensors are those of gguf's own tables. Vectors are always F32. Run again, it writes the same bytes.
"""

import argparse
import json
import pathlib

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Q
from gguf import LlamaFileType, TokenType

import gguf_families

# What make_models.py also writes of some models.
QUANTISED = {"q8_0": Q.Q8_0, "q4_0": Q.Q4_0, "q4_1": Q.Q4_1, "q5_0": Q.Q5_0, "q5_1": Q.Q5_1}
FILE_TYPES = {
    "f32": LlamaFileType.ALL_F32,
    "f16": LlamaFileType.MOSTLY_F16,
    "bf16": LlamaFileType.MOSTLY_BF16,
    "q8_0": LlamaFileType.MOSTLY_Q8_0,
    "q4_0": LlamaFileType.MOSTLY_Q4_0,
    "q4_1": LlamaFileType.MOSTLY_Q4_1,
    "q5_0": LlamaFileType.MOSTLY_Q5_0,
    "q5_1": LlamaFileType.MOSTLY_Q5_1,
}


def storage_type(name, value, kind):
    if value.ndim < 2 or name == "position_embd.weight" or kind == "f32":
        return Q.F32
    if kind in ("f16", "bf16"):
        return {"f16": Q.F16, "bf16": Q.BF16}[kind]
    return Q.Q8_0 if name == "token_embd.weight" else QUANTISED[kind]


def add_vocabulary(writer, tokenizer, config, add_bos):
    """Byte-level BPE, which is what every test model has. Ids without a token are padded as the converter pads them."""
    model = tokenizer["model"]
    special = {token["id"]: token["content"] for token in tokenizer["added_tokens"]}
    names = {i: token for token, i in model["vocab"].items()} | special
    ids = range(max(config["vocab_size"], len(names)))
    kinds = {i: TokenType.CONTROL if i in special else TokenType.NORMAL for i in names}
    pre = json.dumps(tokenizer["pre_tokenizer"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm" if '"Digits"' in pre else "gpt-2")
    writer.add_token_list([names.get(i, f"[PAD{i}]") for i in ids])
    writer.add_token_types([kinds.get(i, TokenType.UNUSED) for i in ids])
    writer.add_token_merges([m if isinstance(m, str) else " ".join(m) for m in model["merges"]])
    if config.get("bos_token_id") is not None:
        writer.add_bos_token_id(config["bos_token_id"])
    if config.get("eos_token_id") is not None:
        writer.add_eos_token_id(config["eos_token_id"])
    writer.add_add_bos_token(add_bos)


def named_tensors(config, weights):
    """GGUF name -> float32 array in GGUF's layout."""
    family = gguf_families.find_family(config)
    if config.get("tie_word_embeddings"):  # some folders hold the matrix twice
        weights = {name: value for name, value in weights.items() if name != "lm_head.weight"}
    for function in family.tensors:
        weights = function(config, weights)
    n_layer = gguf_families.first(config, "num_hidden_layers", "n_layers", "n_layer")
    names = gguf.get_tensor_name_map(family.arch, n_layer)
    own = {f"{gguf.TENSOR_NAMES[t]}.weight" for t in gguf.MODEL_TENSORS[family.arch]}  # rope factors have no HF name
    tensors = {}
    for name, value in weights.items():
        target = name if name in own else names.get_name(name, try_suffixes=(".weight", ".bias"))
        if target is None or target in tensors:
            raise SystemExit(f"{config['model_type']}: tensor {name} has no name of its own in GGUF")
        tensors[target] = np.ascontiguousarray(value)
    return tensors


def begin(path, name, config, tokenizer, add_bos, file_type):
    """-> a writer that has everything but the tensors."""
    family = gguf_families.find_family(config)
    writer = gguf.GGUFWriter(path, gguf.MODEL_ARCH_NAMES[family.arch])
    writer.add_type("model")
    writer.add_name(name)
    family.keys(writer, config)
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)
    add_vocabulary(writer, tokenizer, config, add_bos)
    return writer


def finish(writer):
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def write_gguf(path, name, config, weights, tokenizer, add_bos, kind):
    writer = begin(path, name, config, tokenizer, add_bos, FILE_TYPES[kind])
    for tensor, value in named_tensors(config, weights).items():
        stored = storage_type(tensor, value, kind)
        writer.add_tensor(tensor, gguf.quants.quantize(value, stored), raw_dtype=stored)
    finish(writer)


# ---------------------------------------------------------------------------------------------------------------------


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def read_config(folder):
    """config.json, and what it leaves to the defaults of its class."""
    from transformers import AutoConfig

    config = read_json(folder / "config.json")
    if config["model_type"] == "qwen":  # not in transformers
        return config
    defaults = AutoConfig.from_pretrained(folder).to_dict()
    if "head_dim" not in config:  # as in files of models that do not name it
        defaults.pop("head_dim", None)
    return defaults | config


def read_weights(folder):
    from safetensors.torch import load_file

    return {name: value.float().numpy() for name, value in load_file(folder / "model.safetensors").items()}


def convert(folder):
    """-> what to tell about the folder."""
    path = folder / "model.f32.gguf"
    path.unlink(missing_ok=True)
    settings = read_json(folder / "tokenizer_config.json")
    tokenizer = read_json(folder / "tokenizer.json")
    try:
        config = read_config(folder)
        add_bos = settings.get("add_bos_token", False)
        write_gguf(path, folder.name, config, read_weights(folder), tokenizer, add_bos, "f32")
    except gguf_families.Lossy as reason:
        return f"no GGUF: {reason}"
    return f"{path.stat().st_size} bytes"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    for folder in parser.parse_args().folders:
        print(f"{folder.name}: {convert(folder)}")


if __name__ == "__main__":
    main()
