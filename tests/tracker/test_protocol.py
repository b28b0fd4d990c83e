"""What becomes of a body: the table of docs/protocol.md, row by row."""

from __future__ import annotations

import gzip
import re
import zlib
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import NOW
from tests.tracker.trouble import ACCEPTED, HIT, REFUSED, TOO_LARGE, hit, report
from tracker.protocol import (
    MESSAGES,
    Arrival,
    ProtocolError,
    decide_time,
    parse_request,
    scrub_url,
    unpack,
)
from tracker.records import Envelope, Hit, decode_envelope, encode_envelope, from_micros, to_micros
from tracker.strict_json import BadJson, read_json

ARRIVAL = Arrival(received=NOW, address="192.0.2.1", user_agent="Browser/1")


def envelope_of(**changes: object) -> Envelope:
    return parse_request(report(**changes), ARRIVAL).envelope


def hit_of(**changes: object) -> Hit:
    (only,) = parse_request(report(c="y", b=[HIT | changes]), ARRIVAL).envelope.hits
    return only


def error_of(body: bytes) -> ProtocolError:
    with pytest.raises(ProtocolError) as caught:
        parse_request(body, ARRIVAL)
    return caught.value


def test_there_is_enough_trouble() -> None:
    assert len(set(REFUSED + TOO_LARGE + ACCEPTED)) >= 250


@pytest.mark.parametrize("body", REFUSED, ids=lambda body: repr(body[:60]))
def test_a_broken_body_is_refused_with_a_code(body: bytes) -> None:
    error = error_of(body)
    assert (error.status, error.code != "", error.message != "") == (400, True, True)


@pytest.mark.parametrize("body", ACCEPTED, ids=lambda body: repr(body[:60]))
def test_an_odd_body_is_accepted_and_survives_the_inbox(body: bytes) -> None:
    envelope = parse_request(body, ARRIVAL).envelope
    assert decode_envelope(encode_envelope(envelope)) == envelope


@pytest.mark.parametrize("body", ACCEPTED, ids=lambda body: repr(body[:60]))
def test_nothing_stored_holds_what_a_database_refuses(body: bytes) -> None:
    text = msgspec.json.encode(parse_request(body, ARRIVAL).envelope).decode()
    assert not re.search(r"\\u00[01]|[\x7f-\x9f\ud800-\udfff]", text)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"nonsense", "invalid_json"),
        (b"[1]", "not_an_object"),
        (b"[" * 30 + b"]" * 30, "too_deep"),
        (b'{"s":"acme-web","b":[1],"s":"acme-web"}', "invalid_json"),
        (b'{"b":[{}]}', "site_missing"),
        (report(s="!"), "site_invalid"),
        (report(s=5), "site_invalid"),
        (report(v=2), "version_unknown"),
        (report(b=[]), "hits_missing"),
        (report(b=[HIT] * 51), "hits_too_many"),
        (report(c="maybe"), "consent_invalid"),
        (report(c="y", i="X"), "visitor_invalid"),
        (report(at="x"), "sent_time_invalid"),
        (report(b=[5]), "all_refused"),
    ],
)
def test_a_refused_request_has_a_code_that_says_why(body: bytes, code: str) -> None:
    assert error_of(body).code == code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"n": ""}, "name_missing"),
        ({"n": 5}, "name_invalid"),
        ({"id": ""}, "id_missing"),
        ({"id": "x" * 65}, "id_invalid"),
        ({"t": "x"}, "time_invalid"),
        ({"k": 10_001}, "sequence_invalid"),
        ({"pv": "abc"}, "page_invalid"),
        ({"u": ""}, "url_missing"),
        ({"u": "javascript:1"}, "url_invalid"),
        ({"r": 1}, "referrer_invalid"),
        ({"ti": 1}, "title_invalid"),
        ({"p": {"x": []}}, "props_invalid"),
        ({"p": {str(n): 1 for n in range(31)}}, "props_too_many"),
        ({"f": {str(n): "" for n in range(21)}}, "form_too_many"),
        ({"e": -1}, "engaged_invalid"),
        ({"sd": 101}, "scroll_invalid"),
        ({"g": 1}, "group_invalid"),
    ],
)
def test_a_refused_hit_has_a_code_that_says_why(changes: dict[str, Any], code: str) -> None:
    (rejected,) = error_of(hit(**changes)).rejected
    assert (rejected.index, rejected.code) == (0, code)


def test_good_hits_are_kept_beside_refused_ones() -> None:
    accepted = parse_request(report(b=[{}, HIT, HIT | {"u": "x"}, HIT | {"id": "second"}]), ARRIVAL)
    assert [hit.id for hit in accepted.envelope.hits] == ["hit-0001", "second"]
    assert [(row.index, row.code) for row in accepted.rejected] == [(0, "name_missing"), (2, "url_invalid")]


