"""What a case may expect: one function per key, each (wanted, outcome, context) -> list of problems."""

import difflib
import json
import math
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

LONGEST_QUOTE = 4000
TOLERANCE = 1e-4  # of floats in JSON, relative to max(1, |expected|)


@dataclass(frozen=True)
class Context:
    cases: Path  # folder of the .toml files; snapshots are named relative to it
    schemas: Path
    update: bool = False


def quote(stream: str, data: bytes) -> str:
    text = data.decode(errors="replace")
    if len(text) > LONGEST_QUOTE:
        text = text[:LONGEST_QUOTE] + f"\n... {len(text) - LONGEST_QUOTE} more characters"
    return f"{stream} was:\n{text}" if text else f"{stream} was empty"


def diff(expected: str, found: str) -> str:
    lines = difflib.unified_diff(
        expected.splitlines(), found.splitlines(), "expected", "found", lineterm="", n=2
    )
    return "\n".join(lines) or "they differ in line ends only"


def exactly(stream: str):
    def check(wanted, outcome, _context):
        found = getattr(outcome, stream).decode(errors="replace")
        return [] if found == wanted else [f"{stream}:\n{diff(wanted, found)}"]

    return check


def contains(stream: str, present: bool):
    def check(wanted, outcome, _context):
        data = getattr(outcome, stream)
        wrong = [text for text in as_list(wanted) if (text in data.decode(errors="replace")) != present]
        said = "expected" if present else "expected no"
        return [f"{stream}: {said} {text!r}\n{quote(stream, data)}" for text in wrong]

    return check


def matches(stream: str):
    def check(wanted, outcome, _context):
        data = getattr(outcome, stream)
        text = data.decode(errors="replace")
        wrong = [pattern for pattern in as_list(wanted) if not re.search(pattern, text, re.MULTILINE)]
        return [f"{stream}: expected a match of {pattern!r}\n{quote(stream, data)}" for pattern in wrong]

    return check


def snapshot(wanted, outcome, context):
    return same_as_snapshot(wanted, "stdout", outcome.stdout, context)


def same_as_snapshot(wanted: str, what: str, data: bytes, context) -> list[str]:
    """`what` is where `data` comes from."""
    path = context.cases / wanted
    found = data.decode(errors="replace")
    if context.update:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
        return []
    if not path.is_file():
        return [f"{what}: there is no {wanted}; write it with --update and review it\n{quote(what, data)}"]
    expected = path.read_text(encoding="utf-8")
    return [] if found == expected else [f"{what}:\n{diff(expected, found)}"]


def widest(wanted, outcome, _context):
    """No line of stdout takes more than `wanted` columns; colours take no room."""
    text = re.sub(r"\x1b\[[0-9;]*m", "", outcome.stdout.decode(errors="replace"))
    wide = [line for line in text.splitlines() if columns(line) > wanted]
    return [
        f"stdout: expected at most {wanted} columns a line, found {columns(line)}: {line}"
        for line in wide[:3]
    ]


