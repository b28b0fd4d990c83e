"""The visitor's address: only a configured chain of proxies may say what it is."""

from __future__ import annotations

import ipaddress
from itertools import product

import pytest

from tracker.address import find_client_address, read_address
from tracker.settings import Network

VISITOR = "198.51.100.7"
FORGED = "203.0.113.66"


def networks(*texts: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(text) for text in texts)


PROXIES = networks("10.0.0.0/8", "2001:db8:aa::/48")


def test_without_configured_proxies_the_header_is_not_read() -> None:
    assert find_client_address(VISITOR, FORGED, ()) == VISITOR


def test_a_stranger_who_is_no_proxy_is_not_believed() -> None:
    assert find_client_address(VISITOR, FORGED, PROXIES) == VISITOR


def test_a_proxy_is_believed() -> None:
    assert find_client_address("10.0.0.1", VISITOR, PROXIES) == VISITOR


def test_two_proxies_are_believed() -> None:
    assert find_client_address("10.0.0.1", f"{VISITOR}, 10.9.9.9", PROXIES) == VISITOR


def test_what_the_visitor_wrote_before_the_proxys_entry_is_not_read() -> None:
    assert find_client_address("10.0.0.1", f"{FORGED}, 10.0.0.5, {VISITOR}, 10.9.9.9", PROXIES) == VISITOR


def test_a_chain_of_nothing_but_proxies_begins_at_its_first() -> None:
    assert find_client_address("10.0.0.1", "10.0.0.3, 10.0.0.2", PROXIES) == "10.0.0.3"


@pytest.mark.parametrize(
    "forwarded", ["", " ", ",", "unknown", "_hidden", "999.1.1.1", "::ffff:999.0.0.1", "\x00"]
)
def test_a_proxy_that_names_nobody_stands_for_itself(forwarded: str) -> None:
    assert find_client_address("10.0.0.1", forwarded, PROXIES) == "10.0.0.1"


def test_garbage_ends_the_reading() -> None:
    assert find_client_address("10.0.0.1", f"{FORGED}, garbage, 10.0.0.2", PROXIES) == "10.0.0.2"


def test_a_very_long_chain_is_read_only_so_far() -> None:
    assert (
        find_client_address("10.0.0.1", f"{FORGED}, " + ", ".join(["10.0.0.2"] * 5000), PROXIES) == "10.0.0.2"
    )


@pytest.mark.parametrize("peer", ["", "unix:", "@", "localhost"])
def test_an_unknown_peer_has_no_address_whatever_it_says(peer: str) -> None:
    assert find_client_address(peer, FORGED, PROXIES) == ""


def test_a_mapped_proxy_is_the_same_proxy() -> None:
    assert find_client_address("::ffff:10.0.0.1", f"::ffff:{VISITOR}", PROXIES) == VISITOR


def test_no_network_of_the_other_version_swallows_an_address() -> None:
    assert find_client_address("::1", VISITOR, networks("0.0.0.0/0")) == "::1"


SPELLINGS = [
    ("198.51.100.7", "198.51.100.7"),
    ("198.51.100.7:443", "198.51.100.7"),
    (" 198.51.100.7\t", "198.51.100.7"),
    ("[198.51.100.7]", "198.51.100.7"),
    ("::ffff:198.51.100.7", "198.51.100.7"),
    ("[::ffff:198.51.100.7]:80", "198.51.100.7"),
    ("::ffff:c633:6407", "198.51.100.7"),
    ("2001:db8::1", "2001:db8::1"),
    ("2001:DB8:0:0::1", "2001:db8::1"),
    ("[2001:db8::1]", "2001:db8::1"),
    ("[2001:db8::1]:8080", "2001:db8::1"),
    ("fe80::1%eth0", "fe80::1"),
]
GARBAGE = [
    "", " ", "-", "unknown", "198.51.100", "198.51.100.7.9", "198.51.100.256", "198.51.100.7:",
    "198.51.100.7:x", "\x00",
    "198.51.100.7:999999", "0x7f.0.0.1", "198.051.100.7", "2130706433", "[2001:db8::1", "2001:db8::1]:80",
    "[2001:db8::1]x", "2001:db8::1::2", "[]", "for=198.51.100.7", '"198.51.100.7"', "198.51.100.7 evil",
    "198.51.100.7\r\n", "\u0661.1.1.1", "localhost", "198.51.100.7/24", "<script>", "' OR 1=1",
]  # fmt: skip


@pytest.mark.parametrize(("text", "address"), SPELLINGS)
def test_every_usual_spelling_is_one_address(text: str, address: str) -> None:
    assert str(read_address(text)) == address


@pytest.mark.parametrize("text", GARBAGE)
def test_garbage_is_no_address(text: str) -> None:
    assert read_address(text) is None


HOPS = [spelling for spelling, _ in SPELLINGS] + GARBAGE


@pytest.mark.parametrize(("left", "right"), list(product(["", FORGED, "garbage", "10.0.0.9"], HOPS)))
def test_whatever_stands_left_of_the_proxys_own_entry_changes_nothing(left: str, right: str) -> None:
    entry = read_address(right)
    expected = str(entry) if entry else "10.0.0.1"
    assert find_client_address("10.0.0.1", f"{left}, {right}", PROXIES) == expected
