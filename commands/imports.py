"""`doorbell import`: companies, contacts, deals and target lists from CSV and XLSX files."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from commands.common import open_database
from enrichment.imports import KINDS, Example, ImportError_, ImportReport, import_rows
from tracker.db import utc_now
from tracker.settings import read_settings


@click.group()
def import_() -> None:
    """Takes over a CSV or XLSX file. The same file twice changes nothing."""


def _add_command(kind: str) -> None:
    columns = ", ".join(KINDS[kind].columns)

    @import_.command(kind, help=f"Takes over {kind}. Columns: {columns}.")
    @click.argument("file", type=click.Path(path_type=Path))
    @click.option("--dry-run", is_flag=True, help="Only tell what would change.")
    def command(file: Path, dry_run: bool) -> None:
        _import(kind, file, dry_run=dry_run)


for _kind in KINDS:
    _add_command(_kind)


def _import(kind: str, file: Path, *, dry_run: bool) -> None:
    """Exits with 1 when rows were refused, with 2 when the file cannot be read."""
    errors = Console(stderr=True)
    try:
        report = _run(kind, file, errors, dry_run=dry_run)
    except ImportError_ as error:
        click.echo(f"{file}: {error}", err=True)
        sys.exit(2)
    _tell(report, Console())
    if report.refused:
        refused_file = file.with_name(f"{file.name}.refused.csv")
        refused_file.write_text(report.refused_csv(), encoding="utf-8", newline="")
        click.echo(f"{report.refused} rows refused; mend and import {refused_file}", err=True)
        sys.exit(1)


def _run(kind: str, file: Path, console: Console, *, dry_run: bool) -> ImportReport:
    database = open_database(read_settings())
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(f"{'checking' if dry_run else 'importing'} {kind}", total=None)
        return import_rows(
            database,
            kind,
            file,
            dry_run=dry_run,
            now=utc_now(),
            changed_by="doorbell import",
            progress=lambda done, total: progress.update(task, completed=done, total=total),
        )


def _tell(report: ImportReport, console: Console) -> None:
    title = f"{report.kind}: would be" if report.dry_run else report.kind
    table = Table("New", "Changed", "Unchanged", "Refused", title=title)
    table.add_row(*(f"{count:,}" for count in (report.new, report.changed, report.unchanged, report.refused)))
    console.print(table)
    for outcome in ("new", "changed"):
        for example in report.examples[outcome][:5]:
            console.print(_line(outcome, example))
    for row in report.refused_rows[:20]:
        console.print(Text("refused: " + "; ".join(row.errors)))
    if report.unknown_headers:
        console.print(Text(f"columns not known and left out: {', '.join(report.unknown_headers)}"))


def _line(outcome: str, example: Example) -> Text:
    changes = ", ".join(str(change) for change in example.changes)
    return Text(f"{outcome}: line {example.line}, {example.key}: {changes}")
