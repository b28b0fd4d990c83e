"""The registries: who is asked, what of their answers is believed, and when they are left alone."""

from __future__ import annotations

import ipaddress
import json
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from enrichment.kinds import Kind
from enrichment.vendors.base import Answer, AuthError, Found, NotFound, Retry
from enrichment.vendors.rdap import PAUSES, Rdap
from enrichment.vendors.rdap_answer import read_network
from enrichment.vendors.rdap_list import KEEP, RdapListError, pick_server, read_services
from tests.conftest import make_settings
from tests.fakes import registry, server
from tests.fakes.registry import ADDRESS, PERSON, FakeRegistry

IP = ipaddress.ip_address(ADDRESS)


@pytest.fixture
def far() -> Iterator[FakeRegistry]:
    with FakeRegistry() as fake:
        yield fake


@pytest.fixture
def rdap(far: FakeRegistry, tmp_path: Path) -> Rdap:
    PAUSES.until.clear()
    PAUSES.failures.clear()
    return Rdap(far.values, make_settings(tmp_path, "unused"))


def answer_to(far: FakeRegistry, rdap: Rdap, status: int, body: str = "{}", **headers: str) -> Answer:
    """The answer when the registry itself says this; IANA's list comes as ever."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    far.answers = [None, server.Answer(status, body, named)]
    return rdap.lookup(IP)


def seen(known: dict[str, Any], **more: Any) -> Answer:
    return read_network(known | more, IP)


def test_a_registry_names_the_customer_of_a_provider(rdap: Rdap) -> None:
    found = rdap.lookup(IP)
    assert isinstance(found, Found) and found.is_company
    assert (found.organisation, found.confidence) == ("Nordlund Industri AB", 0.6)
    assert (found.network, found.country) == ("2.248.35.152/29", "SE")


@pytest.mark.parametrize(
    ("known", "name"),
    [
        (registry.RIPE, "Nordlund Industri AB"),
        (registry.ARIN, "Nordlund Industries, Inc."),
        (registry.APNIC, "Nordlund Industries Pty Ltd"),
        (registry.LACNIC, "Nordlund de Mexico, S.A. de C.V."),
    ],
    ids=["ripe", "arin", "apnic", "lacnic"],
)
def test_each_registry_writes_the_name_elsewhere(known: dict[str, Any], name: str) -> None:
    found = seen(known)
    assert isinstance(found, Found) and found.organisation == name


@pytest.mark.parametrize(
    "known",
    [registry.RIPE, registry.ARIN, registry.APNIC, registry.LACNIC, registry.AFRINIC],
    ids=["ripe", "arin", "apnic", "lacnic", "afrinic"],
)
def test_names_of_persons_are_never_kept(known: dict[str, Any]) -> None:
    of_a_person = {"roles": ["registrant"], "vcardArray": registry.card(PERSON, "individual")}
    remarks = [{"title": "description", "description": [PERSON, "Box 12"]}]
    found = seen(known, entities=[of_a_person], remarks=remarks, name=PERSON)
    assert found == NotFound()


def test_a_handle_is_no_name() -> None:
    assert seen(registry.AFRINIC) == NotFound()


@pytest.mark.parametrize("kind", ["ALLOCATED PA", "DIRECT ALLOCATION", "REALLOCATION", ""])
def test_what_a_provider_got_to_hand_on_names_nobody(kind: str) -> None:
    assert seen(registry.RIPE, type=kind) == NotFound()


def test_a_wide_assignment_is_the_providers_own() -> None:
    assert seen(registry.RIPE, startAddress="2.248.0.0", endAddress="2.248.15.255") == NotFound()


def test_an_arin_block_without_a_parent_is_no_customers() -> None:
    assert seen(registry.ARIN, parentHandle="") == NotFound()


def test_a_private_customer_is_nobody() -> None:
    cards = [{"roles": ["registrant"], "vcardArray": registry.card("Private Customer - Corp", "org")}]
    assert seen(registry.ARIN, entities=cards) == NotFound()


def test_a_provider_is_not_named() -> None:
    found = seen(registry.RIPE, remarks=[{"description": ["Telia Company AB"]}])
    assert found == NotFound() or (isinstance(found, Found) and found.kind is Kind.ISP)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"startAddress": 1, "endAddress": []},
        {"startAddress": "2.248.35.159", "endAddress": "2.248.35.152", "type": "ASSIGNED PA"},
        {"startAddress": "2.0.0.0", "endAddress": "2a00::1", "type": "ASSIGNED PA"},
        registry.RIPE | {"remarks": [{"description": [None, {}]}, 7, None], "entities": "x"},
        registry.ARIN
        | {"entities": [{"roles": ["registrant"], "vcardArray": ["vcard", [[1], "x", ["fn"]]]}]},
        registry.RIPE | {"startAddress": "9.9.9.0", "endAddress": "9.9.9.255"},
    ],
)
def test_an_answer_of_another_shape_names_nobody(body: dict[str, Any]) -> None:
    assert read_network(body, IP) == NotFound()


def test_nobody_is_asked_before_the_terms_are_confirmed(far: FakeRegistry, tmp_path: Path) -> None:
    answer = Rdap({"url": far.url}, make_settings(tmp_path, "unused")).lookup(IP)
    assert isinstance(answer, AuthError)
    assert far.received == []


def test_the_list_of_registries_is_fetched_once(far: FakeRegistry, rdap: Rdap) -> None:
    rdap.lookup(IP)
    rdap.lookup(ipaddress.ip_address("2.248.35.153"))
    assert [one.path for one in far.received].count("/ipv4.json") == 1
    assert far.asked == [ADDRESS, "2.248.35.153"]


def test_an_old_list_is_used_while_a_newer_one_cannot_be_fetched(far: FakeRegistry, rdap: Rdap) -> None:
    rdap.lookup(IP)
    path = rdap.settings.data_dir / "rdap" / "ipv4.json"
    old = (datetime.now(UTC) - KEEP - timedelta(days=1)).timestamp()
    os.utime(path, (old, old))
    far.answers = [server.Answer(503)]
    assert isinstance(rdap.lookup(IP), Found)


def test_without_a_list_nothing_is_sent(far: FakeRegistry, rdap: Rdap) -> None:
    far.answers = [server.Answer(200, "<html>")]
    assert isinstance(rdap.lookup(IP), Retry)
    assert far.asked == []


def test_ipv6_is_asked_of_its_own_list(far: FakeRegistry, rdap: Rdap) -> None:
    rdap.lookup(ipaddress.ip_address("2a00:801::1"))
    assert far.asked == ["2a00:801::1"]


def test_an_address_of_no_registry_is_not_asked_about(far: FakeRegistry, rdap: Rdap) -> None:
    assert rdap.lookup(ipaddress.ip_address("3.3.3.3")) == NotFound()
    assert far.asked == []


def test_the_longest_network_of_the_list_counts() -> None:
    text = json.dumps(
        {
            "services": [
                [["2.0.0.0/8"], ["http://a.test/", "https://b.test/rdap"]],
                [["2.248.0.0/16"], ["https://c.test/"]],
            ]
        }
    )
    services = read_services(text)
    assert pick_server(services, IP) == "https://c.test/"
    assert pick_server(services, ipaddress.ip_address("2.1.1.1")) == "https://b.test/rdap/"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"services": 7}', '{"services": [[1]]}'])
def test_a_list_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(RdapListError):
        read_services(text)


def test_a_network_that_moved_to_another_registry_is_found_there(far: FakeRegistry, rdap: Rdap) -> None:
    found = answer_to(far, rdap, 302, "", Location=f"{far.url}/elsewhere/ip/{ADDRESS}")
    assert isinstance(found, Found)


def test_nothing_known_is_kept_as_such(far: FakeRegistry, rdap: Rdap) -> None:
    assert answer_to(far, rdap, 404) == NotFound()


def test_a_registry_that_wants_to_be_asked_less_is_left_alone(far: FakeRegistry, rdap: Rdap) -> None:
    answer = answer_to(far, rdap, 429, "", Retry_After="120")
    assert isinstance(answer, Retry) and answer.queued and answer.after == 120
    again = rdap.lookup(ipaddress.ip_address("2.248.35.153"))
    assert isinstance(again, Retry) and 0 < again.after <= 120
    assert far.asked == [ADDRESS]


def test_each_failure_makes_the_pause_longer_and_an_answer_ends_it(now: datetime) -> None:
    host = "longer.test"
    pauses = [PAUSES.note_trouble(host, 60, now) for _ in range(8)]
    assert pauses[:3] == [60, 120, 240] and pauses[-1] == 3600
    PAUSES.note_answer(host)
    assert PAUSES.seconds_left(host, now) == 0


@pytest.mark.parametrize("status", [401, 403, 500, 503])
def test_trouble_waits(far: FakeRegistry, rdap: Rdap, status: int) -> None:
    assert isinstance(answer_to(far, rdap, status), Retry)


@pytest.mark.parametrize("body", ["", "<html>", "[]", '"text"', "[" * 5000])
def test_garbage_waits(far: FakeRegistry, rdap: Rdap, body: str) -> None:
    assert isinstance(answer_to(far, rdap, 200, body), Retry)


def test_a_broken_connection_waits(far: FakeRegistry, rdap: Rdap) -> None:
    far.answers = [None, server.Answer(reset=True)]
    assert isinstance(rdap.lookup(IP), Retry)
