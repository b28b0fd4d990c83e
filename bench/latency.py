"""How long from the 202 to the request at the Slack server, under load with random arrivals.

Starts a whole installation and a local Slack server as processes of their own, sends page views at
random moments (a Poisson process), and lets one in so many come from a company that a rule rings for.
Prints the distribution, its ratio to the stated limit and to a bare POST to the same server, and the
CPU seconds per 1,000 page views of all processes of the installation.

    python -m bench.latency [--rate 50] [--seconds 40] [--database sqlite|postgresql]
"""

from __future__ import annotations

import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import unquote_plus

import click

from tests.conftest import start_postgres, wait_until
from tests.fakes.slack import TOKEN
from tests.stand import ROOT, Stand, free_port, page_view

LIMIT_MS = 250.0
COMPANIES = 250


@click.command()
@click.option("--rate", default=50.0, show_default=True, help="Page views a second.")
@click.option("--seconds", default=40.0, show_default=True)
@click.option("--every", default=75, show_default=True, help="One in so many page views makes an alert.")
@click.option("--database", type=click.Choice(["sqlite", "postgresql"]), default="sqlite", show_default=True)
def main(rate: float, seconds: float, every: int, database: str) -> None:
    """Measures once and prints the result."""
    with tempfile.TemporaryDirectory() as directory:
        data_dir = Path(directory)
        url = postgres_url(data_dir / "pg") if database == "postgresql" else ""
        log = data_dir / "slack.jsonl"
        port = free_port()
        slack = start_slack(port, log)
        stand = Stand(data_dir, url, {"DOORBELL_SLACK_API_URL": f"http://127.0.0.1:{port}/api"})
        try:
            run(stand, rate, seconds, every, log, port)
        finally:
            stand.stop()
            slack.terminate()


def postgres_url(directory: Path) -> str:
    server = start_postgres(directory)
    return str(server.get_uri()).replace("postgresql://", "postgresql+psycopg://")


def start_slack(port: int, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.fakes.slack", "--port", str(port), "--log", str(log)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)


def run(stand: Stand, rate: float, seconds: float, every: int, log: Path, port: int) -> None:
    (stand.data_dir / "overrides.csv").write_text(overrides())
    stand.start()
    stand.configure(config())
    cpu = cpu_seconds(stand)
    acknowledged, sent = send_load(stand, rate, seconds, every)
    wait_until(stand.drained, seconds=60, what="an empty inbox and outbox")
    cpu = cpu_seconds(stand) - cpu
    arrivals = read_arrivals(log)
    delays = sorted(
        (arrivals[name] - moment) * 1000 for name, moment in acknowledged.items() if name in arrivals
    )
    report(delays, len(acknowledged), bare_posts(port), cpu, sent)


def config() -> str:
    domains = ", ".join(f"company-{n}.test" for n in range(COMPANIES))
    return f"""
sites:
  - {{key: acme-web, name: Acme, hosts: [www.acme.test]}}
target_lists:
  - {{name: Ideal customers, domains: [{domains}]}}
channels:
  - {{name: sales, kind: slack, token: {TOKEN}, target: "#sales"}}
rules:
  - name: Ideal customer on the site
    when: {{target_list: Ideal customers}}
    send: [{{channel: sales}}]
"""


def overrides() -> str:
    rows = [f"198.51.{n}.0/24,company,Company {n:03},company-{n}.test" for n in range(COMPANIES)]
    return "\n".join(["network,kind,organisation,domain", *rows]) + "\n"


def send_load(stand: Stand, rate: float, seconds: float, every: int) -> tuple[dict[str, float], int]:
    """Sends at random moments; when each alert-making page view was acknowledged, and how many were sent."""
    chance = random.Random(1)
    acknowledged: dict[str, float] = {}

    def send(number: int) -> None:
        company = number // every if number % every == 0 else None
        address = f"198.51.{company}.9" if company is not None else f"81.224.{number % 250}.17"
        status = stand.send(address, page_view(f"bench-{number}", "/pricing"))
        if status == 202 and company is not None:
            acknowledged[f"Company {company:03}"] = time.time()

    with ThreadPoolExecutor(32) as pool:
        start, number, moment = time.monotonic(), 0, 0.0
        while moment < seconds:
            moment += chance.expovariate(rate)
            time.sleep(max(0.0, start + moment - time.monotonic()))
            pool.submit(send, number)
            number += 1
    return acknowledged, number


def read_arrivals(log: Path) -> dict[str, float]:
    """When the Slack server received the first message about each company, in seconds since 1970."""
    arrivals: dict[str, float] = {}
    for line in log.read_text().splitlines():
        entry = json.loads(line)
        text = unquote_plus(str(entry["body"]))
        start = text.find("Company ")
        if start >= 0:
            arrivals.setdefault(text[start : start + 11], float(entry["at"]))
    return arrivals


def bare_posts(port: int) -> float:
    """The median of bare POSTs to the same server, in milliseconds."""
    times = []
    for _ in range(50):
        begin = time.perf_counter()
        request = urllib.request.Request(
            f"http://127.0.0.1:{port}/api/chat.postMessage",
            data=b"channel=%23bench&text=bare",
            headers={"Authorization": f"Bearer {TOKEN}"},
        )
        with urllib.request.urlopen(request, timeout=5) as answer:
            answer.read()
        times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def cpu_seconds(stand: Stand) -> float:
    """User and system time of all processes of the installation."""
    return sum(sum(process.cpu_times()[:2]) for process in stand.tree())


def report(delays: list[float], expected: int, bare: float, cpu: float, sent: int) -> None:
    if not delays:
        raise SystemExit("no alert reached the Slack server")

    def share(part: float) -> float:
        return delays[min(len(delays) - 1, int(part * len(delays)))]

    p50, p95, p99 = share(0.5), share(0.95), share(0.99)
    click.echo(f"page views sent {sent}, alerts {len(delays)} of {expected}")
    click.echo(
        f"202 to request at Slack: p50 {p50:.1f}, p95 {p95:.1f}, p99 {p99:.1f}, max {delays[-1]:.1f} ms"
    )
    click.echo(f"p95 / limit of {LIMIT_MS:.0f} ms: {p95 / LIMIT_MS:.2f}")
    click.echo(f"p50 / bare POST to the same server ({bare:.1f} ms): {p50 / bare:.1f}")
    click.echo(f"CPU per 1,000 page views, all processes: {cpu / sent * 1000:.2f} s")


if __name__ == "__main__":
    main()
