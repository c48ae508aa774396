"""Hugging Face's transformers: the forward pass alone, float32, eager, logits of the last token. See runner.py."""

import torch
from runner import seconds_of, serve
from torch_model import open_model


def load(job):
    model = open_model(job)

    @torch.inference_mode()
    def run(ids):
        prompt = torch.tensor([ids])
        _, seconds = seconds_of(lambda: model(prompt, use_cache=False, logits_to_keep=1))
        return {"forward": seconds}

    return run


serve(load, ("transformers", "torch"))
