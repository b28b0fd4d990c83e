"""What is pasted into other systems works as it is."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page

from tests.browser.recorder import Recorder, Server
from tests.browser.snippet import drain

INTEGRATIONS = Path(__file__).parents[2] / "js" / "integrations"


def test_the_tag_for_google_tag_manager_reports_one_view_however_often_it_fires(
    page: Page, site: Server, collector: Recorder
) -> None:
    tag = (INTEGRATIONS / "google-tag-manager" / "tag.html").read_text()
    tag = tag.replace("https://bell.example.com/s/v.js", collector.address("/s/v.js"))
    site.put_page("/", f"<!doctype html><title>Home</title><body>{tag}{tag}")
    page.goto(site.address("/"))
    collector.wait_for("pageview")
    drain(page, collector)
    assert len(collector.hits("pageview")) == 1
    assert collector.envelopes[0]["s"] == "YOUR-KEY"
