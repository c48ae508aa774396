"""What is measured: models, and the prompt that all competitors get."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import environments
from errors import CompareError

HERE = Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

# As in src/api/bench.cc, so that all read the same; a test holds the two together.
PASSAGE = (
    "The river had been low all summer, and the ferryman spent his mornings mending nets that nobody would "
    "cast before autumn. When the rain came at last it came for nine days, and on the tenth the water stood "
    "at the door of the schoolhouse. Anna counted the children twice, wrote 23 on the slate, and sent the "
    "oldest boy to ask whether the boats could cross. He returned with wet boots and a single word: no. "
)
UNTRAINED_IDS = 1000  # ids of a prompt for a model without tokenizer count up to this

TITLES = {
    "smollm2": "SmolLM2-135M-Instruct",
    "gpt2": "GPT-2 small shape, random weights",
    "gpt2-xl": "GPT-2 XL shape, random weights",
}
SHAPES = {"gpt2": "small", "gpt2-xl": "xl"}  # of make_gpt2.py


@dataclass(frozen=True)
class Model:
    name: str
    path: str
    info: dict  # what `limpid info --format json` says
    ids: list

    @property
    def is_gguf(self):
        return self.info["format"] == "gguf"

    def lengths(self, wanted):
        return sorted({n for n in wanted if n <= self.info["spec"]["n_ctx"]})


def ask(limpid, *arguments):
    """-> what a verb writes as JSON; None when it fails"""
    done = subprocess.run([limpid, *arguments], capture_output=True, text=True, check=False)
    return json.loads(done.stdout) if done.returncode == 0 else None


def random_model(root, name):
    """-> folder of a model of random weights, written when it is not there"""
    folder = root / "models" / name
    if not (folder / "config.json").is_file():  # written last
        python = environments.python_of(root / "env", "transformers")
        if not python.is_file():
            python = sys.executable
        script = REPOSITORY / "bench" / "make_gpt2.py"
        subprocess.run(["rm", "-rf", folder], check=True)
        done = subprocess.run(
            [python, script, folder, "--shape", SHAPES[name]], stdout=sys.stderr, check=False
        )
        if done.returncode:
            raise CompareError(
                f"{folder}: {script.name} failed, see above", "it needs numpy: run --setup first"
            )
    return folder


def open_model(limpid, root, name):
    place = () if name == "smollm2" else (str(random_model(root, name)),)
    info = ask(limpid, "info", *place, "--format", "json")
    if info is None:
        raise CompareError(f"{name}: {limpid} cannot open it", "`make model` fetches the default model")
    tokens = ask(limpid, "tokenize", info["path"], "--json", PASSAGE)
    ids = tokens["ids"] if tokens else list(range(min(info["spec"]["n_vocab"], UNTRAINED_IDS)))
    return Model(name, info["path"], info, ids)
