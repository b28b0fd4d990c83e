"""Products of deals, and target lists by domain."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.deals import set_products
from enrichment.models import Deal, DealProduct, Product
from enrichment.targets import find_or_make_list, put_on_list, take_off_list
from tests.conftest import Cast
from tests.enrichment.lists import get_lists_of
from tracker.db import Database


def products_of(session: Session, deal: str) -> list[str]:
    held = select(Product.name).join(DealProduct, DealProduct.product_id == Product.id)
    mine = held.join(Deal, Deal.id == DealProduct.deal_id).where(Deal.external_id == deal)
    return list(session.scalars(mine))


def test_the_products_of_a_deal_are_replaced(database: Database, cast: Cast) -> None:
    with database.write() as session:
        crm, portal = Product(name="CRM", pages=[]), Product(name="Portal", pages=[])
        won = Deal(external_id="W", name="Won", company_id=cast.globex.id, state="won")
        session.add_all([crm, portal, won])
        session.flush()
        set_products(session, won, {crm.id})
        session.flush()
        set_products(session, won, {portal.id})
    with database.read() as session:
        assert products_of(session, "W") == ["Portal"]


def test_a_domain_is_put_on_a_list_once_and_taken_off(database: Database, cast: Cast) -> None:
    with database.write() as session:
        partners = find_or_make_list(session, "Partners")
        assert put_on_list(session, partners, ["scania.com", "acme.test"]) == ("acme.test", "scania.com")
        session.flush()
        assert put_on_list(session, partners, ["scania.com"]) == ()
        assert get_lists_of(session, "acme.test") == ("Ideal customers", "Partners")
        assert take_off_list(session, partners, ["acme.test"]) == ("acme.test",)
        assert get_lists_of(session, "acme.test") == ("Ideal customers",)
