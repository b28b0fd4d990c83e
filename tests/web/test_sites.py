"""Sites: the snippet, the install check, the lists written as text."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import pytest
from flask import Flask

from tests.conftest import Cast
from tests.web.conftest import Browser
from tracker.db import Database
from tracker.models import DroppedHit, Site
from web.install_check import Drops, decide_check
from web.site_forms import check_host, check_network, make_key, read_group, write_group

NOTHING_DROPPED = Drops((), ())
BOTH = pytest.mark.parametrize("database_kind", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def database_kind(request: pytest.FixtureRequest) -> str:
    """What is written to the database is tested on both kinds, what is said on one."""
    return str(getattr(request, "param", "sqlite"))


def get_site(database: Database, site_id: int) -> Site:
    with database.read() as db:
        return db.get_one(Site, site_id)


def drop(reason: str, address: str, now: datetime, site_id: int = 1) -> DroppedHit:
    return DroppedHit(site_id=site_id, hit_id="h", reason=reason, received_at=now, address=address, url="")


@BOTH
def test_adding_a_site_shows_its_snippet(as_admin: Browser, database: Database) -> None:
    answer = as_admin.post("/sites/new", data={"name": "Åkes Bygg", "hosts": "https://www.Akes.se/om\n"})
    page = as_admin.get(answer.location).text
    assert (
        "&lt;script defer src=&#34;http://bell.acme.test/s/v.js&#34; data-site=&#34;akes-bygg&#34;&gt;"
        in page
    )
    site = get_site(database, int(answer.location.rpartition("/")[2]))
    assert site.hosts == ["www.akes.se"]
    assert len(site.secret) == 64


@BOTH
def test_an_edit_saves_lists_in_their_usual_spelling(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    form = {
        "name": "Acme",
        "hosts": "*.acme.com\nlocalhost:3000\n\n*.acme.com",
        "staff_networks": "203.0.113.9/24\n2001:db8::1",
        "page_groups": "pricing: /pricing* , /priser*\ncases:/cases/*",
        "query_parameters": "job\nfilter[city]\njob",
        "do_not_track": "y",
    }
    assert as_admin.post(f"/sites/{cast.site.id}/edit", data=form).status_code == 302
    site = get_site(database, cast.site.id)
    assert site.hosts == ["*.acme.com", "localhost:3000"]
    assert site.staff_networks == ["203.0.113.0/24", "2001:db8::1"]
    assert site.page_groups == [["pricing", ["/pricing*", "/priser*"]], ["cases", ["/cases/*"]]]
    assert (site.query_parameters, site.do_not_track) == (["job", "filter[city]"], True)
    assert "data-query=&#34;job, filter[city]&#34;" in as_admin.get(f"/sites/{cast.site.id}").text


def test_what_the_form_shows_changes_nothing_when_saved(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    before = get_site(database, cast.site.id)
    page = as_admin.get(f"/sites/{cast.site.id}/edit").text
    form = {
        name: re.search(rf'<textarea[^>]*id="{name}"[^>]*>\r?\n?(.*?)</textarea>', page, re.DOTALL)[1]  # type: ignore[index]
        for name in ("hosts", "staff_networks", "page_groups", "query_parameters")
    }
    as_admin.post(f"/sites/{cast.site.id}/edit", data=form | {"name": "Our site"})
    after = get_site(database, cast.site.id)
    for name in ("hosts", "staff_networks", "page_groups", "query_parameters"):
        assert getattr(after, name) == getattr(before, name)


@pytest.mark.parametrize(
    ("field", "value", "text"),
    [
        ("hosts", "not a host", "is no host"),
        ("hosts", "acme.com:99999", "has no port that exists"),
        ("staff_networks", "office", "is no network"),
        ("page_groups", "/pricing*", "write a name, a colon and patterns"),
        ("page_groups", "a: /x\nA: /y", "is there twice"),
        ("page_groups", "a: https://acme.com/x", "leave out http"),
        ("query_parameters", "a=b", "is no name of a parameter"),
        ("query_parameters", "a, b", "is no name of a parameter"),
        ("name", "", "Write a name"),
    ],
)
def test_an_odd_line_is_named_and_what_was_typed_is_kept(
    as_admin: Browser, cast: Cast, field: str, value: str, text: str
) -> None:
    form = {"name": "Acme", "hosts": "", "staff_networks": "", "page_groups": ""} | {field: value}
    page = as_admin.post(f"/sites/{cast.site.id}/edit", data=form)
    assert page.status_code == 422
    assert text in page.text
    assert value.partition("\n")[0] in page.text


def test_errors_stand_in_the_order_of_the_page_and_name_their_fields(as_admin: Browser, cast: Cast) -> None:
    form = {"name": "", "hosts": "foo bar", "staff_networks": "foo", "page_groups": "bad"}
    page = as_admin.post(f"/sites/{cast.site.id}/edit", data=form).text
    links = re.findall(r'<a href="#(name|hosts|page_groups|staff_networks)">([^<:]*)', page)
    assert [link for link, _ in links] == ["name", "hosts", "page_groups", "staff_networks"]
    assert [text for _, text in links][1:] == ["Allowed hosts", "Page groups", "Networks of your staff"]


def test_try_a_url_names_the_group(as_admin: Browser, cast: Cast) -> None:
    assert "is in the group <b>pricing</b>" in as_admin.get(f"/sites/{cast.site.id}?url=/priser/2026").text
    assert "is in no group" in as_admin.get(f"/sites/{cast.site.id}?url=/blog").text


def test_a_site_nobody_visited_yet_waits(cast: Cast, now: datetime) -> None:
    assert decide_check(cast.site, NOTHING_DROPPED, "", now).state == "waiting"


def test_your_own_visit_dropped_as_staff_proves_the_snippet(cast: Cast, now: datetime) -> None:
    drops = Drops((), [drop("staff", "203.0.113.7", now)])
    assert decide_check(cast.site, drops, "203.0.113.7", now).title == (
        "Your own visit was dropped as staff: the snippet works"
    )
    assert decide_check(cast.site, drops, "192.0.2.1", now).title.startswith("A visit of your own people")


def test_a_robot_proves_the_snippet_but_is_not_counted(cast: Cast, now: datetime) -> None:
    verdict = decide_check(cast.site, Drops((), [drop("bot", "192.0.2.1", now)]), "", now)
    assert (verdict.state, verdict.tone) == ("dropped", "good")


def test_a_site_that_fell_silent_is_worth_a_look(cast: Cast, now: datetime) -> None:
    cast.site.first_hit_at = now - timedelta(days=30)
    cast.site.last_hit_at = now - timedelta(hours=23)
    assert decide_check(cast.site, NOTHING_DROPPED, "", now).state == "works"
    assert decide_check(cast.site, NOTHING_DROPPED, "", now + timedelta(hours=2)).state == "quiet"


def test_the_check_says_when_and_from_where_the_first_page_view_came(
    as_admin: Browser, cast: Cast, database: Database, now: datetime
) -> None:
    with database.write() as db:
        site = db.get_one(Site, cast.site.id)
        site.first_hit_at = site.last_hit_at = now
        site.first_hit_address = "198.51.100.7"
    page = as_admin.get(f"/sites/{cast.site.id}/check", headers={"X-Fragment": "1"}).text
    assert "The snippet works" in page
    assert "21 Nov 2026, 14:30:00</time> from 198.51.100.7" in page
    assert "<html" not in page


@BOTH
def test_the_check_lists_what_was_dropped_today_and_why(
    as_admin: Browser, cast: Cast, database: Database, now: datetime
) -> None:
    with database.write() as db:
        db.add_all(drop("bot", "192.0.2.1", now, cast.site.id) for _ in range(2))
        db.add(drop("staff", "203.0.113.7", now, cast.site.id))
        db.add(drop("bot", "192.0.2.1", now - timedelta(days=1), cast.site.id))
    page = as_admin.get(f"/sites/{cast.site.id}").text
    assert "2 by robots, 1 by your own people" in page


def test_your_own_address_becomes_staff_at_a_click(
    app: Flask, as_admin: Browser, cast: Cast, database: Database
) -> None:
    assert "127.0.0.1</b>, which does not count as staff" in as_admin.get(f"/sites/{cast.site.id}").text
    as_admin.post(f"/sites/{cast.site.id}/staff")
    assert get_site(database, cast.site.id).staff_networks == ["203.0.113.0/24", "127.0.0.1"]
    assert "127.0.0.1</b>, which counts as staff" in as_admin.get(f"/sites/{cast.site.id}").text


def test_reasons_can_be_told_to_the_browser_for_an_hour(
    as_admin: Browser, cast: Cast, database: Database, now: datetime
) -> None:
    as_admin.post(f"/sites/{cast.site.id}/debug")
    assert get_site(database, cast.site.id).debug_until == now + timedelta(hours=1)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("WWW.Acme.com", "www.acme.com"),
        ("https://acme.com/pricing", "acme.com"),
        ("*.acme.com", "*.acme.com"),
        ("localhost:3000", "localhost:3000"),
        ("räksmörgås.se", "xn--rksmrgs-5wao1o.se"),
    ],
)
def test_a_host_is_kept_in_its_usual_spelling(typed: str, kept: str) -> None:
    assert check_host(typed) == kept


def test_a_network_is_kept_in_its_usual_spelling() -> None:
    assert check_network("203.0.113.9/24") == "203.0.113.0/24"
    assert check_network("203.0.113.9") == "203.0.113.9"


def test_a_comma_in_a_pattern_survives_the_text_form() -> None:
    line = write_group("odd", ["/a,b*", "/c"])
    assert read_group(line) == ("odd", ["/a%2Cb*", "/c"])


def test_keys_are_readable_unique_and_fit_the_protocol() -> None:
    assert make_key("Åkes Bygg & Co", []) == "akes-bygg-co"
    assert make_key("Å", []) == "site-a"
    assert re.fullmatch(r"acme-[0-9a-f]{4}", make_key("Acme", ["acme"]))
    assert re.fullmatch(r"site-[0-9a-f]{4}", make_key("中文", []))
