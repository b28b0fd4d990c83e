"""Segment's messages as envelopes: types, visitors, addresses, limits."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import NOW
from tracker.answers import Refusal
from tracker.protocol import Arrival, ProtocolError
from tracker.records import Envelope, Hit, to_micros
from tracker.segment import MESSAGES, Sender, Taken, read_batch, take_batch
from tracker.segment_messages import TYPES, add_campaign, flatten, read_message, read_time
from tracker.segment_routes import ROUTES, read_basic_user
from tracker.signature import sign_call, sign_email
from tracker.sites import SiteFacts

ARRIVAL = Arrival(NOW, "192.0.2.1", "Browser/1")
UUID = "0f1e2d3c-1111-4222-8333-444455556666"
PAGE = {"url": "https://www.ours.test/pricing", "referrer": "https://www.google.com/", "title": "Pricing"}
DOCS = Path(__file__).parents[2] / "docs" / "segment.md"


def message(kind: str = "track", **more: Any) -> dict[str, Any]:
    return {"type": kind, "messageId": "m-1", "anonymousId": UUID, "event": "Signed up"} | more


def take(
    *messages: object, vouched: bool = False, consent: bool = False, arrival: Arrival = ARRIVAL, **outer: Any
) -> Taken:
    body = json.dumps({"batch": messages} | outer).encode()
    site = SiteFacts(1, "acme-web", sender_consent=consent, secret="hush")
    return take_batch(read_batch(body, ""), Sender(site, arrival, vouched))


def envelope_of(*messages: object, **how: Any) -> Envelope:
    (envelope,) = take(*messages, **how).envelopes
    return envelope


def hit_of(value: object, **how: Any) -> Hit:
    (hit,) = envelope_of(value, **how).hits
    return hit


def refusal(*messages: object, **how: Any) -> tuple[int, str]:
    with pytest.raises(ProtocolError) as caught:
        take(*messages, **how)
    return caught.value.status, caught.value.code


def test_track_becomes_an_action() -> None:
    hit = hit_of(message(properties={"plan": "pro", "n": 3, "in": {"a": True}, "list": [1], "no": None}))
    assert (hit.name, hit.id) == ("Signed up", "m-1")
    assert hit.props == {"plan": "pro", "n": 3, "in.a": True}


@pytest.mark.parametrize("name", ["pageview", "identify", "engagement", "group", "alias", "consent"])
def test_a_tracked_event_cannot_pass_for_another_hit(name: str) -> None:
    assert hit_of(message(event=name)).name == f"track {name}"


def test_page_becomes_a_page_view() -> None:
    hit = hit_of(message("page", context={"page": PAGE | {"url": PAGE["url"] + "?token=x&plan=pro"}}))
    assert (hit.name, hit.title) == ("pageview", "Pricing")
    assert (hit.url, hit.referrer) == ("https://www.ours.test/pricing?plan=pro", "https://www.google.com/")


def test_the_properties_of_a_page_outweigh_its_context() -> None:
    hit = hit_of(message("page", properties={"url": "https://www.ours.test/a"}, context={"page": PAGE}))
    assert hit.url == "https://www.ours.test/a"


def test_the_campaign_of_a_page_counts() -> None:
    campaign = {"name": "Spring", "source": "news", "medium": "email"}
    hit = hit_of(message("page", context={"page": PAGE, "campaign": campaign}))
    assert hit.url == f"{PAGE['url']}?utm_campaign=Spring&utm_source=news&utm_medium=email"


def test_a_campaign_in_the_address_stays() -> None:
    told = read_message(message(context={"campaign": {"source": "other"}}), "")
    assert add_campaign("https://x.test/?utm_source=a", told) == "https://x.test/?utm_source=a"


def test_screen_becomes_a_page_view_with_an_address_of_its_own() -> None:
    hit = hit_of(message("screen", name="Price list"))
    assert (hit.name, hit.url) == ("pageview", "https://app.invalid/screen/Price%20list")


def test_group_keeps_its_id() -> None:
    hit = hit_of(message("group", groupId=7, traits={"name": "Acme"}))
    assert (hit.name, hit.group, hit.props) == ("group", "7", {"name": "Acme"})


def test_identify_of_a_server_is_signed_with_the_sites_secret() -> None:
    traits = {"email": "ann@acme.test", "firstName": "Ann", "lastName": "Lee", "title": "CTO", "sig": "x"}
    props = hit_of(message("identify", traits=traits), vouched=True).props
    ts = int(NOW.timestamp())
    assert (props["ts"], props["sig"]) == (ts, sign_email("hush", "ann@acme.test", ts))
    assert (props["name"], props["role"]) == ("Ann Lee", "CTO")


def test_identify_of_a_browser_is_not_signed() -> None:
    assert "sig" not in hit_of(message("identify", traits={"email": "ann@acme.test"})).props


def test_an_empty_trait_does_not_hide_the_one_that_stands_in_for_it() -> None:
    traits = {"email": "ann@acme.test", "name": "", "firstName": "Ann", "role": "", "title": "CTO"}
    props = hit_of(message("identify", traits=traits)).props
    assert (props["name"], props["role"]) == ("Ann", "CTO")
    group = message("group", groupId=7, traits={"domain": "", "website": "acme.test"})
    assert hit_of(group).props["domain"] == "acme.test"


def test_a_number_for_a_name_does_not_take_the_domain_with_it() -> None:
    traits = {"name": 1177, "domain": "acme.test"}
    props = hit_of(message("group", groupId=7, traits=traits), vouched=True).props
    assert props == {"domain": "acme.test", "sig": sign_call("hush", "group", "", "acme.test")}


def test_a_server_may_give_the_visitors_address_and_agent() -> None:
    context = {"ip": "198.51.100.7", "userAgent": "Firefox", "locale": "sv-SE"}
    envelope = envelope_of(message(context=context), vouched=True)
    assert (envelope.address, envelope.user_agent, envelope.language) == ("198.51.100.7", "Firefox", "sv-SE")


def test_a_browser_may_not_give_an_address() -> None:
    assert envelope_of(message(context={"ip": "198.51.100.7"})).address == "192.0.2.1"


@pytest.mark.parametrize("ip", ["", None, "nonsense"])
def test_a_servers_own_address_is_never_a_visitors(ip: str | None) -> None:
    assert envelope_of(message(context={"ip": ip}), vouched=True).address == ""


def test_without_the_sites_word_no_id_is_kept() -> None:
    envelope = envelope_of(message(userId="eva"), vouched=True)
    assert (envelope.consent, envelope.visitor, envelope.user_id) == ("n", "", "")
    assert b"eva" not in repr(envelope).encode()


def test_where_senders_ask_the_anonymous_id_is_the_visitor() -> None:
    envelope = envelope_of(message(userId="eva"), consent=True)
    assert (envelope.consent, envelope.visitor, envelope.user_id) == ("y", UUID, "eva")


def test_an_odd_anonymous_id_becomes_one_that_fits() -> None:
    visitor = envelope_of(message(anonymousId="Ünlike us!"), consent=True).visitor
    assert visitor.startswith("a-")
    assert len(visitor) == 42


def test_only_a_server_makes_a_visitor_of_a_user_id() -> None:
    alone = message(userId="eva", anonymousId=None)
    assert envelope_of(alone, consent=True).visitor == ""
    assert envelope_of(alone, consent=True, vouched=True).visitor.startswith("u_")


def test_a_message_that_says_no_outweighs_the_site() -> None:
    no = {"consent": {"categoryPreferences": {"analytics": False}}}
    yes = {"consent": {"categoryPreferences": {"analytics": True, "ads": False}}}
    assert envelope_of(message(context=no), consent=True).visitor == ""
    assert envelope_of(message(context=yes), consent=True).visitor == UUID


@pytest.mark.parametrize("signal", ["privacy_control", "do_not_track"])
def test_the_browsers_privacy_signal_outweighs_the_site(signal: str) -> None:
    arrival = Arrival(NOW, "192.0.2.1", **{signal: True})
    assert envelope_of(message(), consent=True, arrival=arrival).visitor == ""


def test_a_batch_becomes_one_envelope_for_each_visitor() -> None:
    ids = ["visitor-1", "visitor-2", "visitor-1"]
    batch = [message(anonymousId=who, messageId=f"m-{at}") for at, who in enumerate(ids)]
    taken = take(*batch, consent=True, vouched=True)
    assert [[hit.id for hit in envelope.hits] for envelope in taken.envelopes] == [["m-0", "m-2"], ["m-1"]]


def test_messages_without_address_and_id_are_not_thrown_together() -> None:
    taken = take(message(messageId="a"), message(messageId="b"), vouched=True)
    assert [envelope.apart for envelope in taken.envelopes] == ["a", "b"]


def test_a_wrong_clock_is_put_right() -> None:
    hit = hit_of(message(timestamp="2001-01-01T00:00:00.000Z"), sentAt="2001-01-01T00:00:10.000Z")
    assert hit.seen == to_micros(NOW) - 10_000_000


@pytest.mark.parametrize(
    ("text", "millis"),
    [
        ("1970-01-01T00:00:01.500Z", 1_500),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:01", 1_000),
        ("soon", None),
        ("0001-01-01T00:00:00+14:00", -62_135_647_200_000),
        (None, None),
    ],
)
def test_times_are_read(text: str | None, millis: int | None) -> None:
    assert read_time(text) == millis


def test_a_message_without_an_id_gets_one_that_is_the_same_when_it_is_sent_again() -> None:
    one, two = message(messageId=None), message(messageId=None, event="Other")
    assert hit_of(one).id == hit_of(one).id != hit_of(two).id
    assert len(hit_of(message(messageId="x" * 100)).id) == 64
    assert len(hit_of(message(messageId=None, properties={"n": 2**70})).id) == 64


def test_a_partly_good_batch_says_which_are_not() -> None:
    taken = take(message(), message(anonymousId=None), 7, message("walk"), message("page"), vouched=True)
    assert len(taken.envelopes) == 1
    codes = ["no_user_anon_id", "message_invalid", "type_unknown", "url_missing"]
    assert [(row.index, row.code) for row in taken.rejected] == list(enumerate(codes, 1))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (message(anonymousId=None), "no_user_anon_id"),
        (message(event=""), "event_missing"),
        (message("group"), "group_missing"),
        (message("screen"), "name_missing"),
        (message("page", properties={"url": "ftp://x"}), "url_invalid"),
        (
            message("page", properties={"url": "http://[x"}, context={"campaign": {"source": "a"}}),
            "url_invalid",
        ),
        (message(properties={"text": "x" * 32_768}), "message_too_large"),
    ],
)
def test_a_wholly_refused_batch_names_the_reason(value: object, code: str) -> None:
    assert refusal(value) == (400, code)


def test_a_batch_holds_at_most_2500_messages() -> None:
    assert len(take(*[message(messageId=str(at)) for at in range(2_500)]).envelopes[0].hits) == 2_500
    assert refusal(*[message()] * 2_501) == (413, "batch_too_long")


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"batch":[]}', b'{"batch":7}'])
def test_a_body_without_messages_is_refused(body: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        read_batch(body, "")
    assert caught.value.status == 400


def test_a_flattened_object_is_bounded() -> None:
    props = flatten({str(at): 2**70 for at in range(100)})
    assert len(props) == 30
    assert props["0"] == str(2**70)


@pytest.mark.parametrize("header", ["", "Bearer x", "Basic !!", "Basic /w==", "Basic \xe9", "Basic"])
def test_an_odd_authorization_names_no_key(header: str) -> None:
    assert read_basic_user(header) == ""


def test_every_type_has_its_route_and_every_route_its_type() -> None:
    assert set(ROUTES.values()) - {""} == set(TYPES)


def test_the_docs_name_every_code_and_route() -> None:
    text = DOCS.read_text()
    own = ("key_missing", "key_unknown", "secret_in_browser")
    assert [code for code in (*MESSAGES, *own) if f"`{code}`" not in text] == []
    assert [route for route in ROUTES if f"`{route}`" not in text] == []
    assert all(Refusal(401, code).message for code in own)
