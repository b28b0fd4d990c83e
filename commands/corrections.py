"""`doorbell corrections`: the correction book as a signed file that installations share."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from sqlalchemy.orm import Session

from commands.common import open_database
from enrichment.correction_file import (
    CorrectionFileError,
    get_signing_key,
    read_corrections,
    show_key,
    write_corrections,
)
from enrichment.corrections import Wanted, active_corrections, correct
from tracker.db import utc_now
from tracker.settings import read_settings

MADE_BY = "doorbell corrections import"


@click.group()
def corrections() -> None:
    """Shares corrections of wrongly named networks with other installations."""


@corrections.command()
def key() -> None:
    """Prints this installation's public key, which others need to trust its files."""
    click.echo(show_key(get_signing_key(read_settings().data_dir).public_key()))


@corrections.command("export")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True), default="-")
def export_(file: Path) -> None:
    """Writes the corrections that hold, signed, to FILE (- for standard output)."""
    settings = read_settings()
    with open_database(settings).read() as session:
        rows = list(reversed(active_corrections(session)))
    text = write_corrections(rows, get_signing_key(settings.data_dir), utc_now())
    with click.open_file(str(file), "w", encoding="utf-8", atomic=str(file) != "-") as out:
        out.write(text)


@corrections.command("import")
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--key", "keys", multiple=True, help="The public key of the file's maker, as they told you.")
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
def import_(file: Path, keys: tuple[str, ...], dry_run: bool) -> None:
    """Takes over the corrections of FILE, but for networks that were corrected here."""
    settings = read_settings()
    own = show_key(get_signing_key(settings.data_dir).public_key())
    try:
        with click.open_file(str(file), "rb") as data:
            wanted = read_corrections(data.read(), (own, *keys))
        with open_database(settings).write() as session:
            for line in take_over(session, wanted):
                click.echo(line)
            if dry_run:
                session.rollback()
    except (CorrectionFileError, ValueError, OSError) as error:
        click.echo(f"{file}: {error}", err=True)
        sys.exit(2)


def take_over(session: Session, wanted: list[Wanted]) -> list[str]:
    """Makes the corrections whose networks nobody corrected here; a line on each."""
    here = {row.network for row in active_corrections(session)}
    lines = []
    for one in wanted:
        if one.network in here:
            lines.append(f"{one.network}: corrected here already, left as it is")
            continue
        correct(session, one, utc_now(), MADE_BY)
        here.add(one.network)
        lines.append(f"{one.network}: {one.organisation or one.verdict}")
    return lines
