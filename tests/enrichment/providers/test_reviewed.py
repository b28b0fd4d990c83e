"""Reviews of AS numbers: found by number, and told with what they stand on."""

from __future__ import annotations

import pytest

from enrichment.kinds import Kind
from enrichment.providers.address import parse_address
from enrichment.providers.reviewed import DeniedNetworks, ReviewBook, ReviewedNetworks
from enrichment.providers.routing_table import RoutingTable

BOOK = ReviewBook(
    b"asn,kind,organisation,domains,country,reviewed,basis\n"
    b"10,isp,,,SE,2026-11-21,sells access\n"
    b'200,company,"Acme, Sons & Daughters",acme.test|acme.example,DK,2026-11-20,listed company\n'
    b"4200000000,government,K\xc3\xb8benhavns Kommune,kk.dk,DK,2026-11-21,public body\n"
)


@pytest.mark.parametrize("asn", [10, 200, 4_200_000_000])
def test_each_number_finds_its_own_review(asn: int) -> None:
    found = BOOK.find(asn)
    assert found is not None
    assert found.asn == asn


@pytest.mark.parametrize("asn", [0, 11, 4_294_967_295])
def test_numbers_before_between_and_after_find_none(asn: int) -> None:
    assert BOOK.find(asn) is None


def test_a_book_without_rows_finds_none() -> None:
    assert ReviewBook(b"asn,kind,organisation,domains,country,reviewed,basis\n").find(10) is None


def test_a_row_is_read_whole() -> None:
    found = BOOK.find(200)
    assert found is not None
    assert (found.kind, found.organisation, found.domains) == (
        Kind.COMPANY, "Acme, Sons & Daughters", ("acme.test", "acme.example"),
    )  # fmt: skip
    assert (found.country, found.reviewed, found.basis) == ("DK", "2026-11-20", "listed company")


def test_the_evidence_says_on_what_the_review_stands(routing: RoutingTable) -> None:
    row = ReviewedNetworks(routing).lookup(parse_address("148.2.71.144"))
    assert row is not None
    assert (row.organisation, row.country) == ("Saab AB", "SE")
    assert row.why == "the network is its own (AS197425), checked by hand: a company listed on an exchange"


def test_a_hoster_is_denied_and_never_named(routing: RoutingTable) -> None:
    address = parse_address("194.9.94.85")
    row = DeniedNetworks(routing).lookup(address)
    assert row is not None
    assert (row.kind, row.organisation, row.domains) == (Kind.HOSTING, "", ())
    assert row.why.endswith("checked by hand: hosting, it sells hosting or runs others' servers")
    assert ReviewedNetworks(routing).lookup(address) is None
