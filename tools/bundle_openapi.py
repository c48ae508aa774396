#!/usr/bin/env python3
"""Writes the OpenAPI document that the server hands out: one file, with the schemas of docs/schema/ in it.

    tools/bundle_openapi.py src/server/openapi.json OUTPUT

A reference to another file, {"$ref": "../../docs/schema/lens.json"}, becomes one to components/schemas/lens.
"""

import json
import sys
from pathlib import Path


def bundle(source: Path) -> dict:
    document = json.loads(source.read_text(encoding="utf-8"))
    schemas = document["components"]["schemas"]
    own = set(schemas)

    def walk(value):
        if isinstance(value, list):
            return [walk(item) for item in value]
        if not isinstance(value, dict):
            return value
        target = value.get("$ref")
        if not isinstance(target, str) or target.startswith("#"):
            return {key: walk(item) for key, item in value.items()}
        return {"$ref": f"#/components/schemas/{add(source.parent / target)}"}

    def add(path: Path) -> str:
        name = path.stem
        if name in own:
            raise ValueError(f"{path}: the document has a schema {name} of its own")
        if name not in schemas:
            schema = json.loads(path.read_text(encoding="utf-8"))
            # These belong to a file; inside, they would change what "#/..." means.
            for key in ("$schema", "$id"):
                schema.pop(key, None)
            schemas[name] = schema
        return name

    return walk(document)


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
