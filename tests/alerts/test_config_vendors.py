"""Vendors in the configuration file."""

from __future__ import annotations

from datetime import datetime

import pytest

from alerts.config import ConfigError, apply_config, parse_config, show_config
from enrichment.models import VendorAccount
from tracker.db import Database

TEXT = """
vendors:
  - {kind: snitcher, enabled: true, sites: [acme-web], price: 0.05, currency: EUR, key: s3cret}
"""


def test_what_is_applied_is_shown_and_changes_nothing_again(database: Database, now: datetime) -> None:
    with database.write() as session:
        assert len(apply_config(session, parse_config(TEXT), now, "alice@ours.test")) == 1
    with database.write() as session:
        assert apply_config(session, parse_config(show_config(session)), now, "alice@ours.test") == []
        row = session.get_one(VendorAccount, "snitcher")
        assert (row.enabled, row.sites, row.settings) == (True, ["acme-web"], {"key": "s3cret"})
        assert "s3cret" not in show_config(session, with_secrets=False)


def test_a_vendor_without_its_key_cannot_be_switched_on(database: Database, now: datetime) -> None:
    config = parse_config("vendors: [{kind: albacross, enabled: true}]")
    with database.write() as session, pytest.raises(ConfigError, match=r"vendors\[0\]\.key: Key is needed"):
        apply_config(session, config, now, "alice@ours.test")


@pytest.mark.parametrize(
    ("entry", "fault"),
    [
        ("{kind: pigeon}", "is not known"),
        ("{kind: rdap, enabled: true}", "is not known"),
        ("{kind: snitcher, enabled: maybe}", "neither true nor false"),
        ("{kind: snitcher, daily_budget: -1}", "not a whole number"),
        ("{kind: snitcher, price: dear}", "not a price"),
        ("{kind: snitcher, account: 1}", "there is no such field"),
    ],
)
def test_a_fault_is_told_with_its_place(entry: str, fault: str) -> None:
    with pytest.raises(ConfigError, match=fault):
        parse_config(f"vendors: [{entry}]")
