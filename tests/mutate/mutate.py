#!/usr/bin/env python3
"""Broken copies of good models: whatever is wrong with a file, limpid must say so and exit with 1.

    tests/mutate/mutate.py OUT                         100 GGUF files, 100 folders with safetensors and
                                                       100 with PyTorch weights under OUT
    tests/mutate/mutate.py OUT --check build/release/limpid
                                                       the same, then runs `limpid explain` on each of them

The same arguments give the same bytes. Each copy breaks the structure of its model in a way that is fatal by
construction (gguf_mutations.py, safetensors_mutations.py, pytorch_mutations.py). Needs nothing but Python.
"""

import argparse
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import gguf_mutations
import pytorch_mutations
import safetensors_mutations

MODELS = Path(__file__).resolve().parent.parent.parent / "testdata" / "models"
PROMPT = "a b"
TIMEOUT_S = 20
# A sanitizer's own exit code must not pass for the program's.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "exitcode=99", "UBSAN_OPTIONS": "exitcode=99"}


def mutants(kind, mutations, sources, count, seed, make):
    """Yields (name, product) for `count` copies, going through all mutations again and again."""
    for i in range(count):
        mutation = mutations[i % len(mutations)]
        rng = random.Random(f"{seed}/{kind}/{i}")
        product = None
        while product is None:  # a source may lack what the mutation is about
            product = make(mutation, rng.choice(sources), rng)
        yield f"{kind}-{i:03}-{mutation.__name__}", product


def make_gguf(mutation, source, rng):
    broken = mutation(gguf_mutations.Gguf(source), rng)
    assert broken != source, mutation.__name__
    return broken


def make_folder(mutation, source, rng):
    folder = safetensors_mutations.Folder(source, rng)
    if mutation(folder, rng) is False:
        return None
    assert folder.files != source, mutation.__name__
    return folder.files


def make_pytorch(mutation, source, rng):
    folder = pytorch_mutations.Folder(source)
    folder.write()
    sound = folder.files.pop(pytorch_mutations.WEIGHTS)
    mutation(folder, rng)
    folder.finish()
    assert folder.files[pytorch_mutations.WEIGHTS] != sound, mutation.__name__
    return folder.files


def sound_pytorch(source):
    folder = pytorch_mutations.Folder(source)
    folder.finish()
    return folder.files


def write_folder(path, files):
    path.mkdir(exist_ok=True)
    for file in path.iterdir():
        file.unlink()
    for file, data in files.items():
        (path / file).write_bytes(data)


def read_folder(folder):
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir()) if file.suffix not in (".gguf", ".bin")}


def write_sound_pytorch(out, folders):
    """Nothing broken, to show that it is the mutations that break the others. Returns the paths."""
    paths = []
    for folder in folders:
        source = read_folder(folder)
        if "model.safetensors" in source:
            paths.append(out / f"pytorch-sound-{folder.name}")
            write_folder(paths[-1], sound_pytorch(source))
    return paths


def write_all(out, ggufs, folders, count, seed):
    """Writes the copies and returns their paths."""
    paths = []
    sources = [path.read_bytes() for path in ggufs]
    for name, data in mutants("gguf", gguf_mutations.MUTATIONS, sources, count, seed, make_gguf):
        path = out / f"{name}.gguf"
        path.write_bytes(data)
        paths.append(path)
    sources = [read_folder(folder) for folder in folders]
    for name, files in mutants("safetensors", safetensors_mutations.MUTATIONS, sources, count, seed, make_folder):
        paths.append(out / name)
        write_folder(paths[-1], files)
    whole = [source for source in sources if "model.safetensors" in source]
    for name, files in mutants("pytorch", pytorch_mutations.MUTATIONS, whole, count, seed, make_pytorch):
        paths.append(out / name)
        write_folder(paths[-1], files)
    return paths


def explain(binary, path):
    """(exit code, stderr); the code is None after a timeout."""
    try:
        done = subprocess.run([binary, "explain", path, PROMPT], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, timeout=TIMEOUT_S, env=ENVIRONMENT, check=False)
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stderr.decode(errors="replace")


def complaint(code, message):
    """What is wrong with an answer to a broken model, or None."""
    if code is None:
        return f"no answer after {TIMEOUT_S} s"
    if code != 1:
        return f"exit code {code}, expected 1: {message.strip()[:300]}"
    if not message.strip():
        return "no message"
    for sign in ("Sanitizer", "runtime error", "internal error", "terminate called"):
        if sign in message:
            return message.strip()[:300]
    return None


def check(binary, sources, paths, verbose):
    """Number of failures; the sound models must work, or the check would prove nothing."""
    failures = 0
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for path, (code, message) in zip(sources, pool.map(lambda p: explain(binary, p), sources)):
            if code != 0:
                failures += 1
                print(f"{path}: sound, but exit code {code}: {message.strip()}")
        for path, (code, message) in zip(paths, pool.map(lambda p: explain(binary, p), paths)):
            problem = complaint(code, message)
            failures += problem is not None
            if problem or verbose:
                print(f"{path.name}: {problem or message.strip()}")
    print(f"{len(paths)} broken models, {failures} failures")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path, help="folder for the copies")
    parser.add_argument("--gguf", type=Path, nargs="+", default=sorted(MODELS.glob("*/model.*.gguf")))
    parser.add_argument("--safetensors", type=Path, nargs="+", help="model folders",
                        # A quantised folder is still a model without its scales.
                        default=sorted(p.parent for p in MODELS.glob("*/config.json") if "quant_method" not in p.read_text()))
    parser.add_argument("-n", type=int, default=100, help="copies of each kind")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--check", metavar="BINARY", type=Path, help="the limpid program to run on each copy")
    parser.add_argument("--verbose", action="store_true", help="with --check: print every message")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    paths = write_all(arguments.out, arguments.gguf, arguments.safetensors, arguments.n, arguments.seed)
    if arguments.check is None:
        return 0
    sources = [*arguments.gguf, *arguments.safetensors, *write_sound_pytorch(arguments.out, arguments.safetensors)]
    return 1 if check(arguments.check.resolve(), sources, paths, arguments.verbose) else 0


if __name__ == "__main__":
    sys.exit(main())