def test_every_field_finds_its_place() -> None:
    full = HIT | {
        "t": 900, "k": 3, "pv": "abcd", "r": "https://search.test/?q=secret", "ti": "Pricing",
        "p": {"plan": "pro", "seats": 5, "share": 0.5, "yes": True}, "e": 1500, "sd": 80,
        "f": {"name": "Eva"}, "g": "group-1",
    }  # fmt: skip
    body = report(c="y", i="visitor-1", ss="session", uid="user", w=1200, z="sv-SE", wd=1, b=[full])
    envelope = parse_request(body, ARRIVAL).envelope
    received = to_micros(NOW)
    assert envelope == Envelope(
        site="acme-web", received=received, address="192.0.2.1", user_agent="Browser/1", consent="y",
        visitor="visitor-1", session="session", user_id="user", language="sv-SE", viewport=1200,
        webdriver=True,
        hits=[Hit(
            name="pageview", id="hit-0001", seen=received - 100_000, url="https://www.ours.test/pricing",
            referrer="https://search.test/", title="Pricing", page="abcd", sequence=3, client_time=900,
            props={"plan": "pro", "seats": 5, "share": 0.5, "yes": True}, engaged=1500, scroll=80,
            form={"name": "Eva"}, group="group-1",
        )],
    )  # fmt: skip


def test_without_consent_nothing_that_tells_visitors_apart_is_kept() -> None:
    envelope = envelope_of(c="n", i="visitor-1", ss="s", uid="u", b=[HIT | {"f": {"name": "Eva"}}])
    assert (envelope.visitor, envelope.session, envelope.user_id, envelope.hits[0].form) == ("", "", "", {})


def test_no_word_on_consent_means_no() -> None:
    assert parse_request(report(i="visitor-1").replace(b'"c": "n", ', b""), ARRIVAL).envelope.visitor == ""


def test_global_privacy_control_outweighs_consent() -> None:
    arrival = Arrival(received=NOW, address="", privacy_control=True)
    envelope = parse_request(report(c="y", i="visitor-1"), arrival).envelope
    assert (envelope.consent, envelope.visitor, envelope.privacy_signal) == ("n", "", True)


def test_a_do_not_track_that_counts_outweighs_consent() -> None:
    arrival = Arrival(received=NOW, address="", do_not_track=True)
    envelope = parse_request(report(c="y", i="visitor-1"), arrival).envelope
    assert (envelope.consent, envelope.visitor, envelope.privacy_signal) == ("n", "", True)


@pytest.mark.parametrize(
    ("key", "field", "limit"),
    [("n", "name", 64), ("ti", "title", 300), ("pv", "page", 16), ("g", "group", 255)],
)
def test_a_long_text_of_a_hit_is_cut(key: str, field: str, limit: int) -> None:
    assert getattr(hit_of(**{key: "x" * 1000}), field) == "x" * limit


@pytest.mark.parametrize(
    ("key", "field", "limit"), [("ss", "session", 32), ("uid", "user_id", 255), ("z", "language", 35)]
)
def test_a_long_text_of_the_envelope_is_cut(key: str, field: str, limit: int) -> None:
    assert getattr(envelope_of(c="y", **{key: "x" * 1000}), field) == "x" * limit


def test_props_and_form_fields_are_cut() -> None:
    cut = hit_of(p={"k" * 100: "v" * 600}, f={"name": "x" * 300})
    assert (cut.props, cut.form) == ({"k" * 64: "v" * 500}, {"name": "x" * 200})


def test_control_characters_are_removed_and_lone_surrogates_replaced() -> None:
    assert hit_of(ti="a\x00b\x1f\x7f\u0085c\ud83d").title == "abc\ufffd"


def test_a_surrogate_pair_is_one_character_as_ever() -> None:
    assert hit_of(ti="\U0001f600 \ud83d").title == "\U0001f600 \ufffd"


def test_a_user_agent_is_cleaned_and_cut() -> None:
    arrival = Arrival(received=NOW, address="", user_agent="a\x00" * 600)
    assert parse_request(report(), arrival).envelope.user_agent == "a" * 512


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://www.ours.test", "https://www.ours.test/"),
        ("https://www.ours.test/a?utm_source=x&token=secret&gclid=1", "https://www.ours.test/a?utm_source=x&gclid=1"),
        ("https://www.ours.test/a?UTM_SOURCE=x&&=&utm_=1", "https://www.ours.test/a"),
        ("https://www.ours.test/a?xutm_source=1&plan=pro&plans=2", "https://www.ours.test/a?plan=pro"),
        ("https://eva:pw@www.ours.test/a", "https://www.ours.test/a"),
        ("HTTP://WWW.Ours.test:80/A", "http://www.ours.test/A"),
        ("https://www.ours.test:8443/", "https://www.ours.test:8443/"),
        ("https://www.ours.test./", "https://www.ours.test/"),
        ("https://www.ours.test/#section", "https://www.ours.test/"),
        ("https://www.ours.test/#access_token=secret", "https://www.ours.test/"),
        ("https://www.ours.test/#/pricing?token=secret", "https://www.ours.test/#/pricing"),
        ("https://www.ours.test/#!/pricing", "https://www.ours.test/#!/pricing"),
        ("https://www.räksmörgås.test/", "https://www.xn--rksmrgs-5wao1o.test/"),
        ("https://[2001:DB8::1]:8080/", "https://[2001:db8::1]:8080/"),
        ("https://www.ours.test/a\nb\tc", "https://www.ours.test/abc"),
        (" \x1b https://www.ours.test/a \x1b?token=secret", "https://www.ours.test/a"),
    ],
)  # fmt: skip
def test_only_what_is_harmless_stays_of_an_address(url: str, kept: str) -> None:
    assert hit_of(u=url).url == kept


