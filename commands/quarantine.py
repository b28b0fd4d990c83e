"""`doorbell quarantine`: the hits that could not be processed, and their second chance."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from commands.common import open_database
from tracker.db import utc_now
from tracker.inbox import wake
from tracker.quarantine import Quarantined, list_quarantined
from tracker.requeue import Requeued, requeue_quarantined
from tracker.settings import Settings, read_settings

MOST_SHOWN = 100


@click.group()
def quarantine() -> None:
    """Hits that could not be processed. They are kept with all of their bytes until they go through."""


@quarantine.command("list")
@click.option("--json", "as_json", is_flag=True, help="One object a line, for programs.")
def list_(as_json: bool) -> None:
    """Shows the newest 100, with what went wrong."""
    with open_database(read_settings()).read() as session:
        rows = list_quarantined(session, MOST_SHOWN)
    if as_json:
        for row in rows:
            click.echo(json.dumps(_as_object(row)))
    elif rows:
        Console().print(_as_table(rows))
    else:
        click.echo("The quarantine is empty.")


@quarantine.command()
@click.option("--quiet", is_flag=True, help="Store them, but ring for none of them.")
def retry(quiet: bool) -> None:
    """Puts all of them through again. Exits with 1 when some failed again; they stay."""
    settings = read_settings()
    tried = _retry(settings, quiet)
    wake(settings.wake_path)
    click.echo(f"{tried.done} went through, {tried.failed} failed again")
    if tried.failed:
        click.echo("doorbell quarantine list shows why", err=True)
        sys.exit(1)


def _retry(settings: Settings, quiet: bool) -> Requeued:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("putting hits through", total=None)
        return requeue_quarantined(
            open_database(settings),
            utc_now(),
            quiet=quiet,
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _as_object(row: Quarantined) -> dict[str, object]:
    return {
        "id": row.id,
        "received_at": row.received_at.isoformat(),
        "site": row.site,
        "page": row.page,
        "error": row.error,
    }


def _as_table(rows: list[Quarantined]) -> Table:
    table = Table("Read", "Site", "Page", "What went wrong", title="Quarantine")
    for row in rows:
        # As text: what a visitor sent is no markup for the terminal.
        texts = (f"{row.received_at:%Y-%m-%d %H:%M}", row.site or "?", row.page or "?", row.error)
        table.add_row(*(Text(text) for text in texts))
    return table
