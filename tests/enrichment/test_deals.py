"""Products owned through won deals, states of deals, and target lists by domain."""

from __future__ import annotations

from datetime import datetime

from enrichment.deals import get_deal_states, get_owned_products, set_products
from enrichment.models import Deal, Product
from enrichment.targets import find_or_make_list, get_lists_of, put_on_list, take_off_list
from tests.conftest import Cast
from tracker.db import Database


def test_a_company_owns_the_products_of_its_won_deals_only(
    database: Database, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        crm, portal = Product(name="CRM", pages=[]), Product(name="Portal", pages=[])
        won = Deal(external_id="W", name="Won", company_id=cast.globex.id, state="won")
        lost = Deal(external_id="L", name="Lost", company_id=cast.globex.id, state="lost")
        session.add_all([crm, portal, won, lost])
        session.flush()
        set_products(session, won, {crm.id})
        set_products(session, lost, {portal.id})
    with database.read() as session:
        assert get_owned_products(session, cast.globex.id) == {"CRM"}
        assert get_deal_states(session, cast.globex.id) == {"won", "lost"}


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
        assert get_owned_products(session, cast.globex.id) == {"Portal"}


def test_a_domain_is_put_on_a_list_once_and_taken_off(database: Database, cast: Cast) -> None:
    with database.write() as session:
        partners = find_or_make_list(session, "Partners")
        assert put_on_list(session, partners, ["scania.com", "acme.test"]) == ("acme.test", "scania.com")
        session.flush()
        assert put_on_list(session, partners, ["scania.com"]) == ()
        assert get_lists_of(session, "acme.test") == ("Ideal customers", "Partners")
        assert take_off_list(session, partners, ["acme.test"]) == ("acme.test",)
        assert get_lists_of(session, "acme.test") == ("Ideal customers",)
