"""What the pages' own script adds, and that everything works without it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.pages import Office
from tracker.db import Database, utc_now
from tracker.models import Site, User
from web.accounts import hash_password

PASSWORD = "four words in a row"


@pytest.fixture
def office(tmp_path: Path, sqlite_template: Path) -> Iterator[Office]:
    shutil.copy(sqlite_template, tmp_path / "doorbell.db")
    database = Database(f"sqlite:///{tmp_path / 'doorbell.db'}")
    office = Office(tmp_path, database)
    yield office
    office.close()
    database.close()


@pytest.fixture
def page(browser: Browser, office: Office) -> Iterator[Page]:
    """Eva's browser."""
    context = office.open(browser, width=1280, dark=False)
    yield context.new_page()
    context.close()


@pytest.fixture
def plain(browser: Browser, office: Office) -> Iterator[Page]:
    """A stranger's browser with script off."""
    context = browser.new_context(java_script_enabled=False, viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


def test_the_install_check_changes_by_itself_and_is_read_out(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/sites/{office.new_site.id}")
    expect(page.locator("#check .verdict")).to_have_text("Waiting for the first page view")
    with office.database.write() as db:
        site = db.get_one(Site, office.new_site.id)
        site.first_hit_at = site.last_hit_at = utc_now()
        site.first_hit_address = "198.51.100.7"
    expect(page.locator("#check .verdict")).to_have_text("The snippet works", timeout=15_000)
    expect(page.locator("#status")).to_have_text("The snippet works")
    expect(page.locator("#check")).to_contain_text("198.51.100.7")


def test_a_server_that_is_away_is_said_and_the_old_answer_stays(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/sites/{office.new_site.id}")
    page.context.set_offline(True)
    expect(page.locator("[data-stale-for=check]")).to_be_visible(timeout=15_000)
    expect(page.locator("#check .verdict")).to_be_visible()
    page.context.set_offline(False)
    expect(page.locator("[data-stale-for=check]")).to_be_hidden(timeout=30_000)


def test_the_snippet_is_copied(page: Page, office: Office) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=office.address)
    page.goto(f"{office.address}/sites/{office.new_site.id}")
    page.get_by_role("button", name="Copy the snippet").click()
    expect(page.locator("#status")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == '<script defer src="http://127.0.0.1/s/v.js" data-site="new-site"></script>'


def test_the_password_can_be_shown(page: Page, office: Office) -> None:
    page.context.clear_cookies()
    page.goto(f"{office.address}/sign-in")
    page.get_by_label("Password", exact=True).fill("secret")
    page.get_by_role("button", name="Show password").click()
    expect(page.get_by_label("Password", exact=True)).to_have_attribute("type", "text")


def test_after_an_error_the_summary_has_the_focus_and_leads_to_the_field(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/profile")
    page.get_by_label("Mobile phone").fill("070")
    page.get_by_role("button", name="Save profile").click()
    expect(page.get_by_role("alert")).to_be_focused()
    page.get_by_role("alert").get_by_role("link").click()
    expect(page.get_by_label("Mobile phone")).to_be_focused()
    expect(page.get_by_label("Mobile phone")).to_have_value("070")


def test_the_first_tab_stop_skips_to_the_content(page: Page, office: Office) -> None:
    page.goto(f"{office.address}/more")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


def test_a_chosen_theme_wins_over_the_device(page: Page, office: Office) -> None:
    office.set_theme("dark")
    page.goto(f"{office.address}/more")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 22, 26)"


def test_relative_times_are_renewed(page: Page, office: Office) -> None:
    page.clock.install()
    page.goto(f"{office.address}/users")
    expect(page.locator("time[data-relative]").first).to_have_text("now")
    page.clock.run_for(5 * 60 * 1000)
    expect(page.locator("time[data-relative]").first).to_have_text("5 min ago")


def test_the_whole_first_run_works_without_script(plain: Page, office: Office) -> None:
    plain.goto(office.address + office.setup_path)
    plain.get_by_label("E-mail").fill("first@ours.test")
    plain.get_by_label("Name").fill("First")
    plain.get_by_label("Password").fill(PASSWORD)
    plain.get_by_role("button", name="Continue").click()
    for question in ("Put the snippet on Ours", "Leave your own visits out?", "Where should alerts go?"):
        expect(plain.get_by_role("heading", level=1)).to_have_text(question)
        plain.get_by_role("link", name="Continue").click()
    expect(plain.get_by_role("heading", level=1)).to_have_text("What should ring?")


def test_signing_in_and_inviting_work_without_script(plain: Page, office: Office) -> None:
    with office.database.write() as db:
        db.get_one(User, office.story.eva.id).password_hash = hash_password(PASSWORD)
    plain.goto(f"{office.address}/users/new")
    plain.get_by_label("E-mail").fill("eva@ours.test")
    plain.get_by_label("Password").fill(PASSWORD)
    plain.get_by_role("button", name="Sign in").click()
    plain.get_by_label("E-mail").fill("dora@ours.test")
    plain.get_by_label("Name").fill("Dora")
    plain.get_by_role("button", name="Make the link").click()
    expect(plain.locator("#link")).to_contain_text("/welcome/")


def test_a_file_is_imported_without_script(plain: Page, office: Office) -> None:
    office.sign_in(plain.context)
    plain.goto(f"{office.address}/import")
    file = {"name": "c.csv", "mimeType": "text/csv", "buffer": b"domain,name\nnew.test,New AB\n"}
    plain.get_by_label("File", exact=True).set_input_files(files=[file])  # type: ignore[list-item]
    plain.get_by_role("button", name="Show what would change").click()
    plain.get_by_role("button", name="Import 1 row").click()
    expect(plain.get_by_text("1 added, 0 changed.")).to_be_visible()
