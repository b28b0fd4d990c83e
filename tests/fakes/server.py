"""What the far ends share: a threaded HTTP server that records what it got and can be told to misbehave."""

from __future__ import annotations

import argparse
import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar, Self


@dataclass(frozen=True)
class Received:
    """One request as it came in; `at` is the wall clock in seconds since 1970."""

    at: float
    method: str
    path: str
    headers: dict[str, str]
    body: str


@dataclass(frozen=True)
class Answer:
    """What to answer instead of the right thing.

    `delay` seconds pass before it. `reset` breaks the connection after the request was read; whether
    the message `counts` as posted is up to the plan.
    """

    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    reset: bool = False
    counts: bool = False
    raw: bytes = b""  # in place of the body, for what is no text


class FakeServer:
    """A far end on a free port. `answers` is used up answer by answer; `always` stays until it is cleared.

    None in a plan stands for the right answer. `accepted` is what the far end would have shown or sent.
    """

    name: ClassVar[str] = "far end"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        self.received: list[Received] = []
        self.accepted: list[dict[str, Any]] = []
        self.answers: list[Answer | None] = []
        self.always: Answer | None = None
        self.hold = threading.Event()  # cleared: answers wait
        self.hold.set()
        self.log = log
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> Self:
        self._thread.start()
        return self

    def stop(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def handle(self, request: Received) -> Answer:
        """The right answer; a subclass appends to `accepted` when it takes the message."""
        raise NotImplementedError

    def counts(self, request: Received) -> None:
        """Takes the message although the answer says otherwise."""
        self.handle(request)

    def answer(self, request: Received) -> Answer:
        """Records the request, then the planned answer or the right one."""
        with self._lock:
            self.received.append(request)
            planned = self.always or (self.answers.pop(0) if self.answers else None)
            if planned is None:
                answer = self.handle(request)
            else:
                answer = planned
                if planned.counts:
                    self.counts(request)
            self._write_log(request, answer)
        self.hold.wait(30)
        if answer.delay:
            time.sleep(answer.delay)
        return answer

    def _write_log(self, request: Received, answer: Answer) -> None:
        if self.log is not None:
            line = asdict(request) | {"status": answer.status, "accepted": len(self.accepted)}
            with self.log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                self._take()

            def do_POST(self) -> None:
                self._take()

            def log_message(self, format: str, *args: object) -> None:
                pass

            def _take(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = self.rfile.read(length).decode("utf-8", "replace")
                headers = {name.lower(): value for name, value in self.headers.items()}
                received = Received(time.time(), self.command, self.path, headers, body)
                answer = owner.answer(received)
                if answer.reset:
                    self._reset()
                else:
                    self._send(answer)

            def _reset(self) -> None:
                """A hard reset: what the kernel sends when a process dies with the connection open."""
                linger = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                self.close_connection = True
                self.connection.close()

            def _send(self, answer: Answer) -> None:
                content = answer.raw or answer.body.encode()
                try:
                    self.send_response(answer.status)
                    kind = "application/json" if answer.body.startswith("{") else "text/plain"
                    for name, value in ({"Content-Type": kind} | answer.headers).items():
                        self.send_header(name, value)
                    self.send_header("Content-Length", str(len(content)))
                    self.end_headers()
                    self.wfile.write(content)
                except OSError:
                    self.close_connection = True  # the client gave up

        return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass  # a client that was killed is part of the drill


def json_answer(status: int, body: dict[str, Any], **headers: str) -> Answer:
    return Answer(
        status, json.dumps(body), {name.replace("_", "-"): value for name, value in headers.items()}
    )


def run_alone(make: Callable[[int, Path | None], FakeServer]) -> None:
    """`python -m tests.fakes.slack --port N --log FILE`: one JSON line per request, until it is stopped."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--log", type=Path, default=None)
    arguments = parser.parse_args()
    server = make(arguments.port, arguments.log).start()
    print(f"{server.name} on {server.url}", flush=True)
    threading.Event().wait()
