"""Writes testdata/goldens/generation.json: what greedy decoding gives with oracle/'s models.

    oracle/bin/python tools/make_generation_goldens.py --smollm2 SmolLM2-135M-Instruct.Q4_1.gguf

Every token is the largest logit of a run over all tokens before it, without a cache: what a cache must reproduce. It stops
where rounding could decide, when the two largest logits are nearly equal.
"""

import argparse
import json
import pathlib

import numpy as np

import oracle
from make_goldens import SMOLLM2_PROMPTS, case_ids

MARGIN = 1e-3  # in logits; implementations agree to 5e-5 of the largest one, here at most 20
SMOLLM2_TOKENS = 50
SMOLLM2_STOPS = (2,)  # <|im_end|>
CHAT_IDS = (  # "What is the capital of France?", in the model's chat template
    [1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411, 407, 19712, 8182, 2, 198]
    + [1, 4093, 198, 1780, 314, 260, 3575, 282, 4649, 47, 2, 198, 1, 520, 9531, 198]
)
# Caches, windows, positions, norms and experts of every kind; two rotate otherwise from 17 tokens on.
TINY = (
    "bloom cohere falcon-rw gemma2 gemma3_text gpt2 gpt_neox-parallel gpt_oss gptj granite llama-rope-dynamic llama-tied"
    " mistral mixtral mpt olmo2 opt phi3 phi3-longrope qwen2_moe qwen3 starcoder2"
).split()
TINY_PROMPT, TINY_TOKENS = 7, 20


def greedy(model, prompt, n_token, stops, where):
    ids, margin = list(prompt), float("inf")
    while len(ids) < len(prompt) + n_token and ids[-1] not in stops:
        logits = oracle.last_logits(model, ids)
        second, best = np.argsort(logits, kind="stable")[-2:]
        margin = min(margin, float(logits[best] - logits[second]))
        ids.append(int(best))
    if not margin > MARGIN:
        raise SystemExit(f"{where}: a token hangs on {margin:.2g}")
    print(where, f"margin {margin:.2g}", ids[len(prompt) :])
    return {"model": where, "prompt": list(prompt), "stops": list(stops), "generated": ids[len(prompt) :]}


def main():
    testdata = pathlib.Path(__file__).resolve().parent.parent / "testdata"
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--smollm2", type=pathlib.Path, required=True, help="the default model's GGUF file")
    options = parser.parse_args()
    rows = []
    for name in TINY:
        model = oracle.load_model(str(testdata / "models" / name))
        rows.append(greedy(model, case_ids(TINY_PROMPT, model.config.vocab_size), TINY_TOKENS, (), name))
    model = oracle.load_model(str(options.smollm2))
    for name in ("mary", "war"):
        rows.append(greedy(model, SMOLLM2_PROMPTS[name][1], SMOLLM2_TOKENS, (), ""))
    rows.append(greedy(model, CHAT_IDS, SMOLLM2_TOKENS, SMOLLM2_STOPS, ""))
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    (testdata / "goldens" / "generation.json").write_text("[\n" + lines + "\n]\n", encoding="utf-8")


if __name__ == "__main__":
    main()
