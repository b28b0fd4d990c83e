"""A look at a page: a real server has it, and what is wrong with the snippet there is told in words."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from tests.browser.recorder import Answer, Server
from tests.conftest import NOW, Cast
from tests.web.conftest import Browser
from tracker.db import Database
from tracker.models import Site
from tracker.outbound import Reply
from tracker.script import read_scripts
from tracker.settings import Settings
from web.page_check import guess_page
from web.page_findings import Look, Page, judge_page, make_integrity

BASE = "http://bell.acme.test"
TAG = f'<script defer src="{BASE}/s/v.js" data-site="acme-web"></script>'
SCRIPT = read_scripts()["v.js"]
INTEGRITY = f'integrity="{make_integrity(SCRIPT)}"'
HASHED = f"v.{SCRIPT.hash}.js"


@pytest.fixture
def database_kind() -> str:
    return "sqlite"


@pytest.fixture
def www() -> Iterator[Server]:
    """The customer's website."""
    server = Server()
    yield server
    server.close()


@pytest.fixture
def look(as_admin: Browser, cast: Cast, database: Database, www: Server) -> Callable[..., str]:
    """Checks a page of the site; the text of the section that says what was found."""
    with database.write() as session:
        session.get_one(Site, cast.site.id).hosts = ["127.0.0.1"]

    def ask(path: str = "/", status: int = 200) -> str:
        url = path if "://" in path else www.address(path)
        answer = as_admin.post(f"/sites/{cast.site.id}/look", data={"page": url})
        assert answer.status_code == status
        (section,) = re.findall(r'<section class="card" id="look">(.*?)</section>', answer.text, re.DOTALL)
        return " ".join(html.unescape(re.sub("<[^>]+>", " ", section)).split())

    return ask


def test_a_page_with_the_snippet_is_well(look: Callable[..., str], www: Server) -> None:
    www.put_page("/", f"<!doctype html><head>{TAG}</head>")
    text = look()
    assert "The snippet is on the page, with the key acme-web" in text
    assert www.received[0].headers["user-agent"] == "Doorbell"


def test_a_page_without_it_gets_the_line_to_put_on(look: Callable[..., str], www: Server) -> None:
    www.put_page("/", f"<!doctype html><!-- {TAG} --><script src='/s/vendor.js'></script>")
    text = look()
    assert "The snippet is not on the page" in text
    assert TAG in text


def test_a_tag_manager_may_add_it(look: Callable[..., str], www: Server) -> None:
    www.put_page("/", "<script>load('https://www.googletagmanager.com/gtm.js?id=GTM-ABC123')</script>")
    assert "What the page's tag manager adds cannot be seen from here" in look()