def test_a_site_may_name_further_query_parameters() -> None:
    accepted = parse_request(hit(u="https://a.test/?job=5&pw=1"), ARRIVAL, extra=frozenset({"job"}))
    assert accepted.envelope.hits[0].url == "https://a.test/?job=5"


def test_a_referrer_that_is_no_web_page_is_left_out() -> None:
    assert hit_of(r="android-app://com.google.android.gm/").referrer == ""


def test_an_action_needs_no_page() -> None:
    assert hit_of(n="signed up", u="").url == ""


RECEIVED = to_micros(NOW)
DAY = 86_400_000


@pytest.mark.parametrize(
    ("sent", "client", "age"),
    [
        (5_000, 3_000, timedelta(seconds=2)),
        (5_000, 5_000, timedelta(0)),
        (7 * DAY, 0, timedelta(days=7)),
        (7 * DAY + 1, 0, timedelta(0)),
        (3_000, 5_000, timedelta(0)),
        (None, 3_000, timedelta(0)),
        (5_000, None, timedelta(0)),
        (2**63 - 1, -(2**63), timedelta(0)),
        (10**15, 10**15 - 1_000, timedelta(seconds=1)),
    ],
)
def test_a_clients_clock_counts_only_for_how_long_ago(
    sent: int | None, client: int | None, age: timedelta
) -> None:
    assert from_micros(decide_time(RECEIVED, sent, client)) == NOW - age


PACKED = gzip.compress(b"{}")


def test_gzip_is_unpacked() -> None:
    assert unpack(gzip.compress(report()), "gzip") == report()


def test_a_gzip_bomb_is_stopped_at_ten_times_the_limit() -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack(gzip.compress(b"\0" * 60_000_000), "gzip")
    assert (caught.value.status, caught.value.code) == (413, "too_large")


def test_gzip_up_to_ten_times_the_limit_is_taken() -> None:
    assert len(unpack(gzip.compress(b" " * 655_360), "gzip")) == 655_360


@pytest.mark.parametrize(
    "packed",
    [b"", b"plain", PACKED[:-1], PACKED + b"x", PACKED * 2, zlib.compress(b"{}")],
    ids=["empty", "plain", "cut", "followed", "twice", "zlib"],
)
def test_what_is_no_gzip_is_refused(packed: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        unpack(packed, "gzip")
    assert (caught.value.status, caught.value.code) == (400, "invalid_gzip")


@pytest.mark.parametrize("encoding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_an_unknown_encoding_is_refused(encoding: str) -> None:
    with pytest.raises(ProtocolError, match="encoding_unknown"):
        unpack(b"{}", encoding)


@pytest.mark.parametrize("depth", [20, 21])
def test_twenty_levels_are_deep_enough(depth: int) -> None:
    body = b"[" * depth + b"]" * depth
    if depth == 20:
        read_json(body)
    else:
        with pytest.raises(BadJson, match="too_deep"):
            read_json(body)


def test_brackets_in_texts_are_no_levels() -> None:
    assert read_json(b'["' + b"[{" * 100 + b'"]') == ["[{" * 100]


def test_many_flat_objects_are_not_deep() -> None:
    assert len(read_json(b"[" + b"{}," * 100 + b"[]]")) == 101


def test_no_sentence_holds_anything_of_the_body() -> None:
    fixed = {*MESSAGES.values(), "A field has the wrong type or is out of range."}
    assert {error_of(body).message for body in REFUSED} <= fixed


def test_now_is_only_what_the_caller_says(now: datetime) -> None:
    assert envelope_of().received == to_micros(now)


def test_the_docs_name_every_code() -> None:
    text = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text()
    assert [code for code in MESSAGES if f"`{code}`" not in text] == []


# A busy machine may take its time; what is looked for is an error, not speed.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


@PATIENT
@given(st.binary(max_size=200))
def test_no_bytes_at_all_raise_anything_else(body: bytes) -> None:
    with pytest.raises(ProtocolError):
        parse_request(body, ARRIVAL)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
KEYS = st.sampled_from(["n", "id", "t", "k", "pv", "u", "r", "ti", "p", "e", "sd", "f", "g"])


@PATIENT
@given(st.dictionaries(KEYS, VALUES))
def test_any_value_in_any_field_is_refused_or_can_be_stored(changes: dict[str, Any]) -> None:
    try:
        envelope = parse_request(hit(**changes), ARRIVAL).envelope
    except ProtocolError:
        return
    assert decode_envelope(encode_envelope(envelope)) == envelope


@PATIENT
@given(st.text())
def test_a_scrubbed_address_is_scrubbed_for_good(url: str) -> None:
    once = scrub_url(f"https://{url}")
    assert scrub_url(once) == once
