"""A company's profile: what each source says, which counts, and that nobody's own word is overwritten."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO

import pytest

from enrichment.imports import import_rows
from enrichment.models import Company
from enrichment.profile import HAND, IMPORT, Said, choose, find_said, forget, note, note_vendor
from tests.conftest import NOW, Cast
from tracker.db import Database

LATER = NOW + timedelta(days=10)
FOUND = {
    "employees": [201, 500],
    "revenue": [480_000_000, None, "SEK", 2024],
    "nace": ["25.62", "Machining"],
    "city": "Borås",
    "linkedin": "https://www.linkedin.com/company/acme",
}


def said(source: str, value: object, days: int = 0) -> Said:
    return Said(source, (value,), source, NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("rows", "right"),
    [
        ([said("snitcher", 1, 9), said(IMPORT, 2), said(HAND, 3)], 3),
        ([said("snitcher", 1, 9), said(IMPORT, 2)], 2),
        ([said("snitcher", 1, 9), said("albacross", 2)], 1),
        ([], None),
    ],
)
def test_a_person_counts_before_a_file_before_the_newest_vendor(rows: list[Said], right: int | None) -> None:
    found = choose(rows)
    assert (found.value[0] if found else None) == right


def acme(database: Database, cast: Cast) -> Company:
    with database.read() as session:
        return session.get_one(Company, cast.acme.id)


def vendor_says(database: Database, cast: Cast, now: datetime = NOW) -> None:
    with database.write() as session:
        note_vendor(session, session.get_one(Company, cast.acme.id), FOUND, "albacross", now)


def by_hand(database: Database, cast: Cast, **values: tuple[object, ...]) -> None:
    with database.write() as session:
        company = session.get_one(Company, cast.acme.id)
        note(session, company, values, Said(HAND, (), "bob@ours.test", NOW))


def import_line(database: Database, line: str, now: datetime = LATER) -> str:
    text = f"domain,employees,revenue,currency,city\n{line}\n"
    report = import_rows(
        database, "companies", BytesIO(text.encode()), dry_run=False, now=now, changed_by="a", file_name="c"
    )
    return f"{report.changed} changed, {report.unchanged} unchanged"


def test_a_vendor_fills_what_is_empty_with_bands_and_currency(database: Database, cast: Cast) -> None:
    vendor_says(database, cast)
    row = acme(database, cast)
    assert (row.employees, row.employees_to) == (201, 500)
    assert (row.revenue, row.revenue_to, row.currency, row.revenue_year) == (480_000_000, 0, "SEK", 2024)
    assert (row.nace_code, row.nace_label, row.city) == ("25.62", "Machining", "Borås")


def test_each_field_keeps_its_source_and_age(database: Database, cast: Cast) -> None:
    vendor_says(database, cast)
    by_hand(database, cast, city=("Göteborg",))
    with database.read() as session:
        kept = {one.source: (one.value, one.said_at) for one in find_said(session, cast.acme.id)["city"]}
    assert kept == {"albacross": (("Borås",), NOW), HAND: (("Göteborg",), NOW)}


def test_what_a_person_wrote_is_never_overwritten(database: Database, cast: Cast) -> None:
    by_hand(database, cast, employees=(57_000, None), city=("Göteborg",))
    vendor_says(database, cast, LATER)
    assert import_line(database, "acme.test,12,,,Borås") == "0 changed, 1 unchanged"
    row = acme(database, cast)
    assert (row.employees, row.employees_to, row.city) == (57_000, None, "Göteborg")


def test_a_file_counts_before_a_vendor_and_drops_its_band(database: Database, cast: Cast) -> None:
    vendor_says(database, cast)
    assert import_line(database, "acme.test,300,500000000,SEK,") == "1 changed, 0 unchanged"
    row = acme(database, cast)
    assert (row.employees, row.employees_to) == (300, None)
    assert (row.revenue, row.revenue_to, row.revenue_year, row.city) == (500_000_000, None, None, "Borås")
    vendor_says(database, cast, LATER + timedelta(days=1))
    assert acme(database, cast).employees == 300


def test_the_same_file_twice_changes_nothing(database: Database, cast: Cast) -> None:
    import_line(database, "acme.test,300,500000000,SEK,Borås")
    assert import_line(database, "acme.test,300,500000000,SEK,Borås") == "0 changed, 1 unchanged"


def test_a_value_from_before_sources_were_kept_is_no_vendors_to_replace(
    database: Database, cast: Cast
) -> None:
    with database.write() as session:
        session.get_one(Company, cast.acme.id).city = "Malmö"
    vendor_says(database, cast)
    assert acme(database, cast).city == "Malmö"


def test_a_word_taken_back_leaves_the_next_best(database: Database, cast: Cast) -> None:
    vendor_says(database, cast)
    by_hand(database, cast, city=("Göteborg",))
    with database.write() as session:
        forget(session, session.get_one(Company, cast.acme.id), "city", HAND)
    assert acme(database, cast).city == "Borås"