def test_where_page_views_come_something_else_may_add_it(
    look: Callable[..., str], www: Server, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        session.get_one(Site, cast.site.id).first_hit_at = NOW
    www.put_page("/", "<script src='/app.js'></script>")
    assert "your app may add it later" in look()


def judge(html: str, url: str = "http://127.0.0.1/", policy: str = "") -> str:
    """The findings on a page, without fetching it."""
    site = Site(key="acme-web", hosts=["127.0.0.1"], query_parameters=[])
    page = Page(url, Reply(200, {"content-security-policy": policy}, html))
    names = {"acme-web": "Our site", "other": "Other site"}
    findings = judge_page(page, Look(site, BASE, TAG, names, read_scripts()))
    return " ".join(f"{finding.title} {finding.advice} {finding.line}" for finding in findings)


@pytest.mark.parametrize(
    ("tag", "text"),
    [
        (TAG.replace("acme-web", "acme-wbe"), "The snippet has a key that no site has: acme-wbe"),
        (TAG.replace("acme-web", "other"), "The snippet has the key of Other site: other"),
        (TAG.replace(' data-site="acme-web"', ""), "The snippet has no key: data-site is missing"),
        (TAG.replace("bell.acme.test", "bell.test"), "http://bell.test/s/v.js, which is not this Doorbell"),
        (TAG.replace("/s/v.js", "/t/v.js"), "http://bell.acme.test/t/v.js, which is not this Doorbell"),
        (TAG.replace(BASE, "http://[::bad"), "which is not this Doorbell"),
        (TAG.replace("defer", 'integrity="sha384-AAAA" crossorigin'), "is not that of the script"),
        (TAG.replace("defer", INTEGRITY), "has integrity but not crossorigin"),
        (TAG.replace("defer", f"crossorigin {INTEGRITY}"), "will not after the next update"),
        (TAG.replace("defer", 'data-consent="required"'), "The snippet waits for consent"),
        (TAG.replace("v.js", HASHED).replace("defer", f"{INTEGRITY} crossorigin"), ""),
        (TAG + TAG.replace("acme-web", "other"), ""),
    ],
)
def test_what_is_wrong_with_the_tag_is_told(tag: str, text: str) -> None:
    told = judge(f"<html><head>{tag}</head></html>")
    assert text in told if text else told == ""


@pytest.mark.parametrize(
    ("policy", "text", "line"),
    [
        ("script-src 'self'", "does not let the script load", f"script-src 'self' {BASE}"),
        ("default-src a.test; script-src *", "does not let page views be", f"connect-src a.test {BASE}"),
    ],
)
def test_what_the_content_security_policy_forbids_is_told_with_the_line_to_write(
    policy: str, text: str, line: str
) -> None:
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">{TAG}'
    for told in (judge(TAG, policy=policy), judge(meta)):
        assert text in told
        assert line in told


def test_a_policy_in_the_headers_of_the_page_counts(look: Callable[..., str], www: Server) -> None:
    www.put_page("/", TAG, Content_Security_Policy="script-src 'self'")
    assert "does not let the script load Where the policy is set" in look()


def test_a_policy_that_only_reports_forbids_nothing(look: Callable[..., str], www: Server) -> None:
    www.put_page("/", TAG, Content_Security_Policy_Report_Only="default-src 'none'")
    assert "The snippet is on the page" in look()


def test_parameters_that_the_site_keeps_must_be_in_the_tag(
    look: Callable[..., str], www: Server, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        session.get_one(Site, cast.site.id).query_parameters = ["job", "city"]
    www.put_page("/", TAG.replace("defer", 'data-query="city"'))
    assert "leaves out query parameters that this site keeps: job" in look()


def test_redirects_within_the_site_are_followed(look: Callable[..., str], www: Server) -> None:
    www.pages["/"] = Answer(301, {"Location": "/en/"})
    www.put_page("/en/", TAG)
    assert "The snippet is on the page" in look()


def test_a_page_that_leads_to_another_host_is_told(look: Callable[..., str], www: Server) -> None:
    www.pages["/"] = Answer(302, {"Location": www.address("/", "localhost")})
    assert f"The page leads to localhost:{www.port}, which is none of this site's hosts" in look()
    assert len(www.received) == 1


def test_a_page_that_redirects_for_ever_is_told(look: Callable[..., str], www: Server) -> None:
    www.pages["/"] = Answer(302, {"Location": "/"})
    assert "the page redirects again and again" in look()
    assert len(www.received) == 4


@pytest.mark.parametrize(("status", "text"), [(404, "the page answered 404"), (503, "the page answered 503")])
def test_a_page_that_is_not_there_is_told(
    look: Callable[..., str], www: Server, status: int, text: str
) -> None:
    www.pages["/"] = Answer(status, body=b"no")
    assert text in look()


def test_a_server_that_is_not_there_is_told(look: Callable[..., str]) -> None:
    assert "127.0.0.1 cannot be reached" in look("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("", "Write the address of a page"),
        ("ftp://127.0.0.1/", "Write the address of a page"),
        ("http://www.elsewhere.test/", "www.elsewhere.test is none of this site's hosts: 127.0.0.1"),
        ("http://127.0.0.1@www.elsewhere.test/", "www.elsewhere.test is none of this site's hosts"),
    ],
)
def test_only_pages_of_the_site_are_looked_at(look: Callable[..., str], typed: str, text: str) -> None:
    assert text in look(typed if "://" in typed else f"{typed}://", status=422)


def test_a_script_through_the_sites_own_proxy_is_looked_for(look: Callable[..., str], www: Server) -> None:
    www.put_page("/", TAG.replace(BASE, ""))
    assert "it answered 404 Your web server must pass /s/ on to Doorbell" in look()
    www.pages["/s/v.js"] = Answer(200, {}, b"<!doctype html>")
    assert "something else came" in look()
    www.pages["/s/v.js"] = Answer(200, {}, SCRIPT.bodies["identity"])
    assert "The snippet is on the page" in look()


def test_an_address_inside_our_own_network_is_not_called(
    as_admin: Browser, cast: Cast, database: Database, www: Server, settings: Settings
) -> None:
    object.__setattr__(settings, "allow_private_outbound", False)
    with database.write() as session:
        session.get_one(Site, cast.site.id).hosts = []
    for url in ("http://127.0.0.1/", "http://169.254.169.254/", www.address()):
        page = as_admin.post(f"/sites/{cast.site.id}/look", data={"page": url}).text
        assert "The page could not be looked at" in page
    assert www.received == []


def test_a_seller_may_not_look(as_seller: Browser, cast: Cast) -> None:
    assert as_seller.post(f"/sites/{cast.site.id}/look", data={"page": "x"}).status_code == 403


def test_a_page_by_https_may_not_load_the_script_by_http() -> None:
    assert "which browsers refuse" in judge(TAG, url="https://127.0.0.1/")


@pytest.mark.parametrize(
    ("hosts", "page"),
    [
        (["*.acme.test", "www.acme.test"], "https://www.acme.test/"),
        (["localhost:3000"], "http://localhost:3000/"),
        (["*.acme.test"], ""),
        ([], ""),
    ],
)
def test_the_front_page_is_proposed(hosts: list[str], page: str) -> None:
    assert guess_page(Site(hosts=hosts, created_at=NOW - timedelta(days=1))) == page
