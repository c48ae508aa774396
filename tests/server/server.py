"""A server under test, and clients of it that know its OpenAPI document. Needs jsonschema (build/venv)."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.parse
from dataclasses import dataclass
from pathlib import Path

import jsonschema

ROOT = Path(__file__).resolve().parent.parent.parent
MODELS = ROOT / "testdata/models"
API = "/api/v1"
START_SECONDS = 120  # under sanitizers and load
TIMEOUT = 120


@dataclass
class Response:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """Runs `limpid serve` on a free port until closed."""

    def __init__(self, program, *arguments, environment=None):
        command = [str(program), "serve", *map(str, arguments)]
        if "--port" not in arguments:
            command += ["--port", "0"]
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, **(environment or {})},
        )
        line = self.process.stdout.readline()
        match = re.match(r"http://(\S+):(\d+)/(?:\?token=(\S+))?$", line)
        if not match:
            _, errors = self.process.communicate(timeout=TIMEOUT)
            raise AssertionError(f"no address but {line!r}; {errors}")
        self.host, self.port, self.token = match[1].strip("[]"), int(match[2]), match[3]

    def __enter__(self):
        return self

    def __exit__(self, *_unused):
        if self.process.poll() is None:
            self.stop()
        self.process.stdout.close()
        self.process.stderr.close()

    def stop(self, sent=signal.SIGTERM, timeout=START_SECONDS):
        """-> exit code"""
        self.process.send_signal(sent)
        return self.process.wait(timeout)

    def resident_bytes(self):
        text = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        return 1024 * int(re.search(r"VmRSS:\s+(\d+)", text)[1])

    def request(self, method, target, body=None, headers=None, timeout=TIMEOUT):
        """One request on a connection of its own. `body`: bytes, or a value that is sent as JSON."""
        headers = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            headers.setdefault("Content-Type", "application/json")
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, target, body, headers)
            answer = connection.getresponse()
            return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
        finally:
            connection.close()

    def raw(self, data: bytes, timeout=TIMEOUT, half_close=False) -> bytes:
        """What comes back for these bytes until the server closes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            try:
                while chunk := connection.recv(65536):
                    received += chunk
            except ConnectionResetError:
                pass
            return received


def events_of(body: bytes) -> list[tuple[str, object]]:
    """The server-sent events of a whole stream, without comments."""
    events = []
    for block in body.decode().split("\n\n"):
        lines = [line for line in block.split("\n") if line and not line.startswith(":")]
        if not lines:
            continue
        fields = dict(line.split(": ", 1) for line in lines)
        events.append((fields["event"], json.loads(fields["data"])))
    return events


class Document:
    """The OpenAPI document that a server hands out."""

    def __init__(self, document: dict):
        self.document = document
        self.schemas = document["components"]["schemas"]

    def resolve(self, value: dict) -> dict:
        while "$ref" in value:
            found = self.document
            for step in value["$ref"].removeprefix("#/").split("/"):
                found = found[step]
            value = found
        return value

    def operations(self):
        """(template, method, operation) of each"""
        for template, item in self.document["paths"].items():
            for method, operation in item.items():
                if method != "parameters":
                    yield template, method, operation

    def parameters(self, template: str, method: str) -> list[dict]:
        item = self.document["paths"][template]
        found = [*item.get("parameters", []), *item[method].get("parameters", [])]
        return [self.resolve(parameter) for parameter in found]

    def errors(self, schema: dict, value) -> list[str]:
        whole = {
            "$schema": self.document["jsonSchemaDialect"],
            "components": self.document["components"],
            **schema,
        }
        validator = jsonschema.Draft202012Validator(whole)
        return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)][:5]

    def template_of(self, path: str) -> str | None:
        below = urllib.parse.urlsplit(path).path.removeprefix(API)
        for template in sorted(self.document["paths"], key=lambda t: t.count("{")):
            if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", template), below):
                return template
        return None

    def problems(self, method: str, target: str, response: Response) -> list[str]:
        """What of a response the document does not say."""
        template = self.template_of(target)
        if template is None:
            return [] if response.status in (401, 403, 404) else [f"{target} is not in the document"]
        head = method == "HEAD"
        method = "get" if head else method.lower()
        operation = self.document["paths"][template].get(method)
        if operation is None:
            return [] if response.status == 405 else [f"{method} {template}: status {response.status}"]
        described = operation["responses"].get(str(response.status))
        if described is None:
            return [
                f"{method} {template}: status {response.status} is not in the document: {response.body[:300]}"
            ]
        content = self.resolve(described).get("content", {})
        kind = response.headers.get("content-type", "").split(";")[0]
        if not content:
            return [f"{method} {template}: a body where none is"] if response.body else []
        if kind not in content:
            return [f"{method} {template}: content type {kind!r}"]
        if head:
            return ["HEAD: a body"] if response.body else []
        if kind != "application/json":
            return []
        return [
            f"{method} {template} {response.status}: {e}"
            for e in self.errors(content[kind]["schema"], response.json)
        ]


def require_program(arguments: list[str]) -> Path:
    if len(arguments) < 2:
        print(f"usage: {arguments[0]} PROGRAM", file=sys.stderr)
        sys.exit(2)
    return Path(arguments.pop(1)).resolve()
