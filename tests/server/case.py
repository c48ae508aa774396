"""Test cases whose responses are all checked against the document of the server."""

import unittest
import urllib.parse

from server import API, MODELS, Document, Server, events_of

# Different blocks, norms and positions: heads that share keys, learned positions, parallel blocks, sinks.
NAMES = ("llama-tied", "gpt2", "gpt_neox-parallel", "gpt_oss")
PROMPT = "the cat sat on the mat"
UNKNOWN = "0" * 32  # an id that no run has


def q(**parameters) -> str:
    return "?" + urllib.parse.urlencode(parameters, doseq=True)


class Case(unittest.TestCase):
    """Each response is checked against the document."""

    server: Server
    document: Document

    def ask(self, method, path, status=200, body=None, code=None, **more):
        target = API + path
        response = self.server.request(method, target, body, **more)
        where = f"{method} {path} {body!r}"[:300]
        self.assertEqual(response.status, status, f"{where}: {response.body[:500]}")
        self.assertEqual(self.document.problems(method, target, response), [], where)
        if code is not None:
            self.assertEqual(response.json["error"]["code"], code, where)
        return response

    def trace(self, body):
        """The id of a run that is done."""
        response = self.server.request("POST", f"{API}/traces", body)
        self.assertIn(response.status, (200, 202), response.body)
        self.assertEqual(self.document.problems("POST", f"{API}/traces", response), [])
        identity = response.json["id"]
        events = events_of(self.ask("GET", f"/traces/{identity}/events").body)
        self.assertEqual(events[-1], ("done", {"id": identity}), events)
        return identity

    def schema_of(self, name):
        return {"$ref": f"#/components/schemas/{name}"}


def start(program, *arguments):
    server = Server(program, *arguments)
    return server, Document(server.request("GET", f"{API}/openapi.json").json)


class TinyModels(Case):
    """On one server with NAMES; the program is set by the test."""

    program = None

    @classmethod
    def setUpClass(cls):
        models = (MODELS / name for name in NAMES)
        cls.server, cls.document = start(cls.program, *models, "--cache", "20M", "--debug")
        cls.addClassCleanup(cls.server.__exit__)
