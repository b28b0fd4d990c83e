"""`doorbell demo`: a site with realistic traffic and all four scenarios, in a data directory of its own."""

from __future__ import annotations

import os
import random
import threading
import time
from importlib import resources
from pathlib import Path

import click
import requests
from rich.console import Console
from sqlalchemy import select

from alerts.config import apply_config, parse_config
from alerts.scheduler import make_tools, work_off
from commands.common import open_database
from commands.demo_traffic import AGENTS, COMPANIES, HOMES, PAGES, SCENES, SITE_KEY, live_hit, plan_history
from commands.logs import log_to_stderr
from commands.replay import progress_bar
from commands.serve import Child, greet, run
from enrichment.imports import import_rows
from tracker.db import Database, utc_now
from tracker.inbox import Inbox
from tracker.models import Site
from tracker.records import encode_envelope
from tracker.settings import Settings, read_settings

DATA = resources.files("commands") / "demo_data"
# Fixed, so that two people who look at a demo see the same companies.
SEED = 20_261_121


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8000, show_default=True, type=click.IntRange(1, 65535))
@click.option("--data-dir", default="./doorbell-demo", show_default=True, type=click.Path(path_type=Path))
def demo(host: str, port: int, data_dir: Path) -> None:
    """Shows Doorbell with made-up visits from real networks; alerts appear in the pages and here."""
    log_to_stderr()
    os.environ |= {
        "DOORBELL_DATA_DIR": str(data_dir),
        "DOORBELL_DATABASE_URL": "",
        "DOORBELL_BASE_URL": f"http://{host}:{port}",
        "DOORBELL_TRUSTED_PROXIES": "127.0.0.1",
    }
    settings = read_settings()
    database = open_database(settings)
    prepare(settings, database, Console())
    database.close()
    greet(host, port)
    threading.Thread(target=act, args=(f"http://{host}:{port}",), daemon=True).start()
    run([Child(["web", "--host", host, "--port", str(port)]), Child(["worker"])])


def prepare(settings: Settings, database: Database, console: Console) -> None:
    """Configuration, imported companies and 30 days of visits; does nothing the second time."""
    with database.read() as session:
        if session.scalar(select(Site.id).where(Site.key == SITE_KEY)):
            return
    now = utc_now()
    with database.write() as session:
        apply_config(session, parse_config((DATA / "config.yaml").read_text()), now, "doorbell demo")
    for kind in ("companies", "contacts", "deals"):
        with resources.as_file(DATA / f"{kind}.csv") as path:
            import_rows(database, kind, path, dry_run=False, now=now, changed_by="doorbell demo")
    make_history(settings, database, console)


def make_history(settings: Settings, database: Database, console: Console) -> None:
    records = [encode_envelope(envelope) for envelope in plan_history(utc_now(), random.Random(SEED))]
    inbox = Inbox(settings.inbox_dir)
    inbox.append_all(records)
    inbox.close()
    with progress_bar(console) as progress:
        task = progress.add_task("Making 30 days of visits", total=len(records))
        for done in work_off(make_tools(settings, database)):
            progress.advance(task, min(done, 500))
        progress.update(task, completed=len(records))


def act(url: str) -> None:
    """The four scenarios once, then visitors who come and go, until the program ends."""
    wait_for_server(url)
    chance = random.Random(SEED)
    for scene in SCENES:
        click.echo(f"Demo: {scene.title}")
        for page in scene.pages:
            post(url, scene.address, page, AGENTS[0])
            time.sleep(1)
    while True:
        time.sleep(chance.uniform(3, 12))
        address = chance.choice(COMPANIES if chance.random() < 0.4 else HOMES)
        post(url, address, chance.randrange(len(PAGES)), chance.choice(AGENTS))


def wait_for_server(url: str) -> None:
    while True:
        try:
            if requests.get(f"{url}/healthz", timeout=2).status_code == 200:
                return
        except requests.ConnectionError:
            pass
        time.sleep(0.5)


def post(url: str, address: str, page: int, agent: str) -> None:
    """One page view, as the snippet sends it, from an address that the trusted proxy vouches for."""
    now = utc_now()
    body = {"s": SITE_KEY, "v": 1, "at": int(now.timestamp() * 1000), "c": "n", "b": [live_hit(page, now)]}
    headers = {"User-Agent": agent, "X-Forwarded-For": address, "Origin": "https://www.nordkvist.example"}
    try:
        requests.post(f"{url}/s/e", json=body, headers=headers, timeout=5)
    except requests.RequestException as error:
        click.echo(f"Demo: a page view was not taken: {error}", err=True)
