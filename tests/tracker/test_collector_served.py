"""The collector behind the real server: what only a socket can show."""

from __future__ import annotations

import gzip
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from tests.conftest import NOW, wait_until
from tests.tracker.trouble import ACCEPTED, REFUSED, TOO_LARGE, hit, report
from tracker.db import Database
from tracker.inbox import read_inbox
from tracker.models import Site
from tracker.records import Envelope, decode_envelope

ROOT = Path(__file__).parents[2]


class Served:
    """A granian process with one worker, as `doorbell serve` runs it."""

    def __init__(self, directory: Path, port: int) -> None:
        self.inbox_dir = directory / "inbox"
        self.positions: dict[str, int] = {}
        self.port = port
        self.url = f"http://127.0.0.1:{port}/s/e"
        environ = os.environ | {
            "DOORBELL_DATA_DIR": str(directory),
            "DOORBELL_TRUSTED_PROXIES": "127.0.0.1",
        }
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory", "--port", str(port)]
        command += ["--blocking-threads", "64", "tests.tracker.collector_app:front_app"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def answers(self) -> bool:
        try:
            return requests.options(self.url, timeout=1).status_code == 204
        except requests.ConnectionError:
            return False

    def kept(self) -> list[Envelope]:
        reads = read_inbox(self.inbox_dir, self.positions, 100_000)
        return [decode_envelope(read.record) for read in reads]

    def forget(self) -> None:
        self.positions |= {read.segment: read.end for read in read_inbox(self.inbox_dir, {}, 100_000)}

    def say(self, *parts: bytes, pause: float = 0) -> bytes:
        """What comes back for raw bytes, up to the end of the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=10) as connection:
            for part in parts:
                connection.sendall(part)
                time.sleep(pause)
            answer = b""
            while data := connection.recv(65_536):
                answer += data
        return answer

    def kill(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def one_server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    directory = tmp_path_factory.mktemp("served")
    shutil.copy(sqlite_template, directory / "doorbell.db")
    database = Database(f"sqlite:///{directory / 'doorbell.db'}")
    with database.write() as session:
        session.add(Site(key="acme-web", name="Acme", secret="s", created_at=NOW))
    database.close()
    served = Served(directory, free_port())
    wait_until(served.answers, seconds=30, what="the server to answer")
    yield served
    served.kill()


@pytest.fixture
def served(one_server: Served) -> Served:
    """The module's server; `kept` tells what came in since the test began."""
    one_server.forget()
    return one_server


def request(body: bytes, *headers: str) -> bytes:
    lines = ["POST /s/e HTTP/1.1", "Host: bell.acme.test", "Connection: close", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_trouble_never_stops_the_server(served: Served) -> None:
    with requests.Session() as session:
        assert {session.post(served.url, data=body).status_code for body in REFUSED} == {400}
        assert {session.post(served.url, data=body).status_code for body in TOO_LARGE} == {413}
        assert {session.post(served.url, data=body).status_code for body in ACCEPTED} == {202}
    assert len(served.kept()) == len(ACCEPTED)


def test_two_forwarded_headers_are_one_chain(served: Served) -> None:
    served.say(request(report(), "X-Forwarded-For: 203.0.113.66", "X-Forwarded-For: 198.51.100.7",
                       f"Content-Length: {len(report())}"))  # fmt: skip
    assert [kept.address for kept in served.kept()] == ["198.51.100.7"]


def test_a_chunked_body_is_read_to_its_end(served: Served) -> None:
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (report()[:50], report()[50:]))
    assert b" 202 " in served.say(request(chunks + b"0\r\n\r\n", "Transfer-Encoding: chunked"))


def test_a_chunked_body_over_the_limit_is_a_413(served: Served) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 10_000

    assert requests.post(served.url, data=parts(), timeout=10).status_code == 413


def test_a_gzipped_body_is_unpacked(served: Served) -> None:
    answer = requests.post(
        served.url, data=gzip.compress(report()), headers={"Content-Encoding": "gzip"}, timeout=10
    )
    assert answer.status_code == 202


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 5000"],
        ["Content-Length: 0"],
        ["Content-Length: abc"],
        ["Content-Length: -5"],
        ["Content-Length: 5", "Content-Length: 50"],
        ["Transfer-Encoding: chunked"],
        ["Transfer-Encoding: gzip"],
    ],
    ids=" ".join,
)
def test_a_wrong_length_is_never_a_5xx_and_leaves_nothing(served: Served, headers: list[str]) -> None:
    with socket.create_connection(("127.0.0.1", served.port), timeout=10) as connection:
        connection.sendall(request(b"{" + report(), *headers))
        connection.shutdown(socket.SHUT_WR)
        assert b"HTTP/1.1 5" not in connection.recv(65_536)
    assert served.kept() == []
    assert requests.post(served.url, data=report(), timeout=10).status_code == 202


def test_half_sent_bodies_do_not_hold_up_others(served: Served) -> None:
    stalled = [socket.create_connection(("127.0.0.1", served.port)) for _ in range(8)]
    for connection in stalled:
        connection.sendall(request(report()[:40], f"Content-Length: {len(report())}"))
    try:
        assert requests.post(served.url, data=report(), timeout=3).status_code == 202
    finally:
        for connection in stalled:
            connection.close()


def test_kill_9_under_load_loses_no_acknowledged_page_view(served: Served) -> None:
    acknowledged: set[str] = set()

    def send(thread: int) -> None:
        with requests.Session() as session:
            for number in range(10_000):
                name = f"{thread}-{number}"
                try:
                    if session.post(served.url, data=hit(id=name), timeout=10).status_code == 202:
                        acknowledged.add(name)
                except requests.RequestException:
                    return

    with ThreadPoolExecutor(8) as pool:
        done = [pool.submit(send, thread) for thread in range(8)]
        wait_until(lambda: len(acknowledged) > 200, seconds=30)
        served.kill()
        for future in done:
            future.result(30)
    kept = [hit.id for envelope in served.kept() for hit in envelope.hits]
    assert acknowledged <= set(kept)
    assert len(kept) == len(set(kept))
