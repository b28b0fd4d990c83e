"""The health page says how old the address data is."""

from __future__ import annotations

import os
from pathlib import Path

from enrichment.providers.routing_table import open_routing_table
from tests.web.conftest import Browser
from tracker.settings import Settings


def test_the_health_page_shows_the_age_of_the_data(as_admin: Browser, settings: Settings) -> None:
    table: Path = open_routing_table(settings.data_dir).path
    assert "Address data" in as_admin.get("/health").text
    damaged = settings.data_dir / "geoip"
    damaged.mkdir()
    os.link(table, damaged / "good.mmdb")
    (damaged / "isp.mmdb").write_bytes(b"damaged")
    text = as_admin.get("/health").text
    assert "good.mmdb" in text
    assert "Cannot be read" in text
