"""The pages of vendors: off by default, switched on for named sites, and a log of what was sent."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from enrichment.models import VendorAccount, VendorRequest
from enrichment.vendors import VENDORS, vendor_class
from tests.conftest import NOW, Cast
from tests.web.conftest import Browser
from tracker.db import Database

SNITCHER = {
    "enabled": "y",
    "sites": ["acme-web"],
    "daily_budget": "250",
    "price": "0.05",
    "currency": "eur",
    "set_key": "open-sesame",
}


def account(database: Database, kind: str = "snitcher") -> VendorAccount | None:
    with database.read() as session:
        return session.get(VendorAccount, kind)


def test_all_vendors_are_off_and_the_page_says_what_is_sent(as_admin: Browser) -> None:
    text = as_admin.get("/vendors").text
    assert text.count("Off") >= len(VENDORS)
    assert "personal data" in text


@pytest.mark.parametrize("kind", VENDORS)
def test_each_vendor_has_a_form_with_the_fields_it_declares(as_admin: Browser, kind: str) -> None:
    text = as_admin.get(f"/vendors/{kind}").text
    assert all(f'name="set_{field.name}"' in text for field in vendor_class(kind).fields)


def test_a_vendor_is_switched_on_for_named_sites(as_admin: Browser, database: Database) -> None:
    assert as_admin.post("/vendors/snitcher", data=SNITCHER).status_code == 303
    row = account(database)
    assert row is not None
    assert (row.enabled, row.sites, row.daily_budget) == (True, ["acme-web"], 250)
    assert (row.price, row.currency, row.settings) == (Decimal("0.05"), "EUR", {"key": "open-sesame"})


def test_a_key_is_kept_and_never_shown(as_admin: Browser, database: Database) -> None:
    as_admin.post("/vendors/snitcher", data=SNITCHER)
    assert "open-sesame" not in as_admin.get("/vendors/snitcher").text
    as_admin.post("/vendors/snitcher", data={**SNITCHER, "set_key": ""})
    row = account(database)
    assert row is not None and row.settings == {"key": "open-sesame"}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"set_key": ""}, "Key is needed"),
        ({"sites": []}, "Choose at least one site"),
        ({"sites": ["elsewhere"]}, "not a valid choice"),
        ({"daily_budget": "many"}, "Not a valid integer value"),
        ({"currency": "euro"}, "at most 3"),
        ({"set_url": "https://api.snitcher.test/"}, "write {ip}"),
    ],
)
def test_what_is_wrong_stands_at_its_field(
    as_admin: Browser, database: Database, wrong: dict[str, object], said: str
) -> None:
    answer = as_admin.post("/vendors/snitcher", data=SNITCHER | wrong)
    assert answer.status_code == 422
    assert said in answer.text
    assert account(database) is None


RDAP = {"enabled": "y", "sites": ["acme-web"], "daily_budget": "500"}


def test_the_registries_show_their_terms_and_ask_to_confirm_them(
    as_admin: Browser, database: Database
) -> None:
    page = as_admin.get("/vendors/rdap").text
    assert "Article 4.4" in page and "ARIN" in page and "What follows" in page
    answer = as_admin.post("/vendors/rdap", data=RDAP)
    assert answer.status_code == 422
    assert "Confirm this, or leave the registries off" in answer.text
    assert account(database, "rdap") is None


def test_who_confirmed_the_terms_is_kept_until_they_are_switched_off(
    as_admin: Browser, database: Database, cast: Cast
) -> None:
    as_admin.post("/vendors/rdap", data=RDAP | {"confirmed": "y"})
    row = account(database, "rdap")
    assert row is not None and row.enabled
    assert row.settings == {"confirmed_by": cast.alice.email, "confirmed_at": NOW.isoformat()}
    assert f"Confirmed by {cast.alice.email}" in as_admin.get("/vendors/rdap").text
    as_admin.post("/vendors/rdap", data={"daily_budget": "500", "confirmed": "y"})
    row = account(database, "rdap")
    assert row is not None and (row.enabled, row.settings) == (False, {})


def test_a_stopped_vendor_says_why_and_can_be_asked_again(
    as_admin: Browser, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        session.add(
            VendorAccount(
                kind="snitcher",
                enabled=True,
                sites=[cast.site.key],
                stopped_until=NOW + timedelta(hours=3),
                last_error="Snitcher says 403: quota",
                failed_at=NOW,
                created_at=NOW,
            )
        )
    assert "Snitcher says 403: quota" in as_admin.get("/vendors").text
    as_admin.post("/vendors/snitcher/resume")
    row = account(database)
    assert row is not None and row.stopped_until is None


def test_the_log_shows_every_address_that_was_sent(as_admin: Browser, database: Database, cast: Cast) -> None:
    with database.write() as session:
        for number in range(60):
            session.add(
                VendorRequest(
                    vendor="snitcher",
                    address=f"198.51.100.{number}",
                    site_id=cast.site.id,
                    sent_at=NOW,
                    outcome="not_found",
                )
            )
    text = as_admin.get("/vendors/log").text
    assert "60 addresses sent" in text and "198.51.100.59" in text
    assert "before=" in text
    assert "No address was sent" in as_admin.get("/vendors/log?vendor=albacross").text


def test_a_vendor_that_does_not_exist_is_not_found(as_admin: Browser) -> None:
    assert as_admin.get("/vendors/pigeon").status_code == 404


def test_vendors_are_for_admins(as_seller: Browser) -> None:
    for path in ("/vendors", "/vendors/log", "/vendors/snitcher"):
        assert as_seller.get(path).status_code == 403
