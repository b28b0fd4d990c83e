"""A whole installation in processes of its own, for end-to-end tests, drills and benchmarks."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy import select

from alerts.books import get_books
from alerts.config import apply_config, parse_config
from enrichment.imports import import_rows
from tests.conftest import wait_until
from tracker.db import Database, utc_now
from tracker.models import PageView, Visit
from tracker.settings import Settings, read_settings

ROOT = Path(__file__).parent.parent
AGENT = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/146.0.0.0 Safari/537.36"
)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@dataclass
class Stand:
    """`doorbell serve` on a free port; requests may say the visitor's address, as a trusted proxy would."""

    data_dir: Path
    database_url: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    workers: int = 1
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def settings(self) -> Settings:
        return read_settings(self.environment())

    @cached_property
    def database(self) -> Database:
        return Database(self.settings.database_url)

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "DOORBELL_DATA_DIR": str(self.data_dir),
            "DOORBELL_DATABASE_URL": self.database_url,
            "DOORBELL_BASE_URL": self.url,
            "DOORBELL_TRUSTED_PROXIES": "127.0.0.1",
            "DOORBELL_ALLOW_PRIVATE_OUTBOUND": "on",
            **self.environ,
        }

    def start(self, *, seconds: float = 60) -> None:
        """Starts the processes and waits until work is really being done."""
        self.launch()
        wait_until(lambda: self.status("/healthz") == 200, seconds=seconds, what="a healthy start")

    def launch(self) -> None:
        command = [sys.executable, "-m", "commands.main", "serve", "--port", str(self.port)]
        with (self.data_dir / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [*command, "--workers", str(self.workers)],
                cwd=ROOT,
                env=self.environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill(self.tree())
        self.process = None

    def tree(self) -> list[psutil.Process]:
        """All processes of the installation, the supervisor first."""
        if self.process is None or not psutil.pid_exists(self.process.pid):
            return []
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]

    def kill(self, victims: list[psutil.Process]) -> None:
        for victim in victims:
            try:
                victim.send_signal(signal.SIGKILL)
            except psutil.NoSuchProcess:
                continue
        if self.process and self.process.pid in {victim.pid for victim in victims}:
            self.process.wait()

    def kill_some(self, chance: random.Random) -> str:
        """Kills either one process or all of them at once, and starts the supervisor again if it died."""
        tree = self.tree()
        victims = tree if chance.random() < 0.4 or not tree else [chance.choice(tree)]
        names = f"{len(victims)} of {len(tree)}"
        self.kill(victims)
        if self.process is None or self.process.poll() is not None:
            self.launch()
        return names

    def configure(self, text: str) -> None:
        with self.database.write() as session:
            apply_config(session, parse_config(text), utc_now(), "a test")

    def import_text(self, kind: str, text: str) -> None:
        path = self.data_dir / f"{kind}.csv"
        path.write_text(text)
        report = import_rows(self.database, kind, path, dry_run=False, now=utc_now(), changed_by="a test")
        assert not report.refused, report.refused_rows

    def books(self) -> dict[str, Any]:
        return get_books(self.database, self.settings.inbox_dir)

    def drained(self) -> bool:
        """Whether nothing waits any more, asked in the order of the way: hit, visit, page view, delivery."""
        if self.books()["waiting"]:
            return False
        with self.database.read() as session:
            visit = session.scalar(select(Visit.id).where(Visit.identified_at.is_(None)).limit(1))
            page = session.scalar(select(PageView.id).where(PageView.decided_at.is_(None)).limit(1))
        if visit or page:
            return False
        deliveries = self.books()["deliveries"]
        return not (deliveries["waiting"] or deliveries["sending"])

    def status(self, path: str) -> int:
        try:
            with urllib.request.urlopen(self.url + path, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0

    def send(self, address: str, *hits: dict[str, Any], agent: str = AGENT, **envelope: Any) -> int:
        """Posts hits as the snippet would; the status, or 0 when no answer came."""
        now = int(time.time() * 1000)
        body = {
            "s": "acme-web",
            "v": 1,
            "at": now,
            "c": "n",
            "b": [{"t": now, **hit} for hit in hits],
            **envelope,
        }
        request = urllib.request.Request(
            f"{self.url}/s/e",
            data=json.dumps(body).encode(),
            headers={
                "Content-Type": "text/plain;charset=UTF-8",
                "User-Agent": agent,
                "X-Forwarded-For": address,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


def page_view(hit_id: str, path: str, **more: Any) -> dict[str, Any]:
    return {"n": "pageview", "id": hit_id, "u": f"https://www.acme.test{path}", **more}
