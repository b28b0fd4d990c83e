"""What a Content-Security-Policy lets a page load, and the line that mends it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from tests.browser.recorder import Answer, Server
from web.csp import CONNECT, SCRIPT, Load, find_missing, read_policies

BELL = "https://bell.acme.test/s/v.js"
PAGE = "https://www.acme.test/pricing"
HASH = "sha384-abc"


def missing(policy: str, kinds: tuple[str, ...] = SCRIPT, **load: str) -> str:
    return find_missing(read_policies([policy]), kinds, Load(**{"url": BELL, "page": PAGE} | load))


@pytest.mark.parametrize(
    "policy",
    [
        "",
        "img-src 'none'",
        "script-src *",
        "script-src http://*:*",
        "script-src https:",
        "SCRIPT-SRC HTTPS://BELL.acme.test",
        "script-src bell.acme.test",
        "script-src *.acme.test",
        "script-src http://bell.acme.test",
        "script-src https://bell.acme.test:443",
        "script-src https://bell.acme.test:*",
        "script-src https://bell.acme.test/s/",
        "script-src https://bell.acme.test/s/v.js",
        "script-src 'none'; script-src-elem bell.acme.test",
        "default-src 'none'; script-src bell.acme.test",
        "script-src bell.acme.test; script-src 'none'",
    ],
)
def test_a_script_is_let_through(policy: str) -> None:
    assert missing(policy) == ""


@pytest.mark.parametrize(
    ("policy", "line"),
    [
        ("script-src 'self'", "script-src 'self' https://bell.acme.test"),
        ("script-src 'none'", "script-src https://bell.acme.test"),
        ("default-src 'self' cdn.test", "script-src 'self' cdn.test https://bell.acme.test"),
        ("script-src *.bell.acme.test", "script-src *.bell.acme.test https://bell.acme.test"),
        ("script-src bell.acme.test:8443", "script-src bell.acme.test:8443 https://bell.acme.test"),
        ("script-src https://bell.acme.test/x/", "script-src https://bell.acme.test/x/ https://bell.acme.test"),
        ("script-src wss: data:", "script-src wss: data: https://bell.acme.test"),
        ("script-src *; script-src-elem 'self'", "script-src-elem 'self' https://bell.acme.test"),
        ("script-src *, script-src 'self'", "script-src 'self' https://bell.acme.test"),
        ("script-src 'strict-dynamic' *", "script-src 'strict-dynamic' * https://bell.acme.test"),
        ("script-src 'nonce-other'", "script-src 'nonce-other' https://bell.acme.test"),
    ],
)  # fmt: skip
def test_a_script_is_forbidden_and_the_line_that_mends_it_is_told(policy: str, line: str) -> None:
    assert missing(policy) == line
    if "strict-dynamic" not in line:
        assert missing(line) == ""


def test_a_nonce_or_the_hashes_let_the_script_through() -> None:
    assert missing("script-src 'strict-dynamic' 'nonce-x1'", nonce="x1") == ""
    assert missing(f"script-src '{HASH}'", integrity=HASH) == ""
    assert missing(f"script-src '{HASH}'", integrity=f"{HASH} sha384-other") != ""


def test_reports_have_a_rule_of_their_own() -> None:
    assert missing("script-src *", CONNECT) == ""
    assert missing("connect-src 'self'", CONNECT) == "connect-src 'self' https://bell.acme.test"
    assert missing("default-src 'self'", CONNECT) == "connect-src 'self' https://bell.acme.test"
    assert missing("connect-src 'nonce-x1'", CONNECT, nonce="x1") != ""


def test_self_is_the_page_own_host() -> None:
    assert missing("script-src 'self'", url="https://www.acme.test/s/v.js") == ""
    assert missing("script-src 'self'", url="https://www.acme.test:8443/s/v.js") != ""
    assert missing("script-src 'self'", url="https://www.acme.test/", page="http://www.acme.test/") == ""
    assert missing("script-src 'self'", url="http://www.acme.test/s/v.js") != ""


def test_on_a_page_without_tls_a_bare_host_lets_both_through() -> None:
    for url in (BELL, BELL.replace("https", "http")):
        assert missing("script-src bell.acme.test", url=url, page="http://www.acme.test/") == ""


BODY = b"window.loaded = true"
REAL_HASH = f"sha384-{base64.b64encode(hashlib.sha384(BODY).digest()).decode()}"
# `{port}` is that of the server that stands for Doorbell.
SOURCES = (
    *("*", "'none'", "'self'", "http:", "https:", "data:", "bell.acme.test", "bell.acme.test:{port}"),
    *("bell.acme.test:*", "*.acme.test:{port}", "*.bell.acme.test:*", "acme.test:*", "http://*", "*:*"),
    *("http://bell.acme.test:{port}", "HTTP://BELL.acme.test:{port}", "https://bell.acme.test:{port}"),
    *(
        "http://bell.acme.test:{port}/",
        "http://bell.acme.test:{port}/s/",
        "http://bell.acme.test:{port}/s/v.js",
    ),
    *("http://bell.acme.test:{port}/x", "'strict-dynamic' *", "'strict-dynamic' 'nonce-abc'", "'nonce-abc'"),
    *(f"'{REAL_HASH}'", "'self' www.ours.test", "bell.acme.test:80", "ws:"),
)


@pytest.fixture
def servers() -> Iterator[tuple[Server, Server]]:
    """A website, and Doorbell on another host."""
    both = Server(), Server()
    yield both
    for server in both:
        server.close()


def test_a_real_browser_agrees(page: Page, servers: tuple[Server, Server]) -> None:
    www, bell = servers
    src = bell.address("/s/v.js", "bell.acme.test")
    bell.pages["/s/v.js"] = Answer(
        200, {"Content-Type": "text/javascript", "Access-Control-Allow-Origin": "*"}, BODY
    )
    tag = f'<script src="{src}" crossorigin integrity="{REAL_HASH}" nonce="abc"></script>'
    ask = "src => fetch(src, {method: 'POST'}).then(() => true, () => false)"
    for source in SOURCES:
        policy = f"script-src {source.format(port=bell.port)}; connect-src {source.format(port=bell.port)}"
        www.put_page("/", tag, Content_Security_Policy=policy)
        url = www.address("/", "www.ours.test")
        page.goto(url)
        policies, load = read_policies([policy]), Load(src, url, "abc", REAL_HASH)
        assert page.evaluate("!!window.loaded") is (find_missing(policies, SCRIPT, load) == ""), policy
        assert page.evaluate(ask, src) is (find_missing(policies, CONNECT, load) == ""), policy
