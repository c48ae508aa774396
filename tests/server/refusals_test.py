"""What a server refuses: wrong arguments, requests of other sites and strangers, clients that send too much or too slowly.

python3 tests/server/refusals_test.py PROGRAM    needs jsonschema (build/venv)
"""

import http.client
import socket
import sys
import threading
import time
import unittest
import urllib.parse

from case import PROMPT, UNKNOWN, Case, TinyModels, q, start
from server import API, MODELS, events_of, require_program

PROGRAM = require_program(sys.argv)
TOKEN = "a-secret-of-a-test"


class Refusals(TinyModels):
    program = PROGRAM

    def test_wrong_bodies(self):
        for path in ("/traces", "/generate", "/models/gpt2/tokenize"):
            for body in (
                b"",
                b"{",
                b"[]",
                b"null",
                b"1",
                b'"x"',
                b'{"prompt": "\xff"}',
                b"{} {}",
                b'{"prompt": "a"}\0',
                b"[" * 100000,
                b'{"a":' * 50000,
                b'{"prompt": 1}',
                b'{"prompt": null}',
                b'{"promt": "a"}',
                b"{}",
                b'{"prompt": "a", "bos": 1}',
                b'{"prompt": "a", "bos": "maybe"}',
                b'{"prompt": ""}',
            ):
                self.ask(
                    "POST", path, 400, body, "invalid_argument", headers={"Content-Type": "application/json"}
                )
        for ids in ([], [-1], [298], [2**31], [2**70], [1.5], ["1"], [[1]], [None], {}, "1", [True]):
            self.ask("POST", "/traces", 400, {"ids": ids}, "invalid_argument")
        for wrong in (
            {"prompt": "a", "ids": [1]},
            {"prompt": "a", "model": 1},
            {"prompt": "a", "chat": 1},
            {"prompt": "a", "system": "b"},
            {"ids": [1], "chat": True},
        ):
            self.ask("POST", "/traces", 400, wrong, "invalid_argument")
        for wrong in (
            {"max_tokens": 0},
            {"max_tokens": -1},
            {"max_tokens": 1.5},
            {"temperature": -1},
            {"temperature": "1"},
            {"top_k": -1},
            {"top_p": 0},
            {"top_p": 1.1},
            {"seed": -1},
        ):
            response = self.server.request("POST", f"{API}/generate", {"prompt": "a", **wrong})
            problem = (
                response.json["error"] if response.status == 400 else events_of(response.body)[-1][1]["error"]
            )
            self.assertEqual(problem["code"], "invalid_argument", wrong)
        self.ask("POST", "/traces", 404, {"prompt": "a", "model": "/etc/passwd"}, "not_found")
        self.ask("POST", "/traces", 422, {"prompt": "a", "chat": True}, "unsupported")  # no template
        self.ask("POST", "/generate", 413, {"prompt": "a", "max_tokens": 10**6}, "too_large")
        self.ask("POST", "/traces", 413, {"ids": [5] * 2000}, "too_large")
        self.ask("POST", "/traces", 413, {"prompt": "x" * 500000}, "too_large")
        self.ask("POST", "/traces", 413, {"model": "gpt2", "ids": [5] * 65}, "too_large")  # its context is 64
        self.ask(
            "POST",
            "/traces",
            400,
            b'{"prompt": "a"}',
            "invalid_argument",
            headers={"Content-Type": "text/plain"},
        )

    def test_wrong_parameters(self):
        identity = self.trace({"prompt": PROMPT})
        base = f"/traces/{identity}"
        long_text = "x" * 1001
        wrong = {
            "route": (
                "token=7000",
                "token=x",
                "token=",
                "token=1&token=2",
                "threshold=2",
                "threshold=nan",
                "threshold=-1",
                "threshold=0x1",
                "renormalize=2",
                "renormalise=true",
                "token=%zz",
                "token=%00",
                "token=99999999999",
            ),
            "shares": ("floor=0.004", "floor=2", "floor=x", "token=-100", "threshold=0.1"),
            "inspect": (
                "",
                "node=",
                "node=x",
                "node=mid.9@0",
                "node=mid.0@99",
                "node=head.0.99@0",
                "node=mid.0@-99",
                "node=" + "m" * 101,
                "node=mid.0@0&normalize=x",
                "node=head.0.0@0&target=" + long_text,
                "node=logit@0&target=%23999999",
                "node=post.0@1->mid.0@0",
                "node=mid.99999999999@0",
                "node=neuron.0.99999@0",
            ),
            "lens": (
                "state=x",
                "top=0",
                "top=51",
                "top=x",
                "rank_of=%23999999",
                "rank_of=" + long_text,
                "token=99",
                "&".join(["rank_of=%231"] * 21),
                "token=x",
                "rank_of=the cat sat".replace(" ", "%20"),
            ),
            "attention": (
                "head=0",
                "head=0.0.0",
                "head=a.b",
                "head=99.0",
                "head=0.99",
                "head=-1.0",
                "layer=99",
                "layer=x",
                "token=0",
            ),
            "figure.svg": (
                "kind=x",
                "theme=x",
                "width=1",
                "width=99999",
                "width=nan",
                "min_flow=2",
                "token=99",
                "state=x&kind=lens",
                "kind=attention&head=9.9",
                "html=1",
            ),
            "events": ("x=1",),
        }
        for name, addresses in wrong.items():
            for address in addresses:
                self.ask("GET", f"{base}/{name}?{address}", 400, code="invalid_argument")
        for name in wrong:
            parameters = q(node="mid.0@0") if name == "inspect" else ""
            self.ask("GET", f"/traces/{UNKNOWN}/{name}{parameters}", 404, code="not_found")
        self.ask("GET", "/models/gpt2/heads?length=1", 400, code="invalid_argument")
        self.ask("GET", "/models/gpt2/heads?seed=-1", 400, code="invalid_argument")
        self.ask("DELETE", f"/traces/{UNKNOWN}", 404, code="not_found")
        self.ask("DELETE", base, 204)
        self.ask("GET", base, 200)  # done: it stays

    def test_addresses_that_are_none(self):
        for path in (
            "",
            "/",
            "/nothing",
            "/traces/",
            "/traces//route",
            "/models/",
            "/models/%2e%2e/tokenizer",
            "/traces/x/y",
            "/../../etc/passwd",
            "/%2e%2e/%2e%2e/etc/passwd",
            "//config",
            "/config/",
            "/CONFIG",
        ):
            response = self.server.request("GET", API + path)
            self.assertEqual((response.status, response.json["error"]["code"]), (404, "not_found"), path)
        self.assertEqual(self.server.request("GET", "/api/v2/config").status, 404)
        self.assertEqual(self.server.request("GET", "/api").json["error"]["code"], "not_found")
        self.ask("GET", "/models/%ff", 400, code="invalid_argument")
        self.ask("GET", "/models/" + urllib.parse.quote("../gpt2", safe=""), 404, code="not_found")

    def test_methods(self):
        for method, path in (
            ("POST", "/config"),
            ("DELETE", "/models"),
            ("GET", "/generate"),
            ("POST", f"/traces/{UNKNOWN}"),
        ):
            self.ask(method, path, 405, {} if method == "POST" else None, "method")
        for method in ("PUT", "PATCH", "OPTIONS", "TRACE", "CONNECT"):
            response = self.server.request(method, f"{API}/config")
            self.assertEqual(response.status, 405, method)
            self.assertNotIn("access-control-allow-origin", response.headers)

    def test_pages_of_other_sites_get_nothing(self):
        own = f"127.0.0.1:{self.server.port}"
        for headers in (
            {"Host": "evil.com"},
            {"Host": f"evil.com:{self.server.port}"},
            {"Host": "localhost.evil.com"},
            {"Origin": "http://evil.com"},
            {"Origin": "null"},
            {"Origin": "http://127.0.0.1:1"},
            {"Sec-Fetch-Site": "cross-site"},
            {"Sec-Fetch-Site": "same-site"},
        ):
            self.ask("GET", "/config", 403, code="forbidden", headers=headers)
            self.ask("POST", "/traces", 403, {"prompt": "a"}, "forbidden", headers=headers)
        for headers in (
            {"Host": "localhost:1"},
            {"Host": "[::1]"},
            {"Origin": f"http://{own}"},
            {"Sec-Fetch-Site": "same-origin"},
        ):
            self.ask("GET", "/config", headers=headers)

    def test_every_response_has_the_headers_of_a_careful_server(self):
        page = self.server.request("GET", "/")
        responses = [
            page,
            self.ask("GET", "/config"),
            self.ask("GET", "/nothing", 404),
            self.ask("GET", "/config", 403, headers={"Host": "evil.com"}),
        ]
        for response in responses:
            self.assertIn("default-src 'self'", response.headers["content-security-policy"])
            self.assertIn("frame-ancestors 'none'", response.headers["content-security-policy"])
            self.assertEqual(response.headers["x-content-type-options"], "nosniff")
            self.assertEqual(response.headers["cross-origin-resource-policy"], "same-origin")
            self.assertEqual(response.headers["referrer-policy"], "no-referrer")
            self.assertNotIn("access-control-allow-origin", response.headers)
        self.assertEqual(responses[1].headers["cache-control"], "no-store")

    def test_framing_that_is_refused(self):
        post = f"POST {API}/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n".encode()
        get = f"GET {API}/config HTTP/1.1\r\nHost: localhost\r\n".encode()
        cases = {
            "no length": (post + b"\r\n", 400),
            "chunked": (post + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{}   \r\n0\r\n\r\n", 400),
            "both": (post + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
            "two lengths": (post + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400),
            "a negative length": (post + b"Content-Length: -2\r\n\r\n{}", 400),
            "no number": (post + b"Content-Length: 2x\r\n\r\n{}", 400),
            "a length that overflows": (post + b"Content-Length: 99999999999999999999999\r\n\r\n{}", 400),
            "compressed": (post + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}", 400),
            "too long": (post + b"Content-Length: 1048577\r\n\r\n" + b" " * 1048577, 413),
            "said to be too long": (post + b"Content-Length: 999999999999\r\n\r\n{}", 413),
            "a body of a GET": (get + b"Content-Length: 2\r\n\r\n{}", 400),
            "a long header": (get + b"X: " + b"y" * 10000 + b"\r\n\r\n", 400),
            "many headers": (get + b"X: y\r\n" * 10000 + b"\r\n", 431),
            "a long address": (b"GET /" + b"y" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 431),
            "no request": (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
            "another protocol": (b"GET / HTTP/9.9\r\n\r\n", 400),
            "no host": (f"GET {API}/config HTTP/1.1\r\n\r\n".encode(), 403),
            "two hosts": (get + b"Host: localhost\r\n\r\n", 403),
        }
        for name, (data, status) in cases.items():
            answer = self.server.raw(data + (get + b"\r\n" if status != 413 else b""))
            self.assertTrue(answer.startswith(b"HTTP/1.1 %d " % status), f"{name}: {answer[:200]}")
            self.assertIn(b'{"error":', answer, name)
            # The rest is never taken for another request.
            self.assertEqual(
                answer.count(b"HTTP/1.1 "), 2 if name == "two hosts" or name == "no host" else 1, name
            )
        self.ask("GET", "/healthz")

    def test_connections_are_kept(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60)
        self.addCleanup(connection.close)
        for _ in range(20):
            connection.request("GET", f"{API}/healthz")
            self.assertEqual(connection.getresponse().read(), b'{"ok":true}\n')

    def test_slow_clients_hold_nobody_up(self):
        sent = f"GET {API}/healthz HTTP/1.1\r\nHost: local".encode()
        with_head = f"POST {API}/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n".encode()
        begun = time.monotonic()
        answers = {}

        def linger(number, data):
            answers[number] = self.server.raw(data)

        threads = [
            threading.Thread(target=linger, args=(i, (b"", sent, with_head)[i % 3])) for i in range(60)
        ]
        for thread in threads:
            thread.start()
        self.ask("GET", "/healthz")
        self.assertLess(time.monotonic() - begun, 5)
        for thread in threads:
            thread.join()
        self.assertLess(time.monotonic() - begun, 60)  # 10 s, unless the machine is busy
        for number, answer in answers.items():
            self.assertTrue(number % 3 != 2 or answer.startswith(b"HTTP/1.1 408 "), answer[:100])


    def test_idle_connections_hold_nobody_up(self):
        idle = [http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=60) for _ in range(300)]
        for number, connection in enumerate(idle):
            connection.connect()
            self.addCleanup(connection.close)
            if number % 2:
                connection.request("GET", f"{API}/healthz")
                self.assertEqual(connection.getresponse().read(), b'{"ok":true}\n')
        begun = time.monotonic()
        self.ask("GET", "/healthz")
        self.assertLess(time.monotonic() - begun, 2)  # milliseconds, unless the machine is busy
        for connection in idle[-40:]:  # they are still good
            connection.request("GET", f"{API}/healthz")
            self.assertEqual(connection.getresponse().read(), b'{"ok":true}\n')
        # Closed after five seconds without a request.
        idle[-1].sock.settimeout(30)
        self.assertEqual(idle[-1].sock.recv(1), b"")

    def test_connections_beyond_the_limit_go_the_oldest_first(self):
        idle = [socket.create_connection(("127.0.0.1", self.server.port), timeout=60) for _ in range(600)]
        for connection in idle:
            self.addCleanup(connection.close)
        idle[0].settimeout(4)  # before it has been idle for too long
        self.assertEqual(idle[0].recv(1), b"")
        idle[-1].sendall(f"GET {API}/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        self.assertTrue(idle[-1].recv(100).startswith(b"HTTP/1.1 200 "))
        self.ask("GET", "/healthz")


class Guarded(Case):
    @classmethod
    def setUpClass(cls):
        cls.server, cls.document = start(PROGRAM, MODELS / "gpt2", "--host", "0.0.0.0", "--token", TOKEN)
        cls.addClassCleanup(cls.server.__exit__)

    def test_nothing_without_the_token(self):
        self.assertEqual(self.server.token, TOKEN)
        self.ask("GET", "/healthz", headers={"Authorization": ""})
        for headers in (
            {"Authorization": ""},
            {"Authorization": "Bearer x"},
            {"Authorization": "", "Cookie": "limpid_token=x"},
        ):
            for method, path in (
                ("GET", "/config"),
                ("GET", "/openapi.json"),
                ("POST", "/traces"),
                ("GET", "/nothing"),
            ):
                self.ask(method, path, 401, {} if method == "POST" else None, "unauthorized", headers=headers)
            self.assertEqual(self.server.request("GET", "/", headers=headers).status, 401)
            self.assertEqual(self.server.request("GET", "/?token=wrong", headers=headers).status, 401)
        self.ask("GET", "/config")
        self.ask("GET", "/config", headers={"Authorization": "", "Cookie": f"limpid_token={TOKEN}"})
        self.ask("GET", f"/config?token={TOKEN}", 401, headers={"Authorization": ""})  # for the page only

    def test_the_address_that_is_printed_logs_in(self):
        response = self.server.request("GET", f"/?a=1&token={TOKEN}", headers={"Authorization": ""})
        self.assertEqual((response.status, response.headers["location"]), (303, "/?a=1"))
        cookie = response.headers["set-cookie"]
        for part in ("HttpOnly", "SameSite=Strict", f"limpid_token={TOKEN};"):
            self.assertIn(part, cookie)

    def test_no_status_unless_asked_for(self):
        response = self.ask("GET", "/status", 404, code="not_found")
        self.assertIn("--debug", response.json["error"]["hint"])
        self.assertFalse(self.ask("GET", "/config").json["debug"])

    def test_names_must_be_allowed(self):
        self.ask("GET", "/config", 403, code="forbidden", headers={"Host": "example.org"})
        self.ask("GET", "/config", headers={"Host": "10.1.2.3:99"})


if __name__ == "__main__":
    unittest.main()
