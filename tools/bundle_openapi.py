#!/usr/bin/env python3
"""Writes the OpenAPI document that the server hands out: one file, with the schemas of docs/schema/ in it.

    tools/bundle_openapi.py src/server/openapi.json OUTPUT

A reference to another file, {"$ref": "../../docs/schema/lens.json"}, becomes one to components/schemas/lens.
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


def add_schema(path: Path, schemas: dict) -> str:
    """Adds a file's schema, and its definitions as name_definition; returns its reference."""
    name = path.stem
    schema = json.loads(path.read_text(encoding="utf-8"))
    # These belong to a file; inside, they would change what "#/..." means.
    for key in ("$schema", "$id"):
        schema.pop(key, None)
    parts = {f"{name}_{key}": part for key, part in schema.pop("$defs", {}).items()}
    for key, part in {name: schema, **parts}.items():
        if key in schemas:
            raise ValueError(f"{path}: there is a schema {key} already")
        schemas[key] = map_references(
            part, lambda target: target.replace("#/$defs/", f"#/components/schemas/{name}_")
        )
    return f"#/components/schemas/{name}"


def bundle(source: Path) -> dict:
    document = json.loads(source.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    added = {}

    def change(target: str) -> str:
        if target.startswith("#"):
            return target
        if target not in added:
            added[target] = add_schema(source.parent / target, schemas)
        return added[target]

    paths = map_references(document["paths"], change)
    return {**document, "paths": paths}


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