def columns(line: str) -> int:
    """Columns that a terminal uses: 2 for East Asian wide characters, none for combining ones."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in line
    )


def json_subset(wanted, outcome, _context):
    found, problems = parse(outcome)
    return problems or [f"stdout JSON: {problem}" for problem in subset(wanted, found, "$")]


def json_at(wanted, outcome, _context):
    found, problems = parse(outcome)
    if problems:
        return problems
    for path, value in wanted.items():
        try:
            problems += [f"stdout JSON: {problem}" for problem in subset(value, walk(found, path), path)]
        except (KeyError, IndexError, TypeError, ValueError):
            problems.append(f"stdout JSON: {path}: expected {value!r}, found nothing there")
    return problems


def json_lines(wanted, outcome, _context):
    """`wanted` is a list, one entry for each line."""
    found, problems = parse_lines(outcome)
    return problems or [f"stdout JSON lines: {problem}" for problem in subset(wanted, found, "$")]


def schema(wanted, outcome, context):
    found, problems = parse(outcome)
    return problems or validate(found, wanted, context)


def schema_of_lines(wanted, outcome, context):
    found, problems = parse_lines(outcome)
    return problems or [
        f"line {number}: {problem}"
        for number, line in enumerate(found, 1)
        for problem in validate(line, wanted, context)
    ]


def validate(found, wanted: str, context) -> list[str]:
    try:
        import jsonschema  # of tools/requirements-test.txt, and what it needs
        import referencing
        import referencing.jsonschema
    except ImportError:
        return [
            "schema: the Python package jsonschema is missing: run `make venv`, then use build/venv/bin/python"
        ]
    rules = json.loads((context.schemas / wanted).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(rules)
    validator.check_schema(rules)
    # A schema may refer to others by their $id.
    others = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(context.schemas.glob("*.json"))]
    as_resource = referencing.jsonschema.DRAFT202012.create_resource
    registry = referencing.Registry().with_resources(
        (other["$id"], as_resource(other)) for other in others if "$id" in other
    )
    errors = sorted(validator(rules, registry=registry).iter_errors(found), key=lambda error: error.json_path)
    return [f"schema {wanted}: {error.json_path}: {error.message[:300]}" for error in errors[:5]]


def parse(outcome):
    try:
        return json.loads(outcome.stdout), []
    except ValueError as error:
        return None, [f"stdout: expected JSON: {error}\n{quote('stdout', outcome.stdout)}"]


def parse_lines(outcome):
    *lines, rest = outcome.stdout.split(b"\n")
    try:
        if rest:
            raise ValueError("the last line does not end")
        return [json.loads(line) for line in lines], []
    except ValueError as error:
        return None, [f"stdout: expected lines of JSON: {error}\n{quote('stdout', outcome.stdout)}"]


def walk(value, path: str):
    """The value at "predictions.0.text"; "#" is the number of entries."""
    for step in path.split("."):
        if step == "#":
            value = len(value)
        else:
            value = value[int(step)] if isinstance(value, list) else value[step]
    return value


def subset(wanted, found, where: str) -> list[str]:
    """Objects may have more keys than wanted, arrays are as long as wanted, floats agree to TOLERANCE."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        missing = [
            f"{where}.{key}: expected {wanted[key]!r}, found nothing there"
            for key in wanted
            if key not in found
        ]
        return missing + [
            p for key in wanted if key in found for p in subset(wanted[key], found[key], f"{where}.{key}")
        ]
    if isinstance(wanted, list) and isinstance(found, list):
        if len(wanted) != len(found):
            return [f"{where}: expected {len(wanted)} entries, found {len(found)}"]
        return [p for i, item in enumerate(wanted) for p in subset(item, found[i], f"{where}.{i}")]
    if isinstance(wanted, float) and isinstance(found, (int, float)) and not isinstance(found, bool):
        close = math.isclose(wanted, found, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
        return [] if close else [f"{where}: expected {wanted!r}, found {found!r}"]
    if type(wanted) is not type(found) or wanted != found:
        return [f"{where}: expected {wanted!r}, found {found!r}"]
    return []


def as_list(value) -> list:
    return value if isinstance(value, list) else [value]


KEYS = {
    "stdout": exactly("stdout"),
    "stdout_contains": contains("stdout", present=True),
    "stdout_lacks": contains("stdout", present=False),
    "stdout_matches": matches("stdout"),
    "stdout_file": snapshot,
    "stdout_width": widest,
    "stdout_json": json_subset,
    "stdout_json_at": json_at,
    "stdout_json_lines": json_lines,
    "schema": schema,
    "schema_of_lines": schema_of_lines,
    "stderr": exactly("stderr"),
    "stderr_contains": contains("stderr", present=True),
    "stderr_lacks": contains("stderr", present=False),
    "stderr_matches": matches("stderr"),
}
