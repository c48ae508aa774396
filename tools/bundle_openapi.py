#!/usr/bin/env python3
"""Writes the OpenAPI document that the server hands out: one file, with the schemas of docs/schema/ in it.

    tools/bundle_openapi.py src/server/openapi.json OUTPUT

A reference to another file, {"$ref": "../../docs/schema/lens.json"}, becomes one to components/schemas/lens; so do
references between these files, {"$ref": "limpid:explain#/properties/tokens"}.
"""

import json
import sys
from pathlib import Path


def map_references(value, change):
    """`value` with every reference replaced by what `change` makes of it."""
    if isinstance(value, list):
        return [map_references(item, change) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: change(item) if key == "$ref" and isinstance(item, str) else map_references(item, change)
        for key, item in value.items()
    }


def inside(name: str, pointer: str) -> str:
    """Where a part of a file's schema lies in the document; definitions have schemas of their own."""
    definition = "/$defs/"
    if pointer.startswith(definition):
        return f"#/components/schemas/{name}_{pointer.removeprefix(definition)}"
    return f"#/components/schemas/{name}{pointer}"


class Bundle:
    """The schemas of files that are referred to, from the document or from each other."""

    def __init__(self, taken: set[str]):
        self.taken = taken  # names of the document's own
        self.schemas: dict[str, dict] = {}

    def refer(self, path: Path, pointer: str) -> str:
        """The reference to a part of a file's schema, which is added."""
        if path.stem not in self.schemas:
            self.add(path)
        return inside(path.stem, pointer)

    def add(self, path: Path) -> None:
        """Adds a file's schema, and its definitions as name_definition."""
        name = path.stem
        schema = json.loads(path.read_text(encoding="utf-8"))
        # These belong to a file; inside, they would change what "#/..." means.
        for key in ("$schema", "$id"):
            schema.pop(key, None)
        parts = {f"{name}_{key}": part for key, part in schema.pop("$defs", {}).items()}
        whole = {name: schema, **parts}
        for key in whole:
            if key in self.taken or key in self.schemas:
                raise ValueError(f"{path}: there is a schema {key} already")
        self.schemas.update(whole)  # before others are looked at, which may refer to it

        def change(target: str) -> str:
            file, _, pointer = target.partition("#")
            if not file:
                return inside(name, pointer)
            return self.refer(path.with_name(f"{file.removeprefix('limpid:')}.json"), pointer)

        for key, part in whole.items():
            self.schemas[key] = map_references(part, change)


def bundle(source: Path) -> dict:
    document = json.loads(source.read_text(encoding="utf-8"))
    files = Bundle(set(document["components"]["schemas"]))

    def change(target: str) -> str:
        file, _, pointer = target.partition("#")
        return files.refer(source.parent / file, pointer) if file else target

    document = map_references(document, change)
    document["components"]["schemas"] |= files.schemas
    return document


def main(arguments: list[str]) -> int:
    if len(arguments) != 2:
        print(__doc__, file=sys.stderr)
        return 2
    document = bundle(Path(arguments[0]))
    Path(arguments[1]).write_text(
        json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n", encoding="utf-8"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
