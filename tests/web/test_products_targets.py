"""Products and target lists."""

from __future__ import annotations

from sqlalchemy import select

from enrichment.models import DealProduct, Product, TargetList, TargetListEntry
from tests.conftest import Cast
from tests.web.conftest import Browser
from tracker.db import Database


def add_product(as_admin: Browser, database: Database) -> int:
    as_admin.post("/products/new", data={"name": "CRM", "pages": "/products/crm*\n/crm"})
    with database.read() as db:
        return db.scalars(select(Product.id)).one()


def test_a_product_is_added_and_listed(as_admin: Browser, database: Database) -> None:
    add_product(as_admin, database)
    page = as_admin.get("/products").text
    assert "CRM is added." in page
    assert "<code>/products/crm*</code> <code>/crm</code>" in page


def test_two_products_cannot_have_one_name(as_admin: Browser, database: Database) -> None:
    add_product(as_admin, database)
    page = as_admin.post("/products/new", data={"name": "CRM", "pages": ""})
    assert page.status_code == 422
    assert "There is a product with this name already" in page.text


def test_a_product_is_renamed_and_keeps_its_id(as_admin: Browser, database: Database) -> None:
    number = add_product(as_admin, database)
    as_admin.post(f"/products/{number}", data={"name": "CRM 2", "pages": "/crm2"})
    with database.read() as db:
        assert db.get_one(Product, number).name == "CRM 2"


def test_deleting_a_product_asks_first_and_says_what_is_lost(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    number = add_product(as_admin, database)
    with database.write() as db:
        db.add(DealProduct(deal_id=cast.lost_deal.id, product_id=number))
    assert "1 deal forgets that it was about CRM" in as_admin.get(f"/products/{number}/delete").text
    as_admin.post(f"/products/{number}/delete")
    with database.read() as db:
        assert db.get(Product, number) is None
        assert db.scalars(select(DealProduct)).all() == []


def test_domains_are_kept_as_registered_domains(as_admin: Browser, cast: Cast, database: Database) -> None:
    form = {"name": "Ideal customers", "domains": "https://www.Scania.com/om\nsaab.com\n\nscania.com"}
    as_admin.post(f"/target-lists/{cast.ideal.id}", data=form)
    with database.read() as db:
        entries = select(TargetListEntry.domain).where(TargetListEntry.list_id == cast.ideal.id)
        assert sorted(db.scalars(entries)) == ["saab.com", "scania.com"]


def test_a_line_that_is_no_company_is_named(as_admin: Browser) -> None:
    for line, text in (("scania", "scania is no domain"), ("gmail.com", "mail service for everybody")):
        page = as_admin.post("/target-lists/new", data={"name": "New", "domains": line})
        assert page.status_code == 422
        assert text in page.text


def test_the_list_counts_companies_and_those_seen(as_admin: Browser, cast: Cast) -> None:
    page = as_admin.get("/target-lists").text
    assert '<td class="num">1</td><td class="num">0</td>' in page


def test_a_deleted_list_leaves_its_companies(as_admin: Browser, cast: Cast, database: Database) -> None:
    assert "It names 1 company." in as_admin.get(f"/target-lists/{cast.ideal.id}/delete").text
    as_admin.post(f"/target-lists/{cast.ideal.id}/delete")
    with database.read() as db:
        assert db.get(TargetList, cast.ideal.id) is None
        assert db.scalars(select(TargetListEntry)).all() == []
