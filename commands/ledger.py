"""`doorbell ledger`: the books, and whether they balance."""

from __future__ import annotations

import json

import click
from rich.console import Console
from rich.table import Table

from alerts.books import get_books
from commands.common import open_database
from tracker.settings import read_settings


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One object, for programs.")
def ledger(as_json: bool) -> None:
    """Shows what became of every accepted hit, and of every alert."""
    settings = read_settings()
    database = open_database(settings)
    books = get_books(database, settings.inbox_dir)
    if as_json:
        click.echo(json.dumps(books))
    else:
        Console().print(as_table(books))


def as_table(books: dict[str, object]) -> Table:
    table = Table("Line", "Count", title="Ledger")
    for name, value in books.items():
        if isinstance(value, dict):
            for part, count in value.items():
                table.add_row(f"{name}: {part}", f"{count:,}")
        else:
            table.add_row(name.replace("_", " "), f"{value:,}")
    return table
