"""Files taken over row by row: what is new, what changes, what is refused and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from enrichment.imports import ImportError_, ImportReport, import_rows
from enrichment.models import (
    Company,
    Contact,
    Deal,
    Product,
    Proof,
    StageChange,
    TargetList,
    TargetListEntry,
    VisitorContact,
)
from enrichment.text import clean_text
from tests.conftest import Cast
from tests.enrichment.hostile import HOSTILE
from tests.enrichment.lists import get_lists_of
from tracker.db import Base, Database
from tracker.models import Visit, Visitor

Import = Callable[..., ImportReport]


@pytest.fixture
def take(database: Database, cast: Cast, now: datetime) -> Import:
    """Imports text (or bytes) of a kind, as Alice."""

    def run(kind: str, content: str | bytes, *, dry_run: bool = False) -> ImportReport:
        data = content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
        return import_rows(
            database,
            kind,
            io.BytesIO(data),
            dry_run=dry_run,
            now=now,
            changed_by="alice@ours.test",
            file_name=f"{kind}.csv",
        )

    return run


def errors(report: ImportReport) -> list[str]:
    return [error for row in report.refused_rows for error in row.errors]


def counts(report: ImportReport) -> tuple[int, int, int, int]:
    return report.new, report.changed, report.unchanged, report.refused


def all_rows(database: Database) -> dict[str, int]:
    tables = (Company, Contact, Deal, TargetList, TargetListEntry, StageChange)
    with database.read() as session:
        return {
            table.__tablename__: session.scalar(select(func.count()).select_from(table)) or 0
            for table in tables
        }


COMPANIES = """domain,name,country,employees,revenue,currency,industry,stage,owner,registration_number,tags
www.scania.com,Scania AB,se,"50 000",170000000000,sek,Vehicles,MQL,bob@ours.test,556184-8564,trucks|nordic
acme.test,,,250,,,,sql,,,
"""


def test_a_new_company_has_all_that_its_row_says(database: Database, cast: Cast, take: Import) -> None:
    assert counts(take("companies", COMPANIES)) == (1, 1, 0, 0)
    with database.read() as session:
        scania = session.scalars(select(Company).where(Company.domain == "scania.com")).one()
        assert (scania.name, scania.name_key, scania.country, scania.employees) == (
            "Scania AB",
            "scania",
            "SE",
            50_000,
        )
        assert (scania.revenue, scania.currency, scania.industry) == (170_000_000_000, "SEK", "Vehicles")
        assert (scania.stage, scania.owner_id, scania.tags) == ("mql", cast.bob.id, ["trucks", "nordic"])
        assert (scania.registration_number, scania.source) == ("556184-8564", "import")


def test_empty_cells_leave_what_is_known(database: Database, cast: Cast, take: Import) -> None:
    take("companies", COMPANIES)
    with database.read() as session:
        acme = session.get_one(Company, cast.acme.id)
        assert (acme.name, acme.owner_id, acme.employees) == ("Acme AB", cast.bob.id, 250)


def test_a_change_is_shown_as_old_and_new(take: Import) -> None:
    example = take("companies", COMPANIES).examples["changed"][0]
    assert (example.line, example.key) == (3, "acme.test")
    assert [str(change) for change in example.changes] == ["employees: empty -> 250", "stage: empty -> sql"]


def test_a_change_of_stage_leaves_a_receipt_with_the_files_name(
    database: Database, cast: Cast, take: Import
) -> None:
    take("companies", COMPANIES)
    with database.read() as session:
        receipt = session.scalars(select(StageChange).where(StageChange.company_id == cast.acme.id)).one()
        assert (receipt.new_stage, receipt.reason, receipt.changed_by) == (
            "sql",
            "import of companies.csv",
            "alice@ours.test",
        )


FILES = {
    "companies": COMPANIES + ",Nameless Oy,FI,12,,,,,,,\n",
    "contacts": "email,name,phone,role,company_domain,stage,owner,consent\n"
    "Ann@Acme.test,Ann,+46701740605,CTO,,lead,bob@ours.test,newsletter 2026\n"
    "kim@gmail.com,Kim,,,scania.com,,,\n",
    "deals": "id;name;company_domain;state;amount;currency;owner;products;closed_at\n"
    "D-1;Field service;initech.test;won;12500,50;EUR;bob@ours.test;crm|Portal;2026-10-01\n"
    "D-2;;scania.com;open;1 000;SEK;;;\n",
    "targets": "list,domain\nIdeal customers,https://www.scania.com/\nPartners,acme.test\n",
}


@pytest.fixture
def products(database: Database, cast: Cast) -> None:
    with database.write() as session:
        session.add_all([Product(name="CRM", pages=[]), Product(name="Portal", pages=[])])


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("kind", FILES)
def test_the_same_file_twice_changes_nothing(take: Import, kind: str) -> None:
    first = take(kind, FILES[kind])
    second = take(kind, FILES[kind])
    assert first.refused == 0
    assert counts(second) == (0, 0, first.rows, 0)


@pytest.mark.usefixtures("products")
@pytest.mark.parametrize("kind", FILES)
def test_a_dry_run_tells_the_same_and_writes_nothing(database: Database, take: Import, kind: str) -> None:
    before = all_rows(database)
    promised = take(kind, FILES[kind], dry_run=True)
    assert all_rows(database) == before
    done = take(kind, FILES[kind])
    assert counts(promised) == counts(done)
    assert promised.examples == done.examples


@pytest.mark.usefixtures("products")
def test_a_deal_has_its_products_amount_and_company(database: Database, cast: Cast, take: Import) -> None:
    report = take("deals", FILES["deals"])
    assert counts(report) == (1, 1, 0, 0)
    with database.read() as session:
        deal = session.scalars(select(Deal).where(Deal.external_id == "D-1")).one()
        assert (deal.state, deal.amount, deal.currency) == ("won", Decimal("12500.50"), "EUR")
        assert deal.closed_at == datetime(2026, 10, 1, tzinfo=UTC)
        other = session.scalars(select(Deal).where(Deal.external_id == "D-2")).one()
        scania = session.get_one(Company, other.company_id)
        assert (other.name, scania.domain, scania.name) == ("D-2", "scania.com", "scania.com")


def test_a_contact_belongs_to_the_company_of_its_address(
    database: Database, cast: Cast, take: Import
) -> None:
    take("contacts", FILES["contacts"])
    with database.read() as session:
        ann = session.scalars(select(Contact).where(Contact.email == "ann@acme.test")).one()
        assert (ann.company_id, ann.stage, ann.owner_id) == (cast.acme.id, "lead", cast.bob.id)


def test_targets_are_lists_of_domains(database: Database, take: Import) -> None:
    take("targets", FILES["targets"])
    with database.read() as session:
        assert get_lists_of(session, "scania.com") == ("Ideal customers",)
        assert get_lists_of(session, "acme.test") == ("Ideal customers", "Partners")


def test_an_imported_contact_takes_over_claims_made_before(
    database: Database, cast: Cast, take: Import, now: datetime
) -> None:
    with database.write() as session:
        visitor = Visitor(
            site_id=cast.site.id, key="v", cookieless=False, first_seen_at=now, last_seen_at=now
        )
        session.add(visitor)
        session.flush()
        session.add(VisitorContact(visitor_id=visitor.id, email="ann@acme.test", linked_at=now))
    take("contacts", FILES["contacts"])
    with database.read() as session:
        link = session.scalars(select(VisitorContact)).one()
        assert link.contact_id == session.scalar(select(Contact.id).where(Contact.email == "ann@acme.test"))
        assert link.proof == Proof.CLAIMED


def test_visits_of_a_proved_contact_follow_to_another_company(
    database: Database, cast: Cast, take: Import, now: datetime
) -> None:
    take("contacts", FILES["contacts"])
    with database.write() as session:
        visitor = Visitor(
            site_id=cast.site.id, key="v", cookieless=False, first_seen_at=now, last_seen_at=now
        )
        session.add(visitor)
        session.flush()
        times = {"started_at": now, "ended_at": now, "identified_at": now}
        session.add(Visit(site_id=cast.site.id, visitor_id=visitor.id, address="192.0.2.1", **times))
        contact_id = session.scalar(select(Contact.id).where(Contact.email == "ann@acme.test"))
        session.add(
            VisitorContact(
                visitor_id=visitor.id,
                email="ann@acme.test",
                contact_id=contact_id,
                proof="proved",
                linked_at=now,
            )
        )
    take("contacts", "email,company_domain\nann@acme.test,globex.test\n")
    with database.read() as session:
        assert session.scalars(select(Visit)).one().identified_at is None


WRONG = [
    (
        "companies",
        "domain,country\nx.com,Sweden\n",
        "line 2, country: 'Sweden' is not a country; write its two",
    ),
    ("companies", "domain,country\nx.com,ZZ\n", "line 2, country: 'ZZ' is not a country"),
    ("companies", "domain,employees\nx.com,many\n", "line 2, employees: 'many' is not a whole number from 0"),
    ("companies", "domain,employees\nx.com,-5\n", "line 2, employees: '-5' is not a whole number"),
    ("companies", "domain,employees\nx.com,²\n", "line 2, employees: '²' is not a whole number"),
    ("companies", "domain,revenue\nx.com,1e9\n", "line 2, revenue: '1e9' is not a whole number"),
    (
        "companies",
        "domain,currency\nx.com,kronor\n",
        "line 2, currency: 'kronor' is not a currency; write its",
    ),
    (
        "companies",
        "domain,stage\nx.com,hot\n",
        "line 2, stage: 'hot' is not a stage; choose one of subscriber",
    ),
    ("companies", "domain,owner\nx.com,eva@x.com\n", "line 2, owner: no user has the address 'eva@x.com'"),
    ("companies", "domain,owner\nx.com,Eva\n", "line 2, owner: 'Eva' is not an e-mail address; write one"),
    (
        "companies",
        "domain\nnot a domain\n",
        "line 2, domain: 'not a domain' is not a domain; write one such as",
    ),
    ("companies", "domain,name\n,!!!\n", "line 2, name: has no letters or digits; add the domain"),
    (
        "companies",
        "domain,name,country\n,,SE\n",
        "line 2, domain or name: is empty; a row of companies needs it",
    ),
    ("companies", "domain,name\nx.com,a,b\n", "line 2, the row has 3 cells for 2 columns; quote values"),
    ("contacts", "email\nnobody\n", "line 2, email: 'nobody' is not an e-mail address; write one such as"),
    (
        "contacts",
        "email,company_domain\na@x.com,gmail.com\n",
        "line 2, company_domain: gmail.com gives mailbox",
    ),
    (
        "deals",
        "id,company_domain,state\n1,x.com,maybe\n",
        "line 2, state: 'maybe' is not a deal's state; choose",
    ),
    (
        "deals",
        "id,company_domain\n1,x.com\n",
        "line 2, state: is empty, and the deal is new; write open, won",
    ),
    ("deals", "id,state\n1,won\n", "line 2, company_domain: is empty, and the deal is new"),
    (
        "deals",
        'id,amount\nD-1,"1,234"\n',
        "line 2, amount: '1,234' is not an amount; write digits with at most",
    ),
    (
        "deals",
        "id,products\nD-1,Rocket\n",
        "line 2, products: no product is called 'Rocket'; the products are: no",
    ),
    ("deals", "id,closed_at\nD-1,21/11/2026\n", "line 2, closed_at: '21/11/2026' is not a date; write it as"),
    ("deals", "id,closed_at\nD-1,0001-01-01\n", "line 2, closed_at: '0001-01-01' is not a date"),
    ("targets", "list,domain\n,x.com\n", "line 2, list: is empty; a row of targets needs it"),
]


@pytest.mark.parametrize(("kind", "text", "error"), WRONG)
def test_a_wrong_row_is_refused_with_line_field_and_what_is_right(
    database: Database, take: Import, kind: str, text: str, error: str
) -> None:
    before = all_rows(database)
    report = take(kind, text)
    assert counts(report) == (0, 0, 0, 1)
    assert errors(report)[0].startswith(error)
    assert all_rows(database) == before


def test_all_errors_of_a_row_are_told_at_once(take: Import) -> None:
    report = take("companies", "domain,country,stage\nx.com,Sweden,hot\n")
    assert [error.split(":")[0] for error in errors(report)] == ["line 2, country", "line 2, stage"]


def test_wrong_rows_do_not_stop_the_others(take: Import) -> None:
    report = take("companies", "domain,country\nx.com,Sweden\ny.com,SE\n\nz.com,FI\n")
    assert counts(report) == (2, 0, 0, 1)


def test_unknown_columns_are_reported_and_left(take: Import) -> None:
    report = take("companies", "Domain,Favourite colour\nx.com,blue\n")
    assert (report.new, report.unknown_headers) == (1, ("favourite_colour",))


def test_two_lines_that_contradict_each_other_are_told(take: Import) -> None:
    report = take("contacts", "email,name\na@x.com,Ann\na@x.com,Anna\n")
    assert errors(report) == ["line 3, name: line 2 says 'Ann' instead; keep one line"]


def test_two_lines_that_complete_each_other_are_taken(take: Import) -> None:
    text = "email,name,role\na@x.com,Ann,\na@x.com,,CTO\n"
    assert counts(take("contacts", text)) == (1, 1, 0, 0)
    assert counts(take("contacts", text)) == (0, 0, 2, 0)


def test_a_domain_joins_a_company_that_had_only_a_name(database: Database, take: Import) -> None:
    take("companies", "name\nHooli Inc\n")
    assert counts(take("companies", "domain,name\nhooli.test,Hooli\n")) == (0, 1, 0, 0)


def test_a_name_that_two_companies_have_is_refused_without_a_domain(take: Import) -> None:
    take("companies", "domain,name\nhooli.test,Hooli\nhooli.example,Hooli\n")
    report = take("companies", "name,country\nHooli,SE\n")
    assert errors(report) == ["line 2, name: 2 companies are called this; add the domain of the one meant"]


@pytest.mark.parametrize(
    "content",
    [
        "domain,name\nx.com,Åre\n".encode(),
        "domain,name\nx.com,Åre\n".encode("utf-8-sig"),
        "domain;name\r\nx.com;Åre\r\n".encode(),
        'domain;"name"\n"x.com";"Åre"\n'.encode(),
        "\n\ndomain\tname\nx.com\tÅre".encode(),
        "name,DOMAIN ,\rÅre,x.com,\r".encode(),
    ],
)
def test_all_common_shapes_of_csv_are_read(database: Database, take: Import, content: bytes) -> None:
    assert counts(take("companies", content)) == (1, 0, 0, 0)
    with database.read() as session:
        assert session.scalars(select(Company.name).where(Company.domain == "x.com")).one() == "Åre"


def sheet(*rows: tuple[object, ...]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def test_xlsx_is_read_like_csv(database: Database, cast: Cast, take: Import) -> None:
    rows = sheet(
        ("id", "state", "amount", "closed_at", "name", None),
        ("D-1", "won", 12500.5, datetime(2026, 10, 1), 7, None),  # noqa: DTZ001 - sheets have no zones
        (None, None, None, None, None, None),
        ("D-1", None, 12500.5, None, 7.0, None),
    )
    assert counts(take("deals", rows)) == (0, 1, 1, 0)
    with database.read() as session:
        deal = session.scalars(select(Deal).where(Deal.external_id == "D-1")).one()
        assert (deal.state, deal.amount, deal.name) == ("won", Decimal("12500.50"), "7")
        assert deal.closed_at == datetime(2026, 10, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"domain\nx.com\n\xe5re\n", "line 3, byte 13: 0xe5 is not UTF-8; save it as CSV UTF-8"),
        ("domain\nx.com".encode("utf-16"), "byte 0: the file is UTF-16; save it as CSV UTF-8"),
        (b'domain\n"x.com\ny.com\n', "line 2: the quotes do not pair up"),
        (b"colour,size\n1,2\n", "line 1: no column domain or name; it has colour, size."),
        (b"domain,Domain\nx.com,y.com\n", "line 1: the column 'domain' stands there twice"),
        (b"PK\x03\x04 and no more", "byte 0: not a readable XLSX file"),
        (b"domain\n" + b"x" * (20 * 1024 * 1024), "the file is larger than 20 MB"),
    ],
)
def test_an_unreadable_file_is_told_with_its_line(take: Import, content: bytes, message: str) -> None:
    with pytest.raises(ImportError_) as caught:
        take("companies", content)
    assert str(caught.value).startswith(message)


def test_a_missing_file_is_told(database: Database, now: datetime, tmp_path: Path) -> None:
    with pytest.raises(ImportError_, match="cannot be read"):
        import_rows(
            database, "companies", tmp_path / "none.csv", dry_run=True, now=now, changed_by="alice@ours.test"
        )


def test_a_damaged_xlsx_is_refused_wherever_it_is_damaged(take: Import) -> None:
    good = sheet(("domain", "name"), *[(f"x{i}.com", f"X {i}") for i in range(30)])
    for start in range(4, len(good), len(good) // 60):
        damaged = good[:start] + b"\xff\x00\x7f" + good[start + 3 :]
        try:
            take("companies", damaged, dry_run=True)
        except ImportError_:
            continue


def test_refused_rows_can_be_mended_and_imported_again(take: Import) -> None:
    report = take("companies", "domain,name,country\nx.com,\"=cmd|'/C calc'!A0\",Sweden\n")
    table = report.refused_csv()
    cells = list(csv.reader(io.StringIO(table)))[1]
    assert not any(cell.startswith(("=", "+", "-", "@")) for cell in cells)
    assert cells[-1].startswith("line 2, country: 'Sweden' is not a country")
    mended = take("companies", table.replace("Sweden,", "SE,", 1))
    assert (mended.new, mended.examples["new"][0].changes[1].new) == (1, "=cmd|'/C calc'!A0")


def test_progress_is_told_batch_by_batch(database: Database, cast: Cast, now: datetime) -> None:
    heard: list[tuple[int, int]] = []
    rows = "domain\n" + "".join(f"company{i}.com\n" for i in range(250))
    import_rows(
        database,
        "companies",
        io.BytesIO(rows.encode()),
        dry_run=False,
        now=now,
        changed_by="",
        progress=lambda done, total: heard.append((done, total)),
    )
    assert heard == [(100, 250), (200, 250), (250, 250)]


@pytest.mark.parametrize("kind", FILES)
@pytest.mark.usefixtures("products")
def test_two_imports_at_the_same_time_end_like_one(database: Database, take: Import, kind: str) -> None:
    with ThreadPoolExecutor(3) as pool:
        reports = list(pool.map(lambda _: take(kind, FILES[kind]), range(3)))
    assert [errors(report) for report in reports] == [[], [], []]
    assert counts(take(kind, FILES[kind])) == (0, 0, reports[0].rows, 0)


TEXT_COLUMNS = [
    ("companies", "domain", "name"),
    ("companies", "domain", "industry"),
    ("companies", "domain", "registration_number"),
    ("companies", "domain", "tags"),
    ("contacts", "email", "name"),
    ("contacts", "email", "phone"),
    ("contacts", "email", "role"),
    ("contacts", "email", "consent"),
    ("deals", "id", "name"),
    ("targets", "domain", "list"),
]


def hostile_file(kind: str, key: str, column: str) -> str:
    """One row a string, each with a key of its own and what a new row needs."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([key, column] + (["company_domain", "state"] if kind == "deals" else []))
    keys = {"domain": "h{}.com", "email": "p{}@h{}.com", "id": "H-{}"}
    for number, text in enumerate(HOSTILE):
        row = [keys[key].format(number, number), text]
        writer.writerow(row + (["acme.test", "open"] if kind == "deals" else []))
    return out.getvalue()


