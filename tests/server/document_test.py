"""The OpenAPI document: whole, valid, and without loose ends.

python3 tests/server/document_test.py    needs jsonschema (build/venv)
"""

import json
import re
import sys
import tempfile
import unittest
from pathlib import Path

import jsonschema

from server import ROOT, Document

sys.path.insert(0, str(ROOT / "tools"))
import bundle_openapi  # noqa: E402

SOURCE = ROOT / "src/server/openapi.json"
METHODS = {"get", "post", "delete"}


def references(value):
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


class DocumentTest(unittest.TestCase):
    def setUp(self):
        self.bundled = Document(bundle_openapi.bundle(SOURCE))
        self.document = self.bundled.document

    def test_it_is_openapi_3_1(self):
        self.assertEqual(self.document["openapi"], "3.1.0")
        self.assertEqual(
            sorted(self.document),
            ["components", "info", "jsonSchemaDialect", "openapi", "paths", "security", "servers"],
        )
        self.assertTrue(self.document["info"]["title"] and self.document["info"]["version"])

    def test_every_reference_leads_somewhere_inside(self):
        used = set(references(self.document))
        for reference in used:
            self.assertTrue(reference.startswith("#/components/"), reference)
            self.bundled.resolve({"$ref": reference})  # a KeyError otherwise
        # Named by descriptions.
        events = {"ProgressEvent", "DoneEvent", "OpenedEvent", "TokenEvent", "GeneratedEvent", "SweptEvent"}
        for group in ("schemas", "parameters", "responses"):
            for name in self.document["components"][group]:
                if name not in events:
                    self.assertIn(f"#/components/{group}/{name}", used)

    def test_every_schema_is_one(self):
        check = jsonschema.Draft202012Validator.check_schema
        for schema in self.bundled.schemas.values():
            check(schema)
        for template, method, _ in self.bundled.operations():
            for parameter in self.bundled.parameters(template, method):
                check(parameter["schema"])
                if "default" in parameter["schema"]:
                    jsonschema.validate(parameter["schema"]["default"], parameter["schema"])

    def test_operations_are_complete(self):
        names = set()
        for template, method, operation in self.bundled.operations():
            where = f"{method} {template}"
            self.assertIn(method, METHODS, where)
            self.assertTrue(operation["summary"], where)
            self.assertNotIn(operation["operationId"], names, where)
            names.add(operation["operationId"])
            parameters = self.bundled.parameters(template, method)
            in_path = {p["name"] for p in parameters if p["in"] == "path"}
            self.assertEqual(in_path, set(re.findall(r"\{(\w+)\}", template)), where)
            for parameter in parameters:
                self.assertTrue(parameter["description"], where)
            self.assertEqual(method == "post", "requestBody" in operation, where)
            for status, response in operation["responses"].items():
                response = self.bundled.resolve(response)
                self.assertTrue(response["description"], f"{where} {status}")
                if int(status) >= 400:
                    schema = response["content"]["application/json"]["schema"]
                    self.assertEqual(schema, {"$ref": "#/components/schemas/Error"}, f"{where} {status}")

    def test_schemas_of_verbs_are_those_of_the_documents(self):
        for path in (ROOT / "docs/schema").glob("*.json"):
            if path.stem not in self.bundled.schemas:
                continue
            schema = json.loads(path.read_text(encoding="utf-8"))
            parts = {f"{path.stem}_{name}": part for name, part in schema.get("$defs", {}).items()}
            own = {key: part for key, part in schema.items() if key not in ("$id", "$schema", "$defs")}
            for name, part in {path.stem: own, **parts}.items():
                # References of both lead to the same places.
                text = re.sub(r"#/components/schemas/([a-z]+)_", r"limpid:\1#/$defs/", json.dumps(self.bundled.schemas[name]))
                text = re.sub(r"#/components/schemas/([a-z]+)", r"limpid:\1#", text)
                wanted = json.dumps(part).replace('"#/', f'"limpid:{path.stem}#/')
                self.assertEqual(json.loads(text), json.loads(wanted), name)
        verbs = ("explain", "info", "tokenize", "inspect", "lens", "shares", "attention", "heads", "patch", "sweep")
        for name in verbs:
            self.assertIn(name, self.bundled.schemas)

    def test_a_name_that_is_taken_is_an_error(self):
        document = {"components": {"schemas": {"x": {}}}, "paths": {"/": {"$ref": "x.json"}}}
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "x.json").write_text("{}", encoding="utf-8")
            path = Path(folder, "openapi.json")
            path.write_text(json.dumps(document), encoding="utf-8")
            with self.assertRaises(ValueError):
                bundle_openapi.bundle(path)
            document["components"]["schemas"] = {}
            path.write_text(json.dumps(document), encoding="utf-8")
            self.assertEqual(bundle_openapi.bundle(path)["paths"], {"/": {"$ref": "#/components/schemas/x"}})


if __name__ == "__main__":
    unittest.main()
