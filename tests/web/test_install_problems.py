"""The install check says what is wrong: refused hosts, hidden addresses, a silent script, no consent."""

from __future__ import annotations

import re
from collections import Counter
from datetime import timedelta
from ipaddress import ip_network

import pytest

from tests.conftest import NOW, Cast
from tests.tracker.hits import make_envelope, make_hit, put
from tests.web.conftest import Browser
from tracker.db import Database
from tracker.ingest import ingest_waiting
from tracker.models import Site
from tracker.notes import REFUSED_HOST, SCRIPT, UNKNOWN_KEY, save_notes
from tracker.settings import Settings
from web.install_problems import Seen, decide_problems

PROXIES = (ip_network("10.1.0.0/16"),)
BASE = "http://bell.acme.test"


def kinds(seen: Seen, *, hosts: tuple[str, ...] = ("www.ours.test",), heard: bool = True) -> list[str]:
    site = Site(
        key="acme-web",
        hosts=list(hosts),
        created_at=NOW - timedelta(days=1),
        first_hit_at=NOW if heard else None,
    )
    return [problem.kind for problem in decide_problems(site, seen, PROXIES, BASE, NOW)]


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


def test_a_site_that_works_has_no_problem() -> None:
    assert kinds(Seen(addresses=["192.0.2.1"], agreed=[True])) == []


def test_a_refused_host_is_named_until_it_is_allowed() -> None:
    seen = Seen(refused=["www2.ours.test", "www.ours.test"])
    assert kinds(seen) == ["refused_host"]
    assert kinds(seen, hosts=("*.ours.test",)) == []
    assert kinds(seen, hosts=()) == []


@pytest.mark.parametrize("address", ["10.9.9.9", "127.0.0.1", "192.168.1.1", "fd00::1", "100.64.0.1"])
def test_only_inside_addresses_mean_a_proxy_that_is_not_trusted(address: str) -> None:
    assert kinds(Seen(addresses=[address] * 2)) == ["hidden_address"]
    assert kinds(Seen(addresses=[address, "192.0.2.1"])) == []


def test_only_the_trusted_proxy_itself_means_that_it_says_nothing() -> None:
    site = Site(key="acme-web", hosts=[], created_at=NOW, first_hit_at=NOW)
    (problem,) = decide_problems(site, Seen(addresses=["10.1.2.3"]), PROXIES, BASE, NOW)
    assert problem.title == "Your proxy 10.1.2.3 does not say which address a visitor has"


def test_a_script_nobody_fetched_is_not_in_the_page() -> None:
    assert kinds(Seen(), heard=False) == ["no_script"]
    assert kinds(Seen(fetched=["www.other.test"]), heard=False) == ["no_script"]


def test_a_script_that_was_fetched_may_be_stopped_by_the_page() -> None:
    assert kinds(Seen(fetched=["www.ours.test"]), heard=False) == ["no_hit"]


def test_a_refused_host_explains_the_silence_by_itself() -> None:
    assert kinds(Seen(refused=["www2.ours.test"]), heard=False) == ["refused_host"]


def test_a_new_site_is_given_time() -> None:
    site = Site(key="acme-web", hosts=[], created_at=NOW - timedelta(minutes=5))
    assert decide_problems(site, Seen(), (), BASE, NOW) == ()


@pytest.mark.parametrize(("agreed", "found"), [(0, ["no_consent"]), (1, [])])
def test_consent_that_nobody_ever_gives_is_told(agreed: int, found: list[str]) -> None:
    answers = [True] * agreed + [False] * (20 - agreed)
    assert kinds(Seen(addresses=["192.0.2.1"] * 20, agreed=answers)) == found


def test_few_visits_say_nothing_about_consent() -> None:
    assert kinds(Seen(addresses=["192.0.2.1"] * 19, agreed=[False] * 19)) == []


def test_a_wrong_key_explains_the_silence_by_itself() -> None:
    assert kinds(Seen(wrong_keys=[("acme-wbe", "www.ours.test")]), heard=False) == ["wrong_key"]


def note(database: Database, key: str, kind: str, host: str) -> None:
    with database.write() as session:
        save_notes(session, Counter({(key, kind, host): 3}), NOW)


def test_a_refused_host_can_be_allowed_by_a_button(as_admin: Browser, cast: Cast, database: Database) -> None:
    note(database, "acme-web", REFUSED_HOST, "www2.ours.test")
    page = as_admin.get(f"/sites/{cast.site.id}").text
    assert "Page views from www2.ours.test are refused" in page
    as_admin.post(f"/sites/{cast.site.id}/hosts", data={"host": "www2.ours.test"})
    with database.read() as db:
        assert db.get_one(Site, cast.site.id).hosts == ["www.ours.test", "www2.ours.test"]
    assert "are refused" not in as_admin.get(f"/sites/{cast.site.id}").text