def stored_texts(database: Database, kind: str, column: str) -> dict[str, object]:
    with database.read() as session:
        if kind == "targets":
            rows = session.execute(
                select(TargetListEntry.domain, TargetList.name).join(
                    TargetList, TargetList.id == TargetListEntry.list_id
                )
            )
        else:
            table: type[Base] = {"companies": Company, "contacts": Contact, "deals": Deal}[kind]
            key = {"companies": "domain", "contacts": "email", "deals": "external_id"}[kind]
            rows = session.execute(select(getattr(table, key), getattr(table, column)))
        return dict(rows.all())


@pytest.mark.parametrize(("kind", "key", "column"), TEXT_COLUMNS)
def test_hostile_text_is_stored_as_it_is_or_refused_by_name(
    database: Database, take: Import, kind: str, key: str, column: str
) -> None:
    report = take(kind, hostile_file(kind, key, column))
    refused = {row.cells[0] for row in report.refused_rows}
    assert all(f", {column}: " in error for error in errors(report))
    assert report.rows == len(HOSTILE)
    stored = stored_texts(database, kind, column)
    for number, text in enumerate(HOSTILE):
        name = {"domain": f"h{number}.com", "email": f"p{number}@h{number}.com", "id": f"H-{number}"}[key]
        clean = clean_text(text[1:] if text.startswith("'=") else text.removeprefix("\t"))
        if name in refused:
            assert len(clean) > 40 or not clean, text
        elif column == "tags":
            parts = [part.strip() for part in clean.split("|")]
            assert stored[name] == list(dict.fromkeys(part for part in parts if part))
        elif clean:
            assert stored[name] == clean


@pytest.mark.parametrize(("kind", "column"), [("companies", "domain"), ("contacts", "email")])
def test_hostile_keys_are_refused_or_normal(database: Database, take: Import, kind: str, column: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow([column, "name"])
    writer.writerows([[text, f"n{number}"] for number, text in enumerate(HOSTILE)])
    first = take(kind, out.getvalue())
    assert all(len(error) < 400 for error in errors(first))
    assert take(kind, out.getvalue()).new == 0


@pytest.mark.parametrize("column", ["country", "employees", "revenue", "currency", "stage", "owner"])
def test_hostile_values_of_checked_columns_are_refused_or_valid(take: Import, column: str) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["domain", column])
    writer.writerows([[f"h{number}.com", text] for number, text in enumerate(HOSTILE)])
    report = take("companies", out.getvalue())
    assert report.rows == len(HOSTILE)
    assert report.refused > 100


def test_a_lone_surrogate_makes_the_file_unreadable_but_harmless(take: Import) -> None:
    with pytest.raises(ImportError_, match="line 2, byte 13: 0xed is not UTF-8"):
        take("companies", "domain,name\nx\ud800.com,x\n")


def test_there_are_enough_hostile_strings() -> None:
    assert len(set(HOSTILE)) >= 120
