"""Each limit in the tables of docs/protocol.md: the last value that is taken as it is, and the next one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW
from tests.tracker.trouble import HIT, report
from tracker.clean import scrub_url
from tracker.protocol import Arrival, ProtocolError, parse_request
from tracker.records import Envelope, Hit

ARRIVAL = Arrival(received=NOW, address="192.0.2.1")
SCRIPT = Path(__file__).parents[2] / "js" / "src" / "address.ts"
LISTED = (
    "utm_source utm_x hsa_acc gclid gbraid wbraid dclid msclkid fbclid li_fat_id ttclid twclid mc_cid ref "
    "source plan product lang"
).split()
OTHERS = "pw q email token utm_ utm utm-x xref refs gclids clid bclid sclid sourced UTM_X Ref".split()


def read(**changes: Any) -> Envelope:
    return parse_request(report(**{"c": "y"} | changes), ARRIVAL).envelope


def read_hit(**changes: Any) -> Hit:
    return read(b=[HIT | changes]).hits[0]


def code_of(**changes: Any) -> str:
    """The code of the request, or of its one hit."""
    with pytest.raises(ProtocolError) as caught:
        parse_request(report(**{"c": "y"} | changes), ARRIVAL)
    return caught.value.rejected[0].code if caught.value.rejected else caught.value.code


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        *[("s", "site", "x" * length) for length in (4, 40)],
        *[("i", "visitor", "x" * length) for length in (8, 64)],
        ("ss", "session", "x" * 32),
        ("uid", "user_id", "x" * 255),
        ("z", "language", "x" * 35),
        *[("w", "viewport", width) for width in (0, 100_000)],
    ],
)
def test_a_request_may_use_its_limits(key: str, field: str, value: object) -> None:
    assert getattr(read(**{key: value}), field) == value


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        *[("s", key, "site_invalid") for key in ("abc", "x" * 41, "acme web", "åcme")],
        *[("i", text, "visitor_invalid") for text in ("x" * 7, "x" * 65, "Visitor-1", "visitor_1")],
        ("v", 0, "version_unknown"),
        ("v", "1", "version_invalid"),
        ("v", None, "version_invalid"),
        ("at", 1.5, "sent_time_invalid"),
        ("c", "Y", "consent_invalid"),
        ("c", True, "consent_invalid"),
        ("ss", 5, "session_invalid"),
        ("uid", 5, "user_id_invalid"),
        ("w", "1", "viewport_invalid"),
        ("z", 5, "language_invalid"),
        ("wd", "1", "webdriver_invalid"),
        ("b", {}, "hits_invalid"),
    ],
)
def test_a_request_beyond_them_is_refused(key: str, value: object, code: str) -> None:
    assert code_of(**{key: value}) == code


@pytest.mark.parametrize("width", [-1, 100_001])
def test_an_odd_width_is_left_out(width: int) -> None:
    assert read(w=width).viewport is None


def test_a_request_holds_fifty_hits() -> None:
    assert len(read(b=[HIT] * 50).hits) == 50


@pytest.mark.parametrize(
    ("key", "field", "value"),
    [
        ("n", "name", "x" * 64),
        ("id", "id", "x" * 64),
        *[("k", "sequence", place) for place in (0, 10_000)],
        *[("pv", "page", "x" * length) for length in (4, 16)],
        ("ti", "title", "x" * 300),
        *[("e", "engaged", millis) for millis in (0, 86_400_000)],
        *[("sd", "scroll", share) for share in (0, 100)],
        ("g", "group", "x" * 255),
        ("p", "props", {f"{at:064}": "x" * 500 for at in range(30)}),
        ("f", "form", {f"{at:0200}": "x" * 200 for at in range(20)}),
        *[(key, field, f"https://a.test/{'x' * 2033}") for key, field in (("u", "url"), ("r", "referrer"))],
    ],
)
def test_a_hit_may_use_its_limits(key: str, field: str, value: object) -> None:
    assert getattr(read_hit(**{key: value}), field) == value


@pytest.mark.parametrize(
    ("key", "value", "code"),
    [
        *[("k", place, "sequence_invalid") for place in (-1, 10_001, 1.5)],
        *[("e", millis, "engaged_invalid") for millis in (-1, 86_400_001)],
        *[("sd", share, "scroll_invalid") for share in (-1, 101, "5")],
        *[("p", {"x": odd}, "props_invalid") for odd in (None, [1], {}, 2**63)],
        ("f", {"x": 1}, "form_invalid"),
        ("id", 5, "id_invalid"),
    ],
)
def test_a_hit_beyond_them_is_refused(key: str, value: object, code: str) -> None:
    assert code_of(b=[HIT | {key: value}]) == code


@pytest.mark.parametrize("key", ["u", "r"])
def test_an_address_is_cut(key: str) -> None:
    hit = read_hit(**{key: f"https://a.test/{'x' * 5000}"})
    assert len(hit.url if key == "u" else hit.referrer) == 2048


def test_unknown_keys_are_passed_over() -> None:
    assert read(x=1, b=[HIT | {"y": [2]}]) == read()


@pytest.mark.parametrize("name", ["outbound", "download", "mailto", "tel"])
def test_a_followed_link_goes_without_its_query(name: str) -> None:
    props = {"url": "https://files.test/a.pdf?ticket=secret#page", "text": "a?b"}
    assert read_hit(n=name, p=props).props == {"url": "https://files.test/a.pdf", "text": "a?b"}


def test_what_a_page_reports_itself_stays_whole() -> None:
    assert read_hit(n="shared", p={"url": "https://a.test/?x=1"}).props == {"url": "https://a.test/?x=1"}


@pytest.mark.parametrize("name", LISTED + OTHERS)
def test_the_snippet_and_the_collector_let_the_same_parameters_through(name: str) -> None:
    listed = re.search(r"/\^(\(.*\))\$/", SCRIPT.read_text())
    assert listed
    by_script = re.fullmatch(listed[1], name, re.ASCII) is not None
    assert (scrub_url(f"https://a.test/?{name}=1") != "https://a.test/") is by_script is (name in LISTED)
