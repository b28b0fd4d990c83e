"""Find what is wrong with the rows of `enrichment/data/overrides.csv`: `python -m tools.check_reviews`."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import date
from itertools import pairwise
from pathlib import Path

import maxminddb
from maxminddb.decoder import Decoder

from enrichment.domain_names import registered_domain
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.providers.reviewed import BASES, COLUMNS
from enrichment.providers.routing_table import open_routing_table

FILE = Path(__file__).resolve().parent.parent / "enrichment" / "data" / "overrides.csv"
KINDS = frozenset({*ORGANISATIONS, Kind.ISP, Kind.HOSTING, Kind.VPN, Kind.UNKNOWN})
Row = dict[str, str]
# Between the tree of a MMDB file and its records, and between those and the metadata.
SEPARATOR = 16
METADATA = b"\xab\xcd\xefMaxMind.com"


def main() -> None:
    """Print every fault; ends with status 1 if there is any."""
    faults = list(find_faults(read_rows(FILE), known_numbers(open_routing_table(None).path)))
    print("\n".join(faults) or "no faults")
    sys.exit(bool(faults))


def read_rows(path: Path) -> list[Row]:
    """The rows as they stand in the file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def known_numbers(table: Path) -> set[int]:
    """The AS numbers of a table of routes, read from its records: an AS has one for all its networks."""
    raw = table.read_bytes()
    with maxminddb.open_database(table, maxminddb.MODE_MEMORY) as reader:
        metadata = reader.metadata()
    start = metadata.node_count * metadata.record_size // 4 + SEPARATOR
    end = raw.rindex(METADATA)
    decoder = Decoder(raw, start)
    numbers = set()
    while start < end:
        record, start = decoder.decode(start)
        if isinstance(record, dict):
            numbers.add(int(record["autonomous_system_number"]))  # type: ignore[arg-type]
    return numbers


def find_faults(rows: Sequence[Row], known: Collection[int]) -> Iterator[str]:
    """What is wrong, one sentence a fault, in the order of the rows. `known` are the AS numbers there are."""
    for row in rows:
        if tuple(row) != COLUMNS or None in row.values():
            yield f"AS{row.get('asn')}: the columns are not {', '.join(COLUMNS)}"
        else:
            yield from (f"AS{row['asn']}: {words}" for check, words in CHECKS.items() if not check(row))
            if row["asn"].isdigit() and int(row["asn"]) not in known:
                yield f"AS{row['asn']}: no network is announced by this number"
    yield from _find_disorder(rows)


def _find_disorder(rows: Sequence[Row]) -> Iterator[str]:
    numbers = [int(row["asn"]) for row in rows if row["asn"].isdigit()]
    for before, number in pairwise(numbers):
        if number == before:
            yield f"AS{number}: it stands there twice"
        elif number < before:
            yield f"AS{number}: it stands after AS{before}; the rows are sorted by number"


def _has_known_kind(row: Row) -> bool:
    return row["kind"] in KINDS


def _has_registrable_domains(row: Row) -> bool:
    return all(registered_domain(name) == name for name in _domains(row))


def _has_domains_once(row: Row) -> bool:
    return len(set(_domains(row))) == len(_domains(row))


def _has_domains_only_to_name(row: Row) -> bool:
    return not row["domains"] or row["kind"] in ORGANISATIONS


def _domains(row: Row) -> list[str]:
    return row["domains"].split("|") if row["domains"] else []


def _has_iso_date(row: Row) -> bool:
    try:
        return date.fromisoformat(row["reviewed"]).isoformat() == row["reviewed"]
    except ValueError:
        return False


def _has_country(row: Row) -> bool:
    # Networks of no country (the European Union, the Pacific) leave it empty.
    return re.fullmatch(r"([A-Z]{2})?", row["country"]) is not None


def _has_known_basis(row: Row) -> bool:
    return row["basis"] in BASES


def _has_clean_text(row: Row) -> bool:
    return all(text == " ".join(text.split()) and text.isprintable() for text in row.values())


CHECKS: dict[Callable[[Row], bool], str] = {
    lambda row: re.fullmatch(r"[1-9][0-9]{0,9}", row["asn"]) is not None: "the number is not one",
    _has_known_kind: f"the kind is none of {', '.join(sorted(KINDS))}",
    _has_registrable_domains: "a domain is not one that can be registered",
    _has_domains_once: "a domain stands there twice",
    _has_domains_only_to_name: "only companies, schools and authorities have domains",
    _has_iso_date: "the date is not of the form 2026-11-21",
    _has_country: "the country is not two capital letters",
    _has_known_basis: f"the basis is none of {', '.join(BASES)}",
    _has_clean_text: "there are stray or invisible signs",
}


if __name__ == "__main__":
    main()
