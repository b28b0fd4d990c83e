"""What a page view costs: the collector in front of Flask against the same function as a Flask view.

Both servers run at once and are loaded in turn, round by round, so that a ratio compares the same minute of
the same machine. Every page view is on the disk before its 202. Takes about ten seconds.

    python bench/collector.py [--seconds 1] [--rounds 3] [--connections 32]
"""

from __future__ import annotations

import argparse
import os
import selectors
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from migrations.metadata import metadata
from tracker.db import Database, utc_now
from tracker.models import Site

ROOT = Path(__file__).parents[1]
DOORS = ("front_app", "view_app")
BODY = (
    b'{"s":"acme-web","v":1,"at":1795271400000,"c":"n","w":1440,"z":"sv-SE","b":[{"n":"pageview",'
    b'"id":"%020d","t":1795271399000,"k":0,"pv":"a1b2c3d4","u":"https://www.acme.test/pricing?utm_source=mail",'
    b'"r":"https://search.test/","ti":"Pricing - Acme"}]}'
)
HEAD = (
    b"POST /s/e HTTP/1.1\r\nHost: bell.acme.test\r\nOrigin: https://www.acme.test\r\n"
    b"User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36\r\n"
    b"Content-Type: text/plain;charset=UTF-8\r\nContent-Length: %d\r\n\r\n"
)


@dataclass(frozen=True)
class Result:
    """One round at one door."""

    page_views: int
    seconds: float
    cpu_seconds: float

    @property
    def rate(self) -> float:
        return self.page_views / self.seconds

    @property
    def cpu_per_thousand(self) -> float:
        return self.cpu_seconds / self.page_views * 1000


class Server:
    """A granian worker with one of the two doors."""

    def __init__(self, door: str, directory: Path) -> None:
        self.door = door
        self.port = free_port()
        command = [sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"]
        command += ["--port", str(self.port), "--blocking-threads", "64"]
        command += [f"tests.tracker.collector_app:{door}"]
        self.process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"DOORBELL_DATA_DIR": str(directory)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def wait(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.05)
        raise SystemExit(f"the server {self.door} did not start")

    def cpu_seconds(self) -> float:
        """User and system time of the server's processes so far."""
        processes = [self.process.pid, *children(self.process.pid)]
        return sum(ticks(process) for process in processes) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def children(process: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{process}/task/{process}/children").read_text().split()]


def ticks(process: int) -> int:
    # The name in brackets may hold spaces; user and system time are fields 14 and 15.
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def load(port: int, seconds: float, connections: int, first_id: int) -> int:
    """Page views acknowledged in this time by `connections` senders that each wait for their answer."""
    selector = selectors.DefaultSelector()
    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        selector.register(connection, selectors.EVENT_READ)
    sockets = [key.fileobj for key in selector.get_map().values() if isinstance(key.fileobj, socket.socket)]
    done, sent = 0, first_id
    for connection in sockets:
        connection.sendall(page_view(sent := sent + 1))
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for key, _ in selector.select(1):
            assert isinstance(key.fileobj, socket.socket)
            check(key.fileobj.recv(4096))
            done += 1
            key.fileobj.sendall(page_view(sent := sent + 1))
    for connection in sockets:
        connection.close()
    return done


def page_view(number: int) -> bytes:
    body = BODY % number
    return HEAD % len(body) + body


def check(answer: bytes) -> None:
    if not answer.startswith(b"HTTP/1.1 202"):
        raise SystemExit(f"not accepted: {answer[:200]!r}")


def measure(server: Server, seconds: float, connections: int, round_number: int) -> Result:
    before, start = server.cpu_seconds(), time.monotonic()
    done = load(server.port, seconds, connections, round_number * 10_000_000)
    return Result(done, time.monotonic() - start, server.cpu_seconds() - before)


def make_database(directory: Path) -> None:
    database = Database(f"sqlite:///{directory / 'doorbell.db'}")
    metadata.create_all(database.engine)
    with database.write() as session:
        hosts = ["www.acme.test"]
        session.add(Site(key="acme-web", name="Acme", secret="s", hosts=hosts, created_at=utc_now()))
    database.close()


def run(seconds: float, rounds: int, connections: int) -> dict[str, list[Result]]:
    directory = Path(tempfile.mkdtemp())
    make_database(directory)
    servers = [Server(door, directory) for door in DOORS]
    try:
        for server in servers:
            server.wait()
            load(server.port, 0.3, connections, 0)
        results: dict[str, list[Result]] = {door: [] for door in DOORS}
        for number in range(1, rounds + 1):
            for server in servers:
                results[server.door].append(measure(server, seconds, connections, number))
        return results
    finally:
        for server in servers:
            server.stop()
        shutil.rmtree(directory)


def report(results: dict[str, list[Result]], connections: int) -> None:
    print(f"page views accepted and on disk, {connections} connections, medians")
    for door in DOORS:
        rate = statistics.median(result.rate for result in results[door])
        cost = statistics.median(result.cpu_per_thousand for result in results[door])
        print(f"  {door:10} {rate:8.0f} /s   {cost:.3f} CPU s per 1,000")
    pairs = list(zip(results["front_app"], results["view_app"], strict=True))
    costs = [view.cpu_per_thousand / front.cpu_per_thousand for front, view in pairs]
    rates = [front.rate / view.rate for front, view in pairs]
    print(f"  CPU, view / front:   {statistics.median(costs):.2f} ({min(costs):.2f} to {max(costs):.2f})")
    print(f"  rate, front / view:  {statistics.median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f})")


def main() -> None:
    parser = argparse.ArgumentParser(description="The collector at its two doors, in ratios.")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    report(run(options.seconds, options.rounds, options.connections), options.connections)


if __name__ == "__main__":
    main()
