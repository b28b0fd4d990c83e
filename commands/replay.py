"""`doorbell replay`: an access log through the whole pipeline."""

from __future__ import annotations

import fcntl
import gzip
import io
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeRemainingColumn
from rich.table import Table
from sqlalchemy import func, select

from alerts.scheduler import make_tools, work_off
from commands.common import open_database
from enrichment.models import Company, Identification
from tracker.access_log import BadLine, LogReader
from tracker.db import Database, utc_now
from tracker.inbox import Inbox
from tracker.ledger import get_ledger
from tracker.models import Site, Visit
from tracker.records import Envelope, encode_envelope
from tracker.settings import Settings, read_settings

GZIP_MAGIC = b"\x1f\x8b"
# One fdatasync for so many lines: a log is still there if the power fails, so nothing is lost.
LINES_A_BATCH = 500
# A log line longer than this is no page view of a person.
LONGEST_LINE = 65_536


@dataclass
class Counts:
    lines: int = 0
    page_views: int = 0
    others: int = 0
    bad: int = 0


@click.command()
@click.argument("logfile", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--site", required=True, help="Key of the site the log belongs to.")
@click.option(
    "--origin", default="", help="Address of the site, as in https://www.acme.test; else its first host."
)
@click.option(
    "--alerts", is_flag=True, help="Let rules alert on these page views; otherwise they stay quiet."
)
def replay(logfile: Path, site: str, origin: str, alerts: bool) -> None:
    """Sends LOGFILE (combined format, plain or gzip) through the pipeline and lists who visited.

    The same file twice adds nothing: a line is known again by its content.
    """
    settings = read_settings()
    database = open_database(settings)
    reader = LogReader(site, find_origin(database, site, origin), utc_now(), quiet=not alerts)
    console = Console()
    with progress_bar(console) as progress:
        counts = append_log(logfile, reader, settings.inbox_dir, progress)
        process(settings, database, progress)
    report(console, database, counts)


def find_origin(database: Database, key: str, said: str = "") -> str:
    """The address that was said, else of the site's first host; ends the command without key or host."""
    with database.read() as session:
        sites = {row.key: row for row in session.scalars(select(Site))}
    if key not in sites:
        raise click.UsageError(f"There is no site {key}. Sites: {', '.join(sorted(sites)) or 'none yet'}.")
    if said:
        return said
    hosts = [host for host in sites[key].hosts if "*" not in host]
    if not hosts:
        raise click.UsageError(f"Site {key} names no host; say its address with --origin https://...")
    return f"https://{hosts[0]}"


def progress_bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
        console=console,
    )


def append_log(logfile: Path, reader: LogReader, inbox_dir: Path, progress: Progress) -> Counts:
    """Appends the page views of the log to the inbox."""
    counts = Counts()
    task = progress.add_task("Reading the log", total=logfile.stat().st_size)
    inbox = Inbox(inbox_dir)
    with logfile.open("rb") as raw:
        batch: list[bytes] = []
        for envelope in read_envelopes(raw, reader, counts):
            batch.append(encode_envelope(envelope))
            if len(batch) == LINES_A_BATCH:
                inbox.append_all(batch)
                batch = []
                progress.update(task, completed=raw.tell())
        if batch:
            inbox.append_all(batch)
    progress.update(task, completed=logfile.stat().st_size)
    inbox.close()
    return counts


def read_envelopes(raw: BinaryIO, reader: LogReader, counts: Counts) -> Iterator[Envelope]:
    for line in read_lines(raw):
        counts.lines += 1
        try:
            envelope = reader.read(line)
        except BadLine:
            counts.bad += 1
            continue
        if envelope is None:
            counts.others += 1
            continue
        counts.page_views += 1
        yield envelope


def read_lines(raw: BinaryIO) -> Iterator[str]:
    magic = raw.read(2)
    raw.seek(0)
    stream = gzip.GzipFile(fileobj=raw) if magic == GZIP_MAGIC else raw
    text = io.BufferedReader(stream)  # type: ignore[type-var]
    try:
        while line := text.readline(LONGEST_LINE):
            yield line.decode("utf-8", "replace").rstrip("\r\n")
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise click.ClickException(f"The gzip file ends early or is damaged: {error}") from error


def process(settings: Settings, database: Database, progress: Progress) -> None:
    """Waits for the running worker to take everything, or does its work when none runs."""
    waiting = get_ledger(database, settings.inbox_dir).waiting
    task = progress.add_task("Identifying", total=waiting or 1)
    with worker_lock(settings) as ours:
        rounds = work_off(make_tools(settings, database)) if ours else wait_for_worker(settings, database)
        for _ in rounds:
            left = get_ledger(database, settings.inbox_dir).waiting
            progress.update(task, completed=max(0, waiting - left))
    progress.update(task, completed=waiting or 1)


def wait_for_worker(settings: Settings, database: Database) -> Iterator[int]:
    """Looks again and again until the running worker has taken everything."""
    while left := get_ledger(database, settings.inbox_dir).waiting:
        yield left
        time.sleep(0.2)


@contextmanager
def worker_lock(settings: Settings) -> Iterator[bool]:
    """Whether no worker runs on this data directory; none can begin while the block lasts."""
    with (settings.data_dir / "worker.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True


def report(console: Console, database: Database, counts: Counts) -> None:
    console.print(
        f"{counts.lines:,} lines: {counts.page_views:,} page views, "
        f"{counts.others:,} other requests, {counts.bad:,} not in combined format."
    )
    console.print(companies_table(database))


def companies_table(database: Database) -> Table:
    """The companies with most page views, of all visits known."""
    table = Table("Company", "Domain", "Visits", "Page views", "Latest", title="Companies that visited")
    pages = func.sum(Visit.page_view_count)
    query = (
        select(Company.name, Company.domain, func.count(), pages, func.max(Visit.ended_at))
        .join(Identification, Identification.company_id == Company.id)
        .join(Visit, Visit.id == Identification.visit_id)
        .where(Visit.merged_into_id.is_(None))
        .group_by(Company.id, Company.name, Company.domain)
        .order_by(pages.desc())
        .limit(20)
    )
    with database.read() as session:
        for name, domain, visits, page_views, latest in session.execute(query):
            table.add_row(
                name, domain or "", f"{visits:,}", f"{page_views or 0:,}", f"{latest:%Y-%m-%d %H:%M} UTC"
            )
    return table