def test_the_list_of_sites_says_which_one_needs_a_look(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    assert "Needs a look" not in as_admin.get("/sites").text
    note(database, "acme-web", REFUSED_HOST, "www2.ours.test")
    assert "Needs a look" in as_admin.get("/sites").text


def test_what_is_no_host_cannot_be_allowed(as_admin: Browser, cast: Cast) -> None:
    assert as_admin.post(f"/sites/{cast.site.id}/hosts", data={"host": "<script>"}).status_code == 400


def test_the_part_that_renews_itself_holds_the_button_too(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    note(database, "acme-web", REFUSED_HOST, "www2.ours.test")
    part = as_admin.get(f"/sites/{cast.site.id}/check", headers={"X-Fragment": "1"}).text
    assert 'name="csrf_token"' in part
    assert "Allow it" in part


def test_a_fetched_script_without_a_hit_is_told(as_admin: Browser, cast: Cast, database: Database) -> None:
    with database.write() as db:
        db.get_one(Site, cast.site.id).created_at = NOW - timedelta(hours=1)
    note(database, "", SCRIPT, "www.ours.test")
    page = as_admin.get(f"/sites/{cast.site.id}").text
    assert "A page of www.ours.test fetched the script, but no page view has come" in page
    assert f"connect-src must allow {BASE}" in page


def test_visits_from_inside_are_told(
    as_admin: Browser, cast: Cast, database: Database, settings: Settings
) -> None:
    put(settings.inbox_dir, make_envelope(make_hit(), address="172.17.0.1"))
    ingest_waiting(database, settings.inbox_dir, NOW)
    page = as_admin.get(f"/sites/{cast.site.id}").text
    assert "All visits seem to come from inside, such as 172.17.0.1" in page


UNKNOWN = ("", UNKNOWN_KEY, "acme-wbe www.ours.test")


def test_a_key_that_no_site_has_is_told_on_the_list_of_sites(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    assert "which no site has" not in as_admin.get("/sites").text
    note(database, *UNKNOWN)
    page = " ".join(re.sub("<[^>]+>", "", as_admin.get("/sites").text).split())
    assert "Pages of www.ours.test report with the key acme-wbe, which no site has" in page
    assert "3 times since" in page
    assert "Probably Our site is meant: its key is acme-web." in page


@pytest.mark.parametrize(
    ("detail", "text"),
    [
        ("acme-wbe www.elsewhere.test", "Probably Our site is meant"),
        ("zzzz www.elsewhere.test", "If the pages are yours"),
        ("zzzz ", "A server reports with the key zzzz"),
    ],
)
def test_which_site_is_meant_is_told_by_the_host_or_the_look_of_the_key(
    as_admin: Browser, cast: Cast, database: Database, detail: str, text: str
) -> None:
    note(database, "", UNKNOWN_KEY, detail)
    assert text in " ".join(re.sub("<[^>]+>", "", as_admin.get("/sites").text).split())


def test_a_flood_of_made_up_keys_does_not_hide_our_own_pages(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    with database.write() as session:
        save_notes(session, Counter({("", UNKNOWN_KEY, f"key-{n} evil.test"): 9 for n in range(40)}), NOW)
    note(database, *UNKNOWN)
    page = as_admin.get("/sites").text
    assert page.count("which no site has") == 5
    assert "acme-wbe" in page


@pytest.mark.parametrize("told", [UNKNOWN, ("other-site", REFUSED_HOST, "www.ours.test")])
def test_a_wrong_key_on_our_own_pages_is_told_with_the_right_one(
    as_admin: Browser, cast: Cast, database: Database, told: tuple[str, str, str]
) -> None:
    note(database, *told)
    page = as_admin.get(f"/sites/{cast.site.id}").text
    key = told[0] or "acme-wbe"
    assert f"Pages of www.ours.test report with the key {key}, which is not this site&#39;s" in page
    assert "data-site=&#34;acme-web&#34;" in page


def test_a_script_that_was_never_fetched_is_told_on_the_page(
    as_admin: Browser, cast: Cast, database: Database
) -> None:
    with database.write() as db:
        db.get_one(Site, cast.site.id).created_at = NOW - timedelta(hours=1)
    page = as_admin.get(f"/sites/{cast.site.id}").text
    assert "No page has fetched the script yet" in page
    assert f"script-src must allow {BASE}" in page


def test_consent_that_nobody_gives_is_told_on_the_page(
    as_admin: Browser, cast: Cast, database: Database, settings: Settings
) -> None:
    visits = [make_envelope(make_hit(), visitor="", address=f"198.51.100.{n}") for n in range(20)]
    put(settings.inbox_dir, *visits)
    ingest_waiting(database, settings.inbox_dir, NOW)
    page = as_admin.get(f"/sites/{cast.site.id}").text
    assert "None of the latest 20 visitors agreed to be recognised" in page
    assert "docs/snippet.md shows how" in page
