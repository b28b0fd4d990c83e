"""The data that people keep by hand: what can be checked of it without the world."""

from __future__ import annotations

from datetime import date

import pytest

from enrichment.classify import kind_words, known_organisations, organisation_key
from enrichment.domain_names import registered_domain
from enrichment.kinds import Kind
from enrichment.providers.reviewed import find_review
from enrichment.providers.routing_table import RoutingTable
from tools.check_reviews import FILE, find_faults, known_numbers, read_rows


def test_names_are_folded_as_they_are_looked_up() -> None:
    assert [name for name in known_organisations() if organisation_key(name) != name] == []


def test_every_domain_is_one_that_can_be_registered() -> None:
    rows = known_organisations().values()
    assert [domain for row in rows for domain in row.domains if registered_domain(domain) != domain] == []


def test_the_reviews_have_no_fault(routing: RoutingTable) -> None:
    assert list(find_faults(read_rows(FILE), known_numbers(routing.path))) == []


def test_the_reviewed_networks_of_the_north_are_many() -> None:
    north = {"SE", "NO", "DK", "FI", "IS", "FO", "GL", "AX"}
    assert sum(row["country"] in north for row in read_rows(FILE)) > 1_800


@pytest.mark.parametrize("asn", [224, 13167, 216025])
def test_a_review_is_found_by_its_number(asn: int) -> None:
    found = find_review(asn)
    assert found is not None
    assert found.asn == asn


@pytest.mark.parametrize("asn", [0, 64_512, 4_294_967_295])
def test_a_number_nobody_looked_at_has_no_review(asn: int) -> None:
    assert find_review(asn) is None


def test_providers_are_looked_for_before_companies() -> None:
    kinds = [kind for kind, _ in kind_words()]
    assert kinds.index(Kind.COMPANY) > max(kinds.index(Kind.ISP), kinds.index(Kind.HOSTING))


def test_the_embedded_table_is_of_a_known_day(routing: RoutingTable) -> None:
    assert date.fromisoformat(routing.data_date) >= date(2026, 9, 1)
