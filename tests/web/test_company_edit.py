"""The pages that write a company's profile, and that merge, split and relate companies."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from enrichment.models import Company, CompanyMerge, Contact, Deal
from enrichment.profile import note_vendor
from tests.conftest import NOW, Cast
from tests.web.conftest import Browser
from tracker.db import Database

HAND = {
    "name": "Acme Works AB",
    "employees": "201-500",
    "revenue": "10M-50M",
    "currency": "sek",
    "revenue_year": "2025",
    "nace_code": "25.62",
    "nace_label": "Machining",
    "country": "se",
    "city": "Borås",
}


def acme(database: Database, cast: Cast) -> Company:
    with database.read() as session:
        return session.get_one(Company, cast.acme.id)


def test_a_profile_is_written_by_hand_and_shown_with_its_source(
    as_seller: Browser, database: Database, cast: Cast
) -> None:
    path = f"/companies/{cast.acme.id}"
    assert as_seller.post(f"{path}/profile", data=HAND).status_code == 303
    row = acme(database, cast)
    assert (row.name, row.employees, row.employees_to) == ("Acme Works AB", 201, 500)
    assert (row.revenue, row.revenue_to, row.currency, row.revenue_year) == (10**7, 5 * 10**7, "SEK", 2025)
    text = as_seller.get(path).text
    assert "by hand, bob@ours.test" in text and "25.62 Machining" in text and "201 to 500" in text


def test_the_page_says_who_else_says_what(as_seller: Browser, database: Database, cast: Cast) -> None:
    with database.write() as session:
        company = session.get_one(Company, cast.acme.id)
        note_vendor(session, company, {"city": "Malmö"}, "albacross", NOW)
    as_seller.post(f"/companies/{cast.acme.id}/profile", data={"city": "Borås"})
    assert "Albacross says Malmö" in as_seller.get(f"/companies/{cast.acme.id}").text


def test_an_emptied_field_lets_the_vendor_speak_again(
    as_seller: Browser, database: Database, cast: Cast
) -> None:
    test_the_page_says_who_else_says_what(as_seller, database, cast)
    as_seller.post(f"/companies/{cast.acme.id}/profile", data={"city": ""})
    assert acme(database, cast).city == "Malmö"


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"employees": "many"}, "Write a number, or a band"),
        ({"revenue": "500", "currency": ""}, "Write three letters"),
        ({"revenue_year": "soon"}, "Write a year"),
        ({"country": "XX"}, "two letters of a country"),
        ({"country": "Sweden"}, "two letters of a country"),
        ({"employees": "many"}, '<a href="#employees">Employees: Write a number'),
        ({"linkedin": "javascript:alert(1)"}, "begins with https://www.linkedin.com/"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    as_seller: Browser, cast: Cast, wrong: dict[str, str], said: str
) -> None:
    answer = as_seller.post(f"/companies/{cast.acme.id}/profile", data=wrong)
    assert answer.status_code == 422
    assert said in answer.text


def test_a_merge_is_shown_first_then_done_and_its_page_leads_on(
    as_seller: Browser, database: Database, cast: Cast
) -> None:
    path = f"/companies/{cast.acme.id}"
    assert "Initech A/S" in as_seller.get(f"{path}/relate?q=init").text
    assert "1 deal of Initech A/S move" in as_seller.get(f"{path}/merge/{cast.initech.id}").text
    assert as_seller.post(f"{path}/merge/{cast.initech.id}").status_code == 303
    assert as_seller.get(f"/companies/{cast.initech.id}").location == path
    assert "Initech A/S was merged into it" in as_seller.get(path).text
    assert "Initech" not in as_seller.get("/companies").text


def test_a_merge_is_undone_on_a_page_that_asks_first(
    as_seller: Browser, database: Database, cast: Cast
) -> None:
    path = f"/companies/{cast.acme.id}"
    as_seller.post(f"{path}/merge/{cast.initech.id}")
    with database.read() as session:
        merge = session.scalars(select(CompanyMerge.id)).one()
    assert "Undo the merge" in as_seller.get(f"{path}/undo/{merge}").text
    as_seller.post(f"{path}/undo/{merge}")
    assert as_seller.get(f"/companies/{cast.initech.id}").status_code == 200
    with database.read() as session:
        assert session.scalars(select(Deal.company_id)).one() == cast.initech.id
    assert as_seller.get(f"{path}/undo/{merge}").status_code == 404


def test_a_subsidiary_stands_on_the_page_of_its_parent(as_seller: Browser, cast: Cast) -> None:
    as_seller.post(f"/companies/{cast.acme.id}/parent", data={"parent": str(cast.globex.id)})
    assert "Globex Oy" in as_seller.get(f"/companies/{cast.acme.id}").text
    assert "Subsidiaries" in as_seller.get(f"/companies/{cast.globex.id}").text
    as_seller.post(f"/companies/{cast.acme.id}/parent")
    assert "Subsidiaries" not in as_seller.get(f"/companies/{cast.globex.id}").text


def test_people_are_split_off_into_a_company_of_their_own(
    as_seller: Browser, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        person = Contact(email="eva@hooli.test", name="Eva", company_id=cast.acme.id, created_at=NOW)
        session.add(person)
        session.flush()
        contact = person.id
    path = f"/companies/{cast.acme.id}/split"
    assert "Choose at least one" in as_seller.post(path, data={"name": "Hooli"}).text
    data = {"name": "Hooli", "domain": "hooli.test", "contact": str(contact)}
    assert as_seller.post(path, data=data).status_code == 303
    with database.read() as session:
        moved = session.get_one(Company, session.get_one(Contact, contact).company_id)
        assert (moved.name, moved.domain) == ("Hooli", "hooli.test")


def test_a_company_that_is_not_there_has_no_such_pages(as_seller: Browser, cast: Cast) -> None:
    for page in ("profile", "relate", "split", f"merge/{cast.acme.id}", "undo/1"):
        assert as_seller.get(f"/companies/99999/{page}").status_code == 404


def test_decision_makers_stand_first_with_source_and_consent(
    as_seller: Browser, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        for name, role in (("Adam", "Utvecklare"), ("Berit", "Inköpschef"), ("Cia", "VD")):
            session.add(
                Contact(
                    email=f"{name.lower()}@acme.test",
                    name=name,
                    role=role,
                    source="import",
                    consent="newsletter",
                    company_id=cast.acme.id,
                    created_at=NOW,
                )
            )
    text = as_seller.get(f"/companies/{cast.acme.id}").text
    assert text.index(">Cia<") < text.index(">Berit<") < text.index(">Adam<")
    assert "Decides: Purchasing" in text and "Decides: CEO" in text
    assert "your import" in text and "consent: newsletter" in text and "personal data" in text
