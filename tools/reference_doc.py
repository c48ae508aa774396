#!/usr/bin/env python3
"""Writes docs/reference/ from what --help says: tools/reference_doc.py PROGRAM [FOLDER]"""

import re
import subprocess
import sys
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

REFERENCE = Path(__file__).resolve().parent.parent / "docs/reference"
WIDTH = 120

WRITTEN = "Written by `tools/reference_doc.py` from `{command} --help`; change `src/cli/` and run it again."
COMMON = """Exit codes of all verbs: 0 done, 1 the request failed (the reason is on standard error), 2 wrong usage. What `--format
json` and `--json` write is described by the schemas in [docs/schema](../schema)."""


@dataclass
class Group:
    title: str
    entries: list[list[str]] = field(default_factory=list)  # name, text


@dataclass
class Help:
    summary: str
    usage: str
    paragraphs: list[str]
    groups: list[Group]
    examples: list[str]

    def entries_of(self, title: str) -> list[list[str]]:
        return [entry for group in self.groups if group.title == title for entry in group.entries]


def read_entries(lines: list[str]) -> list[list[str]]:
    """Two blanks, a name and, after two blanks or more or in lines that are indented further, a text."""
    entries = []
    for line in lines:
        if match := re.fullmatch(r"  (\S.*?)(?:  +(\S.*))?", line):
            entries.append([match[1], match[2] or ""])
        else:
            entries[-1][1] = f"{entries[-1][1]} {line.strip()}".strip()
    return entries


def read_help(text: str) -> Help:
    summary, usage, *blocks = text.strip().split("\n\n")
    if not usage.startswith("Usage: "):
        raise ValueError(f"--help: expected 'Usage: ', found {usage!r}")
    found = Help(summary, usage.removeprefix("Usage: "), [], [], [])
    for block in blocks:
        title, *lines = block.split("\n")
        if not (lines and title.endswith(":") and lines[0].startswith("  ")):
            found.paragraphs.append(" ".join(block.split()))
        elif title in ("Example:", "Examples:"):
            found.examples = [line.strip() for line in lines]
        else:
            found.groups.append(Group(title[:-1], read_entries(lines)))
    return found


def help_of(program: str, *verb: str) -> Help:
    done = subprocess.run([program, *verb, "--help"], capture_output=True, check=True, text=True)
    return read_help(done.stdout)


def verbs_of(program: str) -> dict[str, Help]:
    return {name: help_of(program, name) for name, _ in help_of(program).entries_of("Verbs")}


def prose(text: str) -> str:
    """The text as Markdown: what it says, not what its characters would mean; `code` stays code."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(part if part.startswith("`") else re.sub(r"([*<\\])", r"\\\1", part) for part in parts)


def wrapped(text: str) -> str:
    return textwrap.fill(prose(text), WIDTH, break_long_words=False, break_on_hyphens=False) + "\n"


def code(lines: list[str]) -> str:
    return "".join(f"    {line}\n" for line in lines)


def table(group: Group) -> str:
    rows = [["option", ""], ["---", "---"]]
    rows += [[f"`{name}`", prose(text)] for name, text in group.entries]
    return "".join("| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |\n" for row in rows)


def page(name: str, verb: Help) -> str:
    parts = [
        f"# limpid {name}\n",
        wrapped(f"{verb.summary}."),
        code([verb.usage]),
        *(wrapped(paragraph) for paragraph in verb.paragraphs),
        "## Examples\n" if len(verb.examples) > 1 else "## Example\n",
        code(verb.examples),
        *(f"## {group.title}\n\n{table(group)}" for group in verb.groups),
        WRITTEN.format(command=f"limpid {name}") + "\n",
    ]
    return "\n".join(parts)


def index(verbs: dict[str, Help]) -> str:
    rows = "".join(f"| [`{name}`]({name}.md) | {prose(verb.summary)} |\n" for name, verb in verbs.items())
    parts = ["# Reference\n", "| verb | |\n|---|---|\n" + rows, COMMON + "\n", WRITTEN.format(command="limpid") + "\n"]
    return "\n".join(parts)


def main(arguments: list[str]) -> int:
    if len(arguments) not in (1, 2):
        print(__doc__, file=sys.stderr)
        return 2
    folder = Path(arguments[1]) if len(arguments) == 2 else REFERENCE
    folder.mkdir(parents=True, exist_ok=True)
    verbs = verbs_of(arguments[0])
    (folder / "README.md").write_text(index(verbs), encoding="utf-8")
    for name, verb in verbs.items():
        (folder / f"{name}.md").write_text(page(name, verb), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
