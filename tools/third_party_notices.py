#!/usr/bin/env python3
"""Collects the licences of what a limpid tarball contains.

    tools/third_party_notices.py LIBRARIES OUTPUT

LIBRARIES is the folder of bundled shared libraries. For each Debian package behind them, and behind the headers
compiled into the program, its copyright file goes to OUTPUT/debian/PACKAGE.txt; the licences of the Rust crates
go to OUTPUT/rust.txt, those of the packages that the web app's sources name, and of what these need, to OUTPUT/web.txt.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CRATES = ROOT / "src/tokenizer/rust/Cargo.toml"
WEB = ROOT / "web"
# Libraries that are compiled into the program and leave no file of their own.
HEADER_PACKAGES = ("libcli11-dev", "libexpected-dev", "libhwy-dev", "nlohmann-json3-dev")
LICENCE_FILE = re.compile(r"(?i)^(licen[cs]e|copying|copyright|notice|unlicense)")


def output_of(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def debian_packages(libraries: Path) -> dict[str, str]:
    """Package -> version."""
    architecture = output_of("g++", "-print-multiarch").strip()
    # The folder of a library may be recorded with or without /usr.
    found = {
        output_of("dpkg", "-S", f"*/{architecture}/{path.name}").split(":")[0] for path in libraries.iterdir()
    }
    versions = {}
    for package in sorted({*found, *HEADER_PACKAGES}):
        versions[package] = output_of("dpkg-query", "-W", "-f", "${Version}", package)
    return versions


def write_debian(libraries: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for package, version in debian_packages(libraries).items():
        text = Path("/usr/share/doc", package, "copyright").read_text(encoding="utf-8", errors="replace")
        head = (
            f"Debian package {package} {version}; its source is in Debian's archive under this version.\n\n"
        )
        (folder / f"{package}.txt").write_text(head + text, encoding="utf-8")


def linked_crates(metadata: dict) -> list[dict]:
    """The packages that end up in the program: normal dependencies of ours, not those of builds and tests."""
    packages = {package["id"]: package for package in metadata["packages"]}
    nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
    root = metadata["resolve"]["root"]
    reached, open_ids = {root}, [root]
    while open_ids:
        for dependency in nodes[open_ids.pop()]["deps"]:
            normal = any(kind["kind"] is None for kind in dependency["dep_kinds"])
            if normal and dependency["pkg"] not in reached:
                reached.add(dependency["pkg"])
                open_ids.append(dependency["pkg"])
    reached.remove(root)
    return sorted((packages[i] for i in reached), key=lambda package: (package["name"], package["version"]))


def crate_notice(package: dict) -> str:
    folder = Path(package["manifest_path"]).parent
    # One folder deeper too: crates that carry C code keep its licence beside it.
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in sorted([*folder.glob("*"), *folder.glob("*/*")])
        if path.is_file() and LICENCE_FILE.match(path.name)
    ]
    head = f"{package['name']} {package['version']}: {package['license'] or 'see below'}"
    authors = ", ".join(package["authors"])
    return "\n\n".join([head + (f"\nby {authors}" if authors else ""), *texts])


def write_rust(path: Path) -> None:
    target = re.search(r"^host: (.+)$", output_of("rustc", "-vV"), re.MULTILINE)[1]
    metadata = json.loads(
        output_of(
            "cargo",
            "metadata",
            "--format-version=1",
            "--locked",
            "--filter-platform",
            target,
            "--manifest-path",
            str(CRATES),
        )
    )
    notices = [crate_notice(package) for package in linked_crates(metadata)]
    standard = "The Rust standard library: MIT OR Apache-2.0\nby the Rust project contributors"
    path.write_text(("\n\n" + "-" * 80 + "\n\n").join([standard, *notices]) + "\n", encoding="utf-8")


def web_packages() -> dict[str, dict]:
    """Name -> entry of the lock file, of the packages whose code or fonts can be part of the web app."""
    entries = json.loads((WEB / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    tests = re.compile(r"\.(test|spec)\.")
    sources = [path for path in (WEB / "src").rglob("*.*") if not tests.search(path.name)]
    texts = [
        path.read_text(encoding="utf-8") for path in sources if path.suffix in (".ts", ".svelte", ".css")
    ]
    direct = json.loads((WEB / "package.json").read_text(encoding="utf-8"))
    names = {**direct.get("dependencies", {}), **direct.get("devDependencies", {})}
    waiting = [
        name
        for name in names
        if any(f"{quote}{name}{end}" in t for t in texts for quote in "'\"" for end in "'\"/")
    ]
    found = {}
    while waiting:
        name = waiting.pop()
        entry = entries.get(f"node_modules/{name}")
        if entry and name not in found:
            found[name] = entry
            waiting += entry.get("dependencies", {})
    return found


def web_notice(name: str, entry: dict) -> str:
    folder = WEB / "node_modules" / name
    texts = [
        path.read_text(encoding="utf-8", errors="replace")
        for path in sorted(folder.glob("*"))
        if path.is_file() and LICENCE_FILE.match(path.name)
    ]
    return "\n\n".join([f"{name} {entry['version']}: {entry.get('license', 'see below')}", *texts])


def write_web(path: Path) -> None:
    notices = [web_notice(name, entry) for name, entry in sorted(web_packages().items())]
    path.write_text(("\n\n" + "-" * 80 + "\n\n").join(notices) + "\n", encoding="utf-8")


def main(libraries: str, output: str) -> None:
    folder = Path(output)
    write_debian(Path(libraries), folder / "debian")
    write_rust(folder / "rust.txt")
    write_web(folder / "web.txt")


if __name__ == "__main__":
    main(*sys.argv[1:])
