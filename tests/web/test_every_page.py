"""What holds for every page of the administration: who may see it, its headers, its plain HTML."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from enrichment.models import Product
from tests.conftest import Cast
from tests.web.conftest import Browser
from tracker.db import Database
from web.security import CONTENT_SECURITY_POLICY

TEMPLATES = Path(__file__).parent.parent.parent / "web" / "templates"

ADMIN_PAGES = (
    "/users",
    "/users/new",
    "/users/{bob}",
    "/users/{bob}/disable",
    "/sites",
    "/sites/new",
    "/sites/{site}",
    "/sites/{site}/edit",
    "/sites/{site}/keys/new",
    "/sites/{site}?url=/pricing",
    "/products",
    "/products/new",
    "/products/{product}",
    "/products/{product}/delete",
    "/target-lists",
    "/target-lists/new",
    "/target-lists/{list}",
    "/target-lists/{list}/delete",
    "/import",
    "/vendors",
    "/vendors/snitcher",
    "/vendors/log",
    "/health",
    "/setup/site",
    "/setup/staff",
    "/setup/channel",
    "/setup/rules",
)
USER_PAGES = ("/more", "/corrections", "/profile", "/profile/password")


@pytest.fixture
def ids(cast: Cast, database: Database) -> dict[str, int]:
    with database.write() as db:
        product = Product(name="CRM", pages=["/products/crm*"])
        db.add(product)
        db.flush()
        return {"bob": cast.bob.id, "site": cast.site.id, "list": cast.ideal.id, "product": product.id}


@pytest.mark.parametrize("path", ADMIN_PAGES + USER_PAGES)
def test_an_admin_sees_the_page(as_admin: Browser, ids: dict[str, int], path: str) -> None:
    answer = as_admin.get(path.format(**ids))
    assert answer.status_code == 200
    assert answer.text.count("<h1>") == 1


@pytest.mark.parametrize("path", USER_PAGES)
def test_a_seller_sees_the_page(as_seller: Browser, path: str) -> None:
    assert as_seller.get(path).status_code == 200


@pytest.mark.parametrize("path", ADMIN_PAGES)
def test_a_seller_is_told_which_role_is_needed(as_seller: Browser, ids: dict[str, int], path: str) -> None:
    answer = as_seller.get(path.format(**ids))
    assert answer.status_code == 403
    assert "This page is for admins" in answer.text


@pytest.mark.parametrize("path", ADMIN_PAGES + USER_PAGES)
def test_a_stranger_is_sent_to_sign_in(client: Browser, ids: dict[str, int], path: str) -> None:
    answer = client.get(path.format(**ids))
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in?next=")


def test_every_page_that_takes_a_post_refuses_one_without_the_token(as_admin: Browser, app: Flask) -> None:
    answers = {}
    for rule in app.url_map.iter_rules():
        if "POST" in (rule.methods or ()) and not rule.endpoint.startswith(("collector.", "segment.")):
            path = re.sub(r"<[^>]*>", "1", rule.rule)
            answers[path] = as_admin.post(path, csrf=False).status_code
    assert set(answers.values()) == {400}, answers


def test_every_page_that_takes_a_post_refuses_a_stranger(client: Browser, app: Flask, cast: Cast) -> None:
    """With a valid token of their own, strangers get to the sign-in page and nowhere else."""
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()) or rule.endpoint.startswith(
            ("collector.", "segment.", "signin.")
        ):
            continue
        answer = client.post(re.sub(r"<[^>]*>", "1", rule.rule))
        dead_link = rule.endpoint == "setup.admin" and answer.status_code == 410
        assert dead_link or (answer.location or "").startswith("/sign-in"), rule.rule


@pytest.mark.parametrize("path", ["/sign-in", "/more", "/nothing-here", "/healthz"])
def test_pages_carry_strict_headers_and_are_kept_by_nobody(as_admin: Browser, path: str) -> None:
    headers = as_admin.get(path).headers
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cache-Control"] == "no-store"


def test_static_files_are_kept_for_ever_under_the_mark_of_their_content(as_admin: Browser) -> None:
    address = re.search(r'href="(/static/doorbell.css\?v=[0-9a-f]+)"', as_admin.get("/more").text)
    assert address
    answer = as_admin.get(address[1])
    assert answer.status_code == 200
    assert "immutable" in answer.headers["Cache-Control"]


def test_the_front_door_leads_on(client: Browser, as_admin: Browser) -> None:
    assert as_admin.get("/").location == "/live"
    assert "Doorbell is running" in client.get("/").text, "nobody has a password yet"


def test_robots_are_told_to_stay_out(client: Browser) -> None:
    assert client.get("/robots.txt").text == "User-agent: *\nDisallow: /\n"


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: path.name)
def test_a_template_holds_nothing_that_the_content_policy_would_refuse(path: Path) -> None:
    text = path.read_text()
    found = re.findall(r"\sstyle=|<style|\son[a-z]+=\"|\|\s*safe\b|autoescape false|javascript:", text)
    assert found == []


def test_the_collector_answers_through_the_same_application(client: Browser, cast: Cast) -> None:
    answer = client.get("/s/v.js")
    assert answer.status_code == 200
    assert "Content-Security-Policy" not in answer.headers
    assert client.options("/s/e").status_code == 204


def test_what_more_leads_to_stands_under_more(as_admin: Browser) -> None:
    links = set(re.findall(r'href="(/[a-z/-]+)"', as_admin.get("/more").text.partition("<main")[2]))
    assert len(links) > 8
    for link in links - {"/live", "/companies", "/alerts", "/rules"}:
        assert '<a href="/more" aria-current=' in as_admin.get(link).text, link
