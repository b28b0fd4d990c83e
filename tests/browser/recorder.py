"""Real HTTP servers on ports of their own: one for a customer's pages, one in the collector's place.

Requests sent while a page is being left are invisible to Playwright's events; only a server sees them all.
"""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.conftest import wait_until

STATIC = Path(__file__).parents[2] / "tracker" / "static"
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
TYPES = {".js": "text/javascript", ".html": "text/html; charset=utf-8"}


@dataclass(frozen=True)
class Received:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class Server:
    """Answers from `pages`, remembers every request. Usable by any host name that points at this machine."""

    def __init__(self) -> None:
        self.pages: dict[str, Answer] = {}
        self.received: list[Received] = []
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.port = self._http.server_address[1]
        self._thread = Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def address(self, path: str = "/", host: str = "127.0.0.1") -> str:
        return f"http://{host}:{self.port}{path}"

    def put_page(self, path: str, html: str, **headers: str) -> str:
        """Serves `html` at `path`; returns its address. Header names are written with underscores."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.pages[path] = Answer(200, {"Content-Type": TYPES[".html"]} | named, html.encode())
        return self.address(path)

    def answer(self, request: Received) -> Answer:
        if request.path == "/favicon.ico":
            return Answer(204)  # browsers ask by themselves, and complain when there is none
        return self.pages.get(request.path.split("?")[0], Answer(404, body=b"no such page"))

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class Recorder(Server):
    """Stands where the collector stands: serves the built script and keeps what is posted to /s/e.

    While `gate` is cleared, /s/e and /held keep whoever asks waiting; requests are recorded at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self.next_answers: deque[Answer] = deque()
        self.gate = Event()
        self.gate.set()

    def answer(self, request: Received) -> Answer:
        if request.path in ("/s/v.js", "/s/v.lite.js"):
            script = (STATIC / request.path.removeprefix("/s/")).read_bytes()
            return Answer(200, CORS | {"Content-Type": TYPES[".js"]}, script)
        if request.path in ("/s/e", "/held"):
            self.gate.wait(10)
        if request.path == "/s/e" and request.method == "POST":
            answer = self.next_answers.popleft() if self.next_answers else Answer(202)
            return Answer(answer.status, CORS | answer.headers)
        return super().answer(request)

    @property
    def posts(self) -> list[Received]:
        return [request for request in self.received if (request.method, request.path) == ("POST", "/s/e")]

    @property
    def envelopes(self) -> list[dict[str, Any]]:
        return [json.loads(request.body) for request in self.posts]

    def hits(self, name: str = "") -> list[dict[str, Any]]:
        """All hits in the order they came, or those of one name."""
        hits = [hit for envelope in self.envelopes for hit in envelope["b"]]
        return [hit for hit in hits if name in ("", hit["n"])]

    def wait_for(self, name: str, count: int = 1) -> list[dict[str, Any]]:
        """The hits of that name once at least `count` of them are here."""
        wait_until(lambda: len(self.hits(name)) >= count, what=f"{count} x {name}, have {self.hits()}")
        return self.hits(name)

    def tag(self, host: str = "127.0.0.1", attributes: str = "") -> str:
        return (
            f'<script defer src="{self.address("/s/v.js", host)}" data-site="acme-web" {attributes}></script>'
        )


class _Handler(BaseHTTPRequestHandler):
    owner: Server
    protocol_version = "HTTP/1.1"
    # Head and body leave in two writes; without this the second waits for the first one's receipt.
    disable_nagle_algorithm = True

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        request = Received(self.command, self.path, {k.lower(): v for k, v in self.headers.items()}, body)
        self.owner.received.append(request)
        self._send(self.owner.answer(request))

    do_GET = do_POST = do_OPTIONS = handle_any

    def _send(self, answer: Answer) -> None:
        try:
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)
        except ConnectionError:
            self.close_connection = True  # the page was left; the request is recorded all the same

    def log_message(self, format: str, *args: object) -> None:
        """Quiet: what counts is in `received`."""
