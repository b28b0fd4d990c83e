"""When two names or addresses are the same company, and what finding one may change."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from enrichment.companies import find_or_make_company, is_free_mail, name_key, registered_domain
from enrichment.models import Company
from tests.conftest import Cast
from tracker.db import Database

SAME = [
    ("Acme AB", "ACME"),
    ("AB Volvo", "Volvo AB (publ)"),
    ("Oy Karl Fazer Ab", "Karl Fazer"),
    ("Initech A/S", "Initech AS"),
    ("Göteborgs Spårvägar AB", "GOTEBORGS SPARVAGAR"),
    ("Meyer GmbH & Co. KG", "meyer"),
    ("Procter & Gamble, Inc.", "Procter and Gamble"),
    ("ENI S.p.A.", "Eni SpA"),
    ("CD Projekt Sp. z o.o.", "CD Projekt"),
    ("McDonald's Corp.", "McDonald’s"),
    ("株式会社 トヨタ", "トヨタ"),
    ("Coca-Cola", "Coca Cola"),
]


@pytest.mark.parametrize(("one", "other"), SAME)
def test_names_that_differ_in_form_only_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(("one", "other"), [("Volvo Cars", "Volvo"), ("SAS AB", "SA AB"), ("AB", "AS")])
def test_names_of_different_companies_have_different_keys(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


def test_a_name_of_punctuation_has_no_key() -> None:
    assert name_key("!!! \x00 ---") == ""


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://www.acme.co.uk:8080/x?y@z", "acme.co.uk"),
        ("eva@räksmörgås.se", "xn--rksmrgs-5wao1o.se"),
        ("ACME.TEST.", "acme.test"),
        ("acme.com/path", "acme.com"),
        ("acme.com:443", "acme.com"),
    ],
)
def test_hosts_urls_and_addresses_give_the_registered_domain(text: str, domain: str) -> None:
    assert registered_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "",
        "localhost",
        "10.0.0.1",
        "[::1]",
        "http://[",
        "acme..test",
        "a b.se",
        "co.uk",
        "-x.com",
        "\ud800.com",
    ]
    + ["x" * 300 + ".com", "not a domain", "=cmd|' /C calc'!A0"],
)
def test_what_is_no_domain_gives_none(text: str) -> None:
    assert registered_domain(text) is None


def test_free_mail_is_told_from_company_mail() -> None:
    assert is_free_mail("GMAIL.com")
    assert not is_free_mail("scania.com")


def identified(session: Session, now: datetime, name: str, domain: str = "", country: str = "") -> Company:
    return find_or_make_company(
        session, domain=domain, name=name, kind="company", country=country, source="identification", now=now
    )


def test_a_company_is_found_by_its_domain(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        assert identified(session, now, "Other name", "www.acme.test").id == cast.acme.id


def test_a_company_is_found_by_a_name_that_only_one_has(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        assert identified(session, now, "ACME").id == cast.acme.id


def test_a_company_in_another_country_is_another(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        session.merge(cast.acme).country = "SE"
        assert identified(session, now, "Acme", country="US").id != cast.acme.id


def test_a_name_two_companies_share_makes_a_third(database: Database, cast: Cast, now: datetime) -> None:
    with database.write() as session:
        session.add(Company(name="Acme Inc", domain="acme.example", name_key="acme", created_at=now))
        session.flush()
        before = session.scalar(select(func.count(Company.id))) or 0
        identified(session, now, "Acme")
        assert session.scalar(select(func.count(Company.id))) == before + 1


def test_finding_fills_empty_fields_and_changes_no_others(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        found = identified(session, now, "ACME HOLDING", "acme.test", "SE")
        assert (found.name, found.country) == ("Acme AB", "SE")


def test_a_company_named_by_its_domain_gets_a_real_name(database: Database, now: datetime) -> None:
    with database.write() as session:
        identified(session, now, "", "scania.com")
        assert identified(session, now, "Scania AB", "scania.com").name == "Scania AB"


def test_a_file_with_another_domain_means_another_company(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        made = find_or_make_company(
            session, domain="acme.example", name="Acme", kind="company", country="", source="import", now=now
        )
        assert made.id != cast.acme.id


def test_processes_that_meet_the_same_new_company_make_one_row(database: Database, now: datetime) -> None:
    def make(_: int) -> int:
        with database.write() as session:
            return identified(session, now, "Scania", "scania.com").id

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(make, range(8)))) == 1
