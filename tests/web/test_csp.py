"""What a Content-Security-Policy lets a page load, and the line that mends it."""

from __future__ import annotations

import pytest

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
