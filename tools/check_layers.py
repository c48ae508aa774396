#!/usr/bin/env python3
"""Checks that src/ keeps its layers, that libraries stay where they belong, and that files stay small.

    tools/check_layers.py [ROOT]    ROOT is the repository, by default the one this file is in

Prints one line per violation and exits 1 when there is any. What is allowed is in the tables below.
"""

import re
import sys
from pathlib import Path

# folder of src/: folders that it may include from, besides itself. A sub-folder is private to its folder.
LAYERS = {
    "base": "",
    "kernels": "base",
    "checkpoint": "base",
    "tokenizer": "base checkpoint",
    "model": "base checkpoint",
    "forward": "base kernels checkpoint model",
    "graph": "base",
    "attribution": "base kernels model forward graph",
    "analyses": "base kernels model forward attribution graph tokenizer",
    "api": "base kernels checkpoint tokenizer model forward attribution graph analyses",
    "figures": "base api",
    "server": "base api figures",
    "cli": "base api figures server",
}

# Start of a third-party include: folders that may use it; "" is all, "tests" is every file that TEST_FILE names.
LIBRARIES = {
    "CLI/": "cli",
    "dnnl": "kernels",
    "fmt/": "",
    "gtest/": "tests",
    "httplib": "server",
    "hwy/": "kernels",
    "minizip/": "checkpoint",
    "nlohmann/": "api checkpoint server tokenizer",
    "oneapi/": "kernels",
    "openssl/": "api",
    "pugixml": "figures",
    "tl/": "",
    "toml++/": "server",
    "zlib": "checkpoint server",
}

# Third-party includes belong into .cc files. Excepted are these includes, these headers of ours (the one place
# in their folder that shows a library), and headers for tests.
IN_HEADERS = {"tl/expected.hpp", "nlohmann/json_fwd.hpp"}
WRAPPERS = {"checkpoint/json.h", "kernels/cpu/onednn.h", "server/connection.h"}
TEST_FILE = re.compile(r"test_.*|testing|.*_test")

# The headers of include/, which all may use, and which include only each other and IN_HEADERS.
PUBLIC = re.compile(r"limpid/\w+\.h")

# Headers of the operating system and the compiler. C++ standard headers are the ones without a dot.
SYSTEM = re.compile(r"((arpa|sys)/)?\w+\.h|\w+")

SIZED_FOLDERS = ("include", "src", "tests", "bench", "tools", "cmake")
SIZED_SUFFIXES = {".cc", ".h", ".rs", ".py", ".sh", ".cmake"}
BUILT_FOLDERS = {"target", "__pycache__"}
WARN_LINES = 500
MAX_LINES = 800

INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^>"]+)[>"]')


def files_below(root: Path, folders: tuple[str, ...], suffixes: set[str]) -> list[Path]:
    """Our files, sorted; nothing that a build left behind."""
    found = (path for folder in folders for path in (root / folder).rglob("*"))
    return sorted(
        path
        for path in found
        if path.suffix in suffixes and not BUILT_FOLDERS & set(path.relative_to(root).parts) and path.is_file()
    )


def folder_violation(includer: str, include: str) -> str | None:
    """`includer` is a folder of src/, `include` a path below src/ such as kernels/cpu/ops.h."""
    folder, *rest = include.split("/")
    if folder == includer:
        return None
    if folder not in LAYERS[includer].split():
        return f"{includer} must not include {include} (allowed: {LAYERS[includer] or 'nothing'})"
    if len(rest) > 1:
        return f"{include} is private to {folder}"
    return None


def library_violation(file: Path, include: str) -> str | None:
    """`file` is relative to src/."""
    includer = file.parts[0]
    owner = next((users for start, users in LIBRARIES.items() if include.startswith(start)), None)
    if owner is None:
        return None if SYSTEM.fullmatch(include) else f"{include} is of a library unknown to LIBRARIES"
    for_tests = TEST_FILE.fullmatch(file.stem) is not None
    if owner == "tests" and not for_tests:
        return f"{include} is for tests"
    if owner not in ("", "tests") and includer not in owner.split():
        return f"{include} is for {owner} only"
    if file.suffix == ".h" and not for_tests and include not in IN_HEADERS and file.as_posix() not in WRAPPERS:
        return f"{include} in a header; third-party includes belong into .cc files"
    return None


def public_include(include: str) -> bool:
    return include in IN_HEADERS or PUBLIC.fullmatch(include) or re.fullmatch(r"\w+", include)


def include_violation(file: Path, bracket: str, include: str) -> str | None:
    """`file` is relative to src/."""
    folder = include.split("/")[0]
    if bracket == '"' and folder in LAYERS and ".." not in include:
        return folder_violation(file.parts[0], include)
    if bracket == '"' and PUBLIC.fullmatch(include):
        return None
    if bracket == '"' and not include.startswith(tuple(LIBRARIES)):
        return f'"{include}" is not a path from src/'
    return library_violation(file, include)


def check_includes(root: Path) -> list[str]:
    violations = []
    for file in files_below(root, ("include",), {".h"}):
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if (match := INCLUDE.match(line)) and not public_include(match[2]):
                violations.append(f"{file.relative_to(root)}:{number}: {match[2]} in a public header")
    src = root / "src"
    for file in files_below(root, ("src",), {".cc", ".h"}):
        where = file.relative_to(root)
        if file.relative_to(src).parts[0] not in LAYERS:
            violations.append(f"{where}: its folder is unknown to LAYERS")
            continue
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if match := INCLUDE.match(line):
                if problem := include_violation(file.relative_to(src), *match.groups()):
                    violations.append(f"{where}:{number}: {problem}")
    return violations


def check_sizes(root: Path) -> tuple[list[str], list[str]]:
    """Violations and warnings."""
    violations, warnings = [], []
    for file in files_below(root, SIZED_FOLDERS, SIZED_SUFFIXES):
        n_lines = len(file.read_text(encoding="utf-8").splitlines())
        where = file.relative_to(root)
        if n_lines > MAX_LINES:
            violations.append(f"{where}: {n_lines} lines, at most {MAX_LINES}; split it by subject")
        elif n_lines > WARN_LINES:
            warnings.append(f"{where}: {n_lines} lines, better at most {WARN_LINES}")
    return violations, warnings


def main(arguments: list[str]) -> int:
    if len(arguments) > 1:
        print(__doc__, file=sys.stderr)
        return 2
    root = Path(arguments[0]) if arguments else Path(__file__).resolve().parent.parent
    if not (root / "src").is_dir():
        print(f"{root}: expected a folder with src/ in it", file=sys.stderr)
        return 2
    too_long, warnings = check_sizes(root)
    violations = check_includes(root) + too_long
    for warning in warnings:
        print(f"warning: {warning}")
    for violation in violations:
        print(violation)
    return 1 if violations else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
