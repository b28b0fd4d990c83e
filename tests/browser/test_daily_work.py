"""What people do on the pages every day, in a real browser: by keyboard, with and without script."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from sqlalchemy import select

from alerts.models import Rule
from enrichment.models import Company
from tests.browser.pages import Office
from tests.web.story import PRICING
from tracker.db import Database, utc_now
from tracker.models import PageView


@pytest.fixture
def office(tmp_path: Path, sqlite_template: Path) -> Iterator[Office]:
    shutil.copy(sqlite_template, tmp_path / "doorbell.db")
    database = Database(f"sqlite:///{tmp_path / 'doorbell.db'}")
    office = Office(tmp_path, database)
    yield office
    office.close()
    database.close()


def open_page(
    office: Office, browser: Browser, path: str, *, script: bool = True
) -> tuple[BrowserContext, Page]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 900}, java_script_enabled=script, reduced_motion="reduce"
    )
    office.sign_in(context)
    page = context.new_page()
    page.goto(office.address + path)
    return context, page


def find_rule(office: Office, name: str) -> Rule | None:
    with office.database.read() as session:
        return session.scalar(select(Rule).where(Rule.name == name))


def tab_to(page: Page, selector: str) -> None:
    """Presses Tab until the focus is there, as somebody without a mouse does."""
    for _ in range(60):
        if page.evaluate("selector => document.activeElement.matches(selector)", selector):
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"Tab never came to {selector}")


def choose(page: Page, label: str) -> None:
    """Chooses in the focused list by typing, as a keyboard does."""
    page.keyboard.type(label, delay=5)


def test_a_rule_is_made_by_keyboard_alone(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, "/rules/new")
    tab_to(page, "#name")
    page.keyboard.type("Customers in Sweden")
    tab_to(page, "#when-0-field")
    choose(page, "Country")
    expect(page.locator("#when-0-value .choice-filter")).to_be_visible()
    assert page.evaluate("document.activeElement.id") == "when-0-field"
    tab_to(page, "#when-0-value .choice-filter")
    page.keyboard.type("swed")
    expect(page.get_by_label("Sweden")).to_be_visible()
    expect(page.get_by_label("Norway", exact=True)).to_be_hidden()
    tab_to(page, "#when-0-value input[value=SE]")
    page.keyboard.press("Space")
    tab_to(page, "#add-when")
    page.keyboard.press("Enter")
    expect(page.locator("#when-1-field")).to_be_focused()
    choose(page, "Lifecycle")
    expect(page.locator("#when-1-value")).to_be_visible()
    tab_to(page, "#when-1-value input[value=customer]")
    page.keyboard.press("Space")
    tab_to(page, "#send-0-channel")
    choose(page, "sales")
    expect(page.locator("#preview .read-back")).to_contain_text("at stage Customer")
    expect(page.locator("#preview .read-back")).to_contain_text("in Sweden")
    expect(page.locator("#status")).to_contain_text("2 conditions")
    tab_to(page, "button[value=save]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/rules")
    context.close()
    rule = find_rule(office, "Customers in Sweden")
    assert rule is not None
    assert rule.when == {"country": ["SE"], "stage": ["customer"]}
    assert rule.state == "on"


def test_a_rule_is_made_without_script(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, "/rules/new", script=False)
    page.fill("#name", "Without script")
    page.select_option("#when-0-field", "stage")
    page.get_by_role("button", name="Refresh after changing").click()
    page.check("#when-0-value input[value=mql]")
    page.click("#add-when")
    page.select_option("#when-1-field", "visits")
    page.get_by_role("button", name="Refresh after changing").click()
    page.fill("#when-1-value", "3")
    page.fill("#when-1-value-1", "30")
    page.select_option("#send-0-channel", "sales")
    page.get_by_role("button", name="Check what it means").click()
    expect(page.locator("#preview .read-back")).to_contain_text("has made at least 3 visits in 30 days")
    page.get_by_role("button", name="Save as draft").click()
    page.wait_for_url("**/rules")
    context.close()
    rule = find_rule(office, "Without script")
    assert rule is not None
    assert rule.when == {"stage": ["mql"], "visits": {"at_least": 3, "days": 30}}
    assert rule.state == "draft"


def test_enter_in_a_text_field_saves_nothing(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, f"/rules/{office.story.mql_rule.id}")
    page.fill("#name", "Renamed by accident")
    page.press("#name", "Enter")
    expect(page.locator("#status")).to_contain_text("2 conditions")
    assert page.url.endswith(f"/rules/{office.story.mql_rule.id}")
    context.close()
    assert find_rule(office, "Renamed by accident") is None


def test_typing_renews_the_preview_and_keeps_what_is_typed(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, f"/rules/{office.story.mql_rule.id}")
    page.click("#repeat")
    page.keyboard.press("Control+A")
    page.keyboard.type("48", delay=20)
    expect(page.locator("#preview .read-back")).to_contain_text("at most once in 2 days")
    assert page.input_value("#repeat") == "48"
    expect(page.locator("#repeat")).to_be_focused()
    context.close()


def test_after_removing_a_condition_the_focus_is_on_the_next(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, f"/rules/{office.story.mql_rule.id}")
    page.get_by_role("button", name="Remove condition 1").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#when-1-field")).to_have_count(0)
    expect(page.locator("#when-0-field")).to_be_focused()
    assert page.input_value("#when-0-field") == "page_group"
    context.close()


def test_an_error_takes_the_focus_and_links_to_its_field(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, "/rules/new")
    page.get_by_role("button", name="Save and switch on").click()
    expect(page.locator(".summary")).to_be_focused()
    page.get_by_role("link", name="Choose what condition 1 looks at").click()
    expect(page.locator("#when-0-field")).to_be_focused()
    context.close()


def test_new_visits_wait_behind_a_button(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, "/live")
    before = page.locator("[data-visit]").count()
    with office.database.write() as session:
        office.story.session, office.story.now = session, utc_now()
        visit = office.story.visit(office.story.topsoe, timedelta(0), [PRICING], confidence=0.91)
    button = page.get_by_role("button", name="Show 1 new visit")
    expect(button).to_be_visible(timeout=15_000)
    assert page.locator("[data-visit]").count() == before
    expect(page.locator("#status")).to_have_text("1 new visit")
    button.press("Enter")
    expect(page.locator("[data-visit]").first).to_have_id(f"visit-{visit.id}")
    expect(page.locator(f"#visit-{visit.id} a.name")).to_be_focused()
    context.close()


def test_a_visit_that_goes_on_is_renewed_where_it_stands(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, "/live")
    row = page.locator(f"#visit-{office.story.topsoe_visit.id}")
    place = [one.get_attribute("id") for one in page.locator("[data-visit]").all()]
    with office.database.write() as session:
        visit = session.merge(office.story.topsoe_visit)
        visit.page_view_count, visit.ended_at = 9, utc_now()
    expect(row).to_contain_text("9 pages", timeout=15_000)
    assert [one.get_attribute("id") for one in page.locator("[data-visit]").all()] == place
    context.close()


def test_a_live_list_that_cannot_be_renewed_says_since_when(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, "/live")
    page.route("**/live*", lambda route: route.abort())
    expect(page.locator("#live-stale")).to_contain_text("Not updated since", timeout=15_000)
    assert page.locator("[data-visit]").count() > 0
    context.close()


def test_the_live_list_works_without_script(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, "/live", script=False)
    page.get_by_role("link", name="Not identified").click()
    page.wait_for_url("**/live?show=unknown*")
    rows = page.locator("[data-visit]").all_inner_texts()
    assert rows
    assert all("Not identified" in row for row in rows)
    context.close()


def test_a_seller_takes_an_alert(office: Office, browser: Browser) -> None:
    context, page = open_page(office, browser, f"/a/{office.story.scania_alert.public_id}", script=False)
    page.get_by_role("button", name="I’ll take it").click()
    expect(page.get_by_text("It is yours.")).to_be_visible()
    expect(page.get_by_text("Eva Lind took it")).to_be_visible()
    context.close()


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_the_longest_names_scroll_nothing_sideways(office: Office, browser: Browser, width: int) -> None:
    with office.database.write() as session:
        for company in session.scalars(select(Company)):
            company.name, company.domain = "W" * 200, f"{'w' * 60}.{company.id}.test"
        for rule in session.scalars(select(Rule)):
            rule.name = f"{rule.id}{'M' * 190}"
        for view in session.scalars(select(PageView)):
            view.title, view.path = "M" * 300, f"/{'m' * 500}"
    context = browser.new_context(viewport={"width": width, "height": 900})
    office.sign_in(context)
    page = context.new_page()
    story = office.story
    alert, company_id = story.scania_alert.public_id, story.scania.id
    for path in (
        "/live",
        "/companies",
        f"/companies/{company_id}",
        "/alerts",
        f"/a/{alert}",
        "/rules",
        "/rules/1",
    ):
        page.goto(office.address + path)
        wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert (path, wide) == (path, 0)
    context.close()
