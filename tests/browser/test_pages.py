"""Every page in a real browser: axe-core finds nothing, nothing scrolls sideways, nothing is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page

from tests.browser.pages import AXE, Office
from tracker.db import Database

# Name and path of each page; the braces are filled from the office's rows. One line per page.
PAGES: dict[str, str] = {
    "more": "/more",
    "profile": "/profile",
    "change password": "/profile/password",
    "users": "/users",
    "invite": "/users/new",
    "user": "/users/{guest}",
    "disable user": "/users/{guest}/disable",
    "sites": "/sites",
    "site that works": "/sites/{site}?url=/pricing",
    "site that waits": "/sites/{new_site}",
    "add site": "/sites/new",
    "edit site": "/sites/{site}/edit",
    "new key of a server": "/sites/{site}/keys/new",
    "what was stored": "/visits/{scania_visit}/stored",
    "products": "/products",
    "product": "/products/{product}",
    "delete product": "/products/{product}/delete",
    "target lists": "/target-lists",
    "target list": "/target-lists/{list}",
    "delete target list": "/target-lists/{list}/delete",
    "import": "/import",
    "health": "/health",
    "setup, site": "/setup/site",
    "setup, staff": "/setup/staff",
    "setup, channel": "/setup/channel",
    "setup, rules": "/setup/rules",
    "identification report": "/reports/identification",
    "identification report, all": "/reports/identification?days=90",
    "vendors": "/vendors",
    "vendor": "/vendors/snitcher",
    "registries": "/vendors/rdap",
    "addresses sent": "/vendors/log",
    "not found": "/nothing-here",
    "live": "/live",
    "live, not identified": "/live?show=unknown",
    "live, nothing found": "/live?q=nobody",
    "companies": "/companies",
    "companies, nothing found": "/companies?q=nobody",
    "company": "/companies/{scania}",
    "company with a lost deal": "/companies/{nordlund}",
    "company that is hardly known": "/companies/{rescue}",
    "profile by hand": "/companies/{scania}/profile",
    "merge or parent": "/companies/{scania}/relate?q=n",
    "merge": "/companies/{scania}/merge/{nordlund}",
    "split": "/companies/{scania}/split",
    "contact": "/contacts/{anna}",
    "alerts": "/alerts",
    "alerts, held back": "/alerts?state=held",
    "alert": "/a/{scania_alert}",
    "alert that failed": "/a/{topsoe_alert}",
    "corrections": "/corrections",
    "correct the company": "/corrections/new?visit={scania_visit}&verdict=company&q=a",
    "confirm the company": "/corrections/new?visit={scania_visit}&verdict=company&right=1",
    "correct a provider": "/corrections/new?visit={scania_visit}&verdict=provider",
    "channels": "/channels",
    "channel": "/channels/{sms}",
    "add channel": "/channels/new/slack",
    "delete channel": "/channels/{sms}/delete",
    "rules": "/rules",
    "rule": "/rules/{rule}",
    "new rule": "/rules/new",
    "delete rule": "/rules/{rule}/delete",
}
# Pages for people who are not signed in.
OUTSIDE: dict[str, str] = {
    "sign-in": "/sign-in",
    "dead link": "/welcome/nothing",
    "first admin": "{setup}",
}
SIZES = (1280, 390)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("office")
    shutil.copy(sqlite_template, directory / "doorbell.db")
    database = Database(f"sqlite:///{directory / 'doorbell.db'}")
    office = Office(directory, database)
    yield office
    office.close()
    database.close()


def fill(path: str, office: Office) -> str:
    story = office.story
    return path.format(
        guest=office.guest.id,
        site=story.site.id,
        new_site=office.new_site.id,
        product=story.crm.id,
        list=story.ideal.id,
        setup=office.setup_path,
        scania=story.scania.id,
        nordlund=story.nordlund.id,
        rescue=story.rescue.id,
        anna=story.anna.id,
        scania_visit=story.scania_visit.id,
        scania_alert=story.scania_alert.public_id,
        topsoe_alert=story.topsoe_alert.public_id,
        sms=story.sms.id,
        rule=story.mql_rule.id,
    )


def find_faults(page: Page) -> list[str]:
    """What axe-core objects to, in words."""
    result: dict[str, Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{fault['id']}: {fault['help']}: {node['html'][:200]}"
        for fault in result["violations"]
        for node in fault["nodes"]
    ]


def look_at(browser: Browser, office: Office, path: str, *, signed_in: bool) -> list[str]:
    """Everything that is wrong with a page, wide and narrow, light and dark."""
    context = office.open(browser, width=SIZES[0], dark=False, signed_in=signed_in)
    try:
        page = context.new_page()
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text) if is_fault(message) else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("request", lambda request: faults.extend(find_other_host(request.url, office)))
        page.goto(office.address + fill(path, office))
        page.evaluate(AXE.read_text())
        for width in SIZES:
            page.set_viewport_size({"width": width, "height": 844})
            for colours in ("light", "dark"):
                page.emulate_media(color_scheme=colours)  # type: ignore[arg-type]
                found = [*find_faults(page), *find_overflow(page)]
                faults += [f"{width} px, {colours}: {fault}" for fault in found]
        return faults
    finally:
        context.close()


def is_fault(message: ConsoleMessage) -> bool:
    """Errors in the console, but for the status of a page that is meant to say it is not there."""
    return message.type == "error" and not any(code in message.text for code in ("404", "410"))


def find_other_host(url: str, office: Office) -> list[str]:
    return [] if url.startswith(office.address) else [f"asks another host: {url}"]


def find_overflow(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"the page is {wide} px too wide"] if wide > 0 else []


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wrong_with_the_page(browser: Browser, office: Office, name: str) -> None:
    assert look_at(browser, office, PAGES[name], signed_in=True) == []


@pytest.mark.parametrize("name", OUTSIDE)
def test_nothing_is_wrong_with_the_page_for_strangers(browser: Browser, office: Office, name: str) -> None:
    assert look_at(browser, office, OUTSIDE[name], signed_in=False) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_page_scrolls_sideways(browser: Browser, office: Office, name: str) -> None:
    context = office.open(browser, width=320, dark=False)
    page = context.new_page()
    page.goto(office.address + fill(PAGES[name], office))
    wide = []
    for width in (320, 768, 1920):
        page.set_viewport_size({"width": width, "height": 844})
        wide += [f"{width} px: {fault}" for fault in find_overflow(page)]
    context.close()
    assert wide == []
