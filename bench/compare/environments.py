"""Virtual environments of the competitors, made from pinned and hashed requirements."""

import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

from errors import CompareError

HERE = Path(__file__).resolve().parent
REQUIREMENTS = HERE / "requirements"
NAMES = ("transformers", "llama_cpp", "published")
# llama-cpp-python comes as source. What builds it is pinned too, so it goes first, and pip fetches nothing unpinned for it.
FROM_SOURCE = {"llama_cpp": "llama-cpp-python"}
SOURCE_OPTIONS = {"CMAKE_ARGS": "-DLLAVA_BUILD=OFF"}
PINNED_FOR = "CPython 3.11 on x86_64"


def python_of(root, name):
    return root / name / "bin" / "python"


def requirements_of(name):
    return REQUIREMENTS / f"{name}.txt"


def is_ready(root, name):
    """Installed from the requirements as they are now?"""
    stamp = root / name / ".requirements"
    return stamp.is_file() and stamp.read_bytes() == requirements_of(name).read_bytes()


def require(root, name):
    if not is_ready(root, name):
        raise CompareError(
            f"{root / name}: expected an environment made from {requirements_of(name).name}, found none",
            "run bench/compare/compare.py --setup, or name others with --competitors",
        )


def requirement_blocks(text):
    """Entries of a requirements file: a package with its hashes each."""
    blocks = []
    for line in text.splitlines():
        if line and not line.startswith((" ", "#")):
            blocks.append(line)
        elif blocks and line.startswith("    --hash"):
            blocks[-1] += "\n" + line
    return blocks


def install(python, blocks, folder, *options, **env):
    part = folder / ".part.txt"
    part.write_text("\n".join(blocks) + "\n", encoding="utf-8")
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--require-hashes", "--no-deps"]
    # Tools that a package builds with are found by name in its own environment.
    path = f"{python.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    done = subprocess.run(
        [*command, *options, "-r", part], env={**os.environ, "PATH": path, **env}, check=False
    )
    part.unlink()
    if done.returncode:
        raise CompareError(f"{folder}: pip exited with {done.returncode}", "its messages are above")


def check_python():
    version = ".".join(platform.python_version_tuple()[:2])
    found = f"{platform.python_implementation()} {version} on {platform.machine()}"
    if found != PINNED_FOR:
        raise CompareError(f"--setup: expected {PINNED_FOR}, for which packages are pinned, found {found}")


def make(root, name):
    """Makes the environment anew; one that is broken off is no environment."""
    if is_ready(root, name):
        return
    check_python()
    folder, python = root / name, python_of(root, name)
    print(f"{folder}: installing {requirements_of(name).name}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    source = FROM_SOURCE.get(name)
    blocks = requirement_blocks(requirements_of(name).read_text(encoding="utf-8"))
    from_source = [b for b in blocks if source and b.startswith(source + "==")]
    install(python, [b for b in blocks if b not in from_source], folder, "--only-binary=:all:")
    if from_source:
        install(python, from_source, folder, "--no-build-isolation", **SOURCE_OPTIONS)
    shutil.copyfile(requirements_of(name), folder / ".requirements")
