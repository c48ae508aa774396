#!/usr/bin/env python3
"""Runs the command line tests, which are data: the cases in the .toml files beside this file (README.md).

    tests/cli/run.py PROGRAM [FILTER] [--update] [--cases FOLDER]

FILTER keeps the cases whose "file/name" contains it. Exit code 0 when all passed, 1 otherwise, 2 for a
mistake in the cases themselves.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(ROOT / "tools")]
import expect  # noqa: E402
import fetch_model  # noqa: E402
import terminal  # noqa: E402

DEFAULT_TIMEOUT_S = 120
# Besides these a case sees only what its own `env` says.
KEPT_ENVIRONMENT = ("PATH", "ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "OMP_NUM_THREADS")


class CaseError(Exception):
    """The case itself is wrong."""


@dataclass(frozen=True)
class Case:
    name: str  # "file/name"
    args: list[str]
    stdin: str = ""
    stdin_hex: str = ""  # for bytes that are no text
    stdout_to: str = ""  # a file that stdout is sent to instead of being read
    env: dict[str, str] = field(default_factory=dict)
    columns: int = 0  # > 0: stdout is a terminal this wide
    timeout: float = DEFAULT_TIMEOUT_S
    exit: int = 0
    same_as: list[str] | None = None  # other arguments that must give the same stdout, byte for byte
    creates: list[str] = field(default_factory=list)
    creates_file: dict[str, str] = field(default_factory=dict)  # file: the snapshot that it must be
    expectations: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    exit: int | None  # None: it ran past its time
    stdout: bytes
    stderr: bytes


def load_cases(folder: Path, wanted: str = "") -> list[Case]:
    cases = []
    for path in sorted(folder.glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("case", []):
            case = read_case(path.stem, entry)
            if any(case.name == other.name for other in cases):
                raise CaseError(f"{case.name}: two cases have this name")
            cases.append(case)
    return [case for case in cases if wanted in case.name]


def read_case(file: str, entry: dict) -> Case:
    own = {
        key: value
        for key, value in entry.items()
        if key in Case.__dataclass_fields__ and key != "expectations"
    }
    expectations = {key: value for key, value in entry.items() if key not in own}
    name = f"{file}/{entry.get('name', '?')}"
    if "name" not in entry or "args" not in entry:
        raise CaseError(f"{name}: every case needs a name and args")
    if entry.get("stdin") and entry.get("columns"):
        raise CaseError(f"{name}: stdin and columns do not go together")
    unknown = sorted(set(expectations) - set(expect.KEYS))
    if unknown:
        raise CaseError(
            f"{name}: unknown keys {unknown}; known are {sorted([*Case.__dataclass_fields__, *expect.KEYS])}"
        )
    return Case(**{**own, "name": name}, expectations=expectations)


def placeholders(temporary: Path) -> dict[str, str]:
    return {
        "{model}": str(ROOT / "testdata/models"),
        "{testdata}": str(ROOT / "testdata"),
        "{default}": str(fetch_model.model_path(fetch_model.load_pin(), fetch_model.data_dir())),
        "{tmp}": str(temporary),
    }


def fill(value, names: dict[str, str]):
    """`value` with the placeholders replaced in every string; regular expressions and exact texts too."""
    if isinstance(value, str):
        for name, text in names.items():
            value = value.replace(name, text)
        return value
    if isinstance(value, list):
        return [fill(item, names) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, names) for key, item in value.items()}
    return value


def environment(case: Case, names: dict[str, str]) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
    data = str(fetch_model.data_dir())
    return {
        **kept,
        "HOME": names["{tmp}"],
        "LC_ALL": "C.UTF-8",
        "LIMPID_DATA_DIR": data,
        **fill(case.env, names),
    }


def execute(program: Path, args: list[str], case: Case, names: dict[str, str]) -> Outcome:
    command = [str(program), *fill(args, names)]
    env = environment(case, names)
    if case.columns:
        return Outcome(*terminal.run(command, env, names["{tmp}"], case.columns, case.timeout))
    try:
        with open(case.stdout_to or os.devnull, "wb") as elsewhere:
            done = subprocess.run(
                command,
                input=bytes.fromhex(case.stdin_hex) or case.stdin.encode(),
                env=env,
                cwd=names["{tmp}"],
                timeout=case.timeout,
                stdout=elsewhere if case.stdout_to else subprocess.PIPE,
                stderr=subprocess.PIPE,
                check=False,
            )
        return Outcome(done.returncode, done.stdout or b"", done.stderr)
    except subprocess.TimeoutExpired as late:
        return Outcome(None, late.stdout or b"", late.stderr or b"")


def run_case(program: Path, case: Case, folder: Path, update: bool = False) -> list[str]:
    """What is wrong, one text per expectation that does not hold; empty when the case passes."""
    with tempfile.TemporaryDirectory(prefix="limpid-cli-") as temporary:
        names = placeholders(Path(temporary))
        outcome = execute(program, case.args, case, names)
        if outcome.exit is None:
            return [f"did not end within {case.timeout:g} s\n" + expect.quote("stdout", outcome.stdout)]
        problems = []
        if outcome.exit != case.exit:
            problems.append(
                f"exit code: expected {case.exit}, found {outcome.exit}\n"
                + expect.quote("stderr", outcome.stderr)
            )
        context = expect.Context(folder, ROOT / "docs/schema", update)
        for key, wanted in case.expectations.items():
            problems += expect.KEYS[key](fill(wanted, names), outcome, context)
        for created in fill(case.creates, names):
            path = Path(temporary, created)
            if not path.is_file() or path.stat().st_size == 0:
                problems.append(f"expected the file {created}, with something in it; found none")
        for created, wanted in case.creates_file.items():
            path = Path(temporary, fill(created, names))
            data = path.read_bytes() if path.is_file() else b""
            problems += expect.same_as_snapshot(wanted, created, data, context)
        if case.same_as is not None:
            other = execute(program, case.same_as, case, names)
            if (other.exit, other.stdout) != (outcome.exit, outcome.stdout):
                problems.append(
                    f"stdout: expected the same bytes with {case.same_as}\n"
                    + expect.diff(
                        other.stdout.decode(errors="replace"), outcome.stdout.decode(errors="replace")
                    )
                )
        return problems


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=Path)
    parser.add_argument("filter", nargs="?", default="")
    parser.add_argument(
        "--update", action="store_true", help="rewrite the snapshots from what is found"
    )
    parser.add_argument("--cases", type=Path, default=HERE, help="folder of the .toml files")
    arguments = parser.parse_args(argv)
    try:
        cases = load_cases(arguments.cases, arguments.filter)
    except (CaseError, tomllib.TOMLDecodeError, TypeError) as error:
        print(f"wrong case: {error}", file=sys.stderr)
        return 2
    if not cases:
        print(f"no case matches '{arguments.filter}'", file=sys.stderr)
        return 2
    program = arguments.program.resolve()
    if not program.is_file():
        print(f"{program}: no such program; build it first", file=sys.stderr)
        return 2
    failed = 0
    for case in cases:
        problems = run_case(program, case, arguments.cases, arguments.update)
        failed += bool(problems)
        print(f"{'FAILED' if problems else 'passed'}  {case.name}")
        for problem in problems:
            print("    " + problem.rstrip().replace("\n", "\n    "))
    print(f"{len(cases) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
