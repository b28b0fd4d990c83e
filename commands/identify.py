"""`doorbell identify`: whose an address is, with the evidence; needs no database."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

import click
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from enrichment.chain import Identified, identify_address
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.providers import open_providers
from enrichment.providers.base import Evidence
from tracker.settings import SETTINGS


@click.command()
@click.argument("addresses", nargs=-1, metavar="ADDRESS...")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option(
    "--data-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="DOORBELL_DATA_DIR",
    help="Directory with geoip/*.mmdb and overrides.csv; used if it is there.",
)
def identify(addresses: tuple[str, ...], as_json: bool, data_dir: Path | None) -> None:
    """Say whose each ADDRESS is, and why.

    Without addresses, or for "-", they are read from standard input, one a line.
    """
    providers = open_providers(_existing(data_dir))
    show: Callable[[Identified], None] = print_json if as_json else print_table
    failed = False
    with Counted() as counted:
        for text in _all_addresses(addresses):
            try:
                found = identify_address(text, providers)
            except ValueError:
                click.echo(f"{text!r} is not an internet address", err=True)
                failed = True
                continue
            show(found)
            counted.add()
    sys.exit(1 if failed else 0)


class Counted:
    """How many addresses are done, on standard error, for who watches while the output goes elsewhere."""

    def __init__(self) -> None:
        self.console = Console(stderr=True)
        self.is_shown = self.console.is_terminal and not sys.stdout.isatty()
        self.progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,.0f} addresses"),
            TimeElapsedColumn(),
            console=self.console,
            disable=not self.is_shown,
            transient=True,
        )
        self.task = self.progress.add_task("identify", total=None)

    def __enter__(self) -> Self:
        self.progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.progress.stop()

    def add(self) -> None:
        if self.is_shown:
            self.progress.advance(self.task)


def _existing(data_dir: Path | None) -> Path | None:
    """The data directory if it has been made; looking an address up must not make one."""
    default = Path(next(row.default for row in SETTINGS if row.name == "DATA_DIR"))
    folder = data_dir or default
    return folder if folder.is_dir() else None


def _all_addresses(addresses: Iterable[str]) -> Iterator[str]:
    for text in tuple(addresses) or ("-",):
        if text != "-":
            yield text
            continue
        for line in sys.stdin:
            if line.strip():
                yield line.strip()


def print_json(found: Identified) -> None:
    click.echo(json.dumps(found.as_json(), ensure_ascii=False))


def print_table(found: Identified) -> None:
    console = Console()
    console.print(Text(f"{found.address}  {_answer(found)}", style="bold"))
    table = Table("source", "says", "", "weight", "why", "network", "data of", box=None, pad_edge=False)
    for row, stance in zip(found.evidence, found.stances(), strict=True):
        says, weight = str(row.kind), f"{row.weight:.2f}"
        cells = (row.source, says, stance, weight, _why(row), row.network, row.data_date)
        table.add_row(*(Text(cell) for cell in cells))
    console.print(table)
    if found.candidates:
        console.print(Text(f"domains it could also have: {', '.join(found.candidates)}", style="dim"))
    console.print()


def _why(row: Evidence) -> str:
    """The reason, with the name in the data where it does not say it itself."""
    return row.why if not row.raw_name or row.raw_name in row.why else f"{row.why} ({row.raw_name})"


def _answer(found: Identified) -> str:
    """The answer in words; only an organisation is named, a provider is told apart from one."""
    if found.kind in ORGANISATIONS:
        name = f"{found.company} ({found.domain})" if found.domain else found.company
        kind = "" if found.kind is Kind.COMPANY else f", {found.kind}"
        return f"{name}{kind}, confidence {found.confidence:.2f}"
    network = f", on the network of {found.organisation}" if found.organisation else ""
    return f"not identified: {found.kind}{network}"
