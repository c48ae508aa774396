"""The published tool, from a checkout that the user has: forward pass, whole graph, route. See runner.py.

Used through what it offers to others: TransformerLensTransparentLlm, build_full_graph, build_paths_to_predictions. The job
says where the checkout is ("published") and a folder that may be written ("cache").

It runs models that TransformerLens knows by name, and prompts that are text. So a cache is laid out as Hugging
Face's library would find it, in which a known name of the same architecture has the configuration of our model, and a
tokenizer for which the text "17 4" is the tokens 17 and 4.
"""

import json
import os
import sys
from pathlib import Path

from runner import seconds_of, serve

OFFICIAL = {"gpt2": "gpt2", "llama": "01-ai/Yi-6B"}  # names that TransformerLens opens by their config alone
THRESHOLD = 0.04
NO_TOKEN = "<none>"  # in no prompt


def lay_cache(folder, name, config, n_vocab):
    """-> what stands for a download of the model `name`, without its weights"""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    repository = folder / "hub" / ("models--" + name.replace("/", "--"))
    snapshot = repository / "snapshots" / "0"
    snapshot.mkdir(parents=True, exist_ok=True)
    (repository / "refs").mkdir(exist_ok=True)
    (repository / "refs" / "main").write_text("0", encoding="ascii")
    vocabulary = {**{str(i): i for i in range(n_vocab)}, NO_TOKEN: n_vocab}
    words = Tokenizer(models.WordLevel(vocabulary, unk_token=NO_TOKEN))
    words.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    special = {f"{role}_token": NO_TOKEN for role in ("bos", "eos", "pad", "unk")}
    PreTrainedTokenizerFast(tokenizer_object=words, **special).save_pretrained(snapshot)
    described = {**config.to_dict(), "architectures": [type_of_model(config)]}
    (snapshot / "config.json").write_text(json.dumps(described, default=str), encoding="utf-8")
    # AutoTokenizer would take the class that the model type has, and that needs other files.
    path = snapshot / "tokenizer_config.json"
    settings = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**settings, "tokenizer_class": "PreTrainedTokenizerFast"}), encoding="utf-8")


def type_of_model(config):
    return {"gpt2": "GPT2LMHeadModel", "llama": "LlamaForCausalLM"}[config.model_type]


def load(job):
    sys.path.insert(0, job["published"])
    os.environ["HF_HOME"] = job["cache"]  # before any library of Hugging Face is imported
    import torch
    from torch_model import open_model

    torch.set_grad_enabled(False)
    hf_model = open_model(job)
    n_vocab = hf_model.config.vocab_size
    if hf_model.config.model_type not in OFFICIAL:
        raise SystemExit(
            f"{job['model']}: expected one of {list(OFFICIAL)}, found {hf_model.config.model_type}"
        )
    name = OFFICIAL[hf_model.config.model_type]
    lay_cache(Path(job["cache"]), name, hf_model.config, n_vocab)

    from llm_transparency_tool.models.tlens_model import TransformerLensTransparentLlm
    from llm_transparency_tool.routes.graph import build_full_graph, build_paths_to_predictions

    model = TransformerLensTransparentLlm(
        model_name=name, hf_model=hf_model, device="cpu", dtype=torch.float32
    )
    n_layer = hf_model.config.num_hidden_layers

    def run(ids):
        _, forward = seconds_of(lambda: model.run([" ".join(map(str, ids))]))
        found = model.tokens().shape[-1]
        if found != len(ids):
            raise SystemExit(f"tokens: expected {len(ids)}, found {found}")
        graph, contributions = seconds_of(lambda: build_full_graph(model, 0, THRESHOLD))
        _, route = seconds_of(
            lambda: build_paths_to_predictions(graph, n_layer, len(ids), [len(ids) - 1], THRESHOLD)
        )
        return {"forward": forward, "contributions": contributions, "route": route}

    return run


serve(load, ("transformer-lens", "torch"))
