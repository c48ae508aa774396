#!/usr/bin/env python3
"""Writes docs/models.md from what the program says of itself: tools/models_doc.py PROGRAM [> docs/models.md]"""

import json
import subprocess
import sys

START = """# Models

Written by `tools/models_doc.py` from `limpid models --format json`; change `src/model/families/` and run it again.

Every family here reproduces Hugging Face's logits, states and attention on a tiny checkpoint, in each of the formats it
comes in. `limpid info MODEL` says whether a model of yours is supported, `limpid verify MODEL` whether a run of it adds up.
What is not supported is refused by name.
"""

GENERAL = """## What holds for all

- Where Hugging Face and llama.cpp differ, limpid follows Hugging Face as far as the file says enough.
- A GGUF file does not store the activation; it is the one of the family in Hugging Face. llama.cpp rounds GELU through a
  table of half precision and differs by about 4e-3 in log-probabilities for that.
- Rotary positions are plain or scaled: linear, dynamic, llama3, YaRN, longrope. GGUF has no dynamic scaling. Other
  scalings, and activations other than SiLU, GELU (exact and tanh) and ReLU, are refused in every family.
- Refused too: encoders, cross-attention, models that see or hear, values of another width than keys.
"""


def table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |\n" for line in lines)


def family_row(family: dict) -> list[str]:
    in_gguf = f"`{family['gguf_architecture']}`" if family["gguf_architecture"] else "-"
    return [f"`{family['name']}`", in_gguf, family["examples"]]


def remarks(family: dict) -> str:
    refused = f"Refused: {family['refused']}." if family["refused"] else ""
    return f"- **`{family['name']}`** " + " ".join(text for text in (family["notes"], refused) if text) + "\n"


def document(models: dict) -> str:
    formats = [[f"`{f['name']}`", f["description"], f["weights"]] for f in models["formats"]]
    adapters = [f"{a['name']}: {a['description']}; `--adapter DIR`.\n" for a in models["adapters"]]
    parts = [
        START,
        "## Families\n\nBy Hugging Face's `model_type` and GGUF's `general.architecture`; where there is none, "
        "the notes below say why.\n\n"
        + table(["`model_type`", "GGUF", "members"], [family_row(f) for f in models["families"]]),
        "## Formats\n\nFiles may be split or sharded. Naming a .safetensors, .bin, .pt or .pth file opens that one.\n\n"
        + table(["format", "what to name", "weights"], formats),
        "## Adapters\n\n" + "".join(adapters),
        GENERAL,
        "## Families: notes, and what is refused\n\n"
        + "".join(remarks(f) for f in models["families"] if f["notes"] or f["refused"]),
    ]
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    if len(arguments) != 1:
        print(__doc__, file=sys.stderr)
        return 2
    done = subprocess.run([arguments[0], "models", "--format", "json"], capture_output=True, check=True)
    sys.stdout.write(document(json.loads(done.stdout)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
