"""`doorbell config`: sites, page groups, products, target lists, users, channels and rules as text."""

from __future__ import annotations

import sys
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from alerts.config import Change, ConfigError, apply_config, find_warnings, parse_config, show_config
from commands.common import open_database
from tracker.db import utc_now
from tracker.settings import read_settings


@click.group()
def config() -> None:
    """Shows or changes what the installation does, as YAML."""


@config.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--dry-run", is_flag=True, help="Only tell what would change.")
def apply(file: Path, dry_run: bool) -> None:
    """Adds and changes what FILE names (- for standard input); everything else stays."""
    settings = read_settings()
    try:
        parsed = parse_config(_read(file))
        database = open_database(settings)
        with database.write() as session:
            changes = apply_config(session, parsed, utc_now(), "doorbell config apply", settings)
            warnings = find_warnings(session, parsed)
            if dry_run:
                session.rollback()
    except ConfigError as error:
        for line in error.errors:
            click.echo(f"{file}: {line}", err=True)
        sys.exit(2)
    _tell(changes, warnings, dry_run=dry_run)


@config.command()
@click.option("--no-secrets", is_flag=True, help="Leave out tokens, passwords and the sites' secrets.")
def show(no_secrets: bool) -> None:
    """Prints the whole configuration; applied again it changes nothing."""
    database = open_database(read_settings())
    with database.read() as session:
        click.echo(show_config(session, with_secrets=not no_secrets), nl=False)


def _read(file: Path) -> str:
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise ConfigError([f"cannot be read: {error.strerror}"]) from error
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError([f"line {line}, byte {error.start}: not UTF-8; save the file as UTF-8"]) from error


def _tell(changes: list[Change], warnings: list[str], *, dry_run: bool) -> None:
    for warning in warnings:
        click.echo(f"note: {warning}", err=True)
    if not changes:
        click.echo("nothing to change")
        return
    table = Table("Section", "Name", "Change", title="Would change" if dry_run else "Changed")
    for change in changes:
        differences = [Text("new")] if change.new else []
        differences += [Text(str(field)) for field in change.fields]
        table.add_row(change.section, Text(change.key), Text("\n").join(differences))
    Console().print(table)
