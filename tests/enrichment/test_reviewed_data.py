"""The data that people keep by hand: what can be checked of it without the world."""

from __future__ import annotations

from datetime import date

from enrichment.classify import kind_words, known_organisations, organisation_key
from enrichment.companies import registered_domain
from enrichment.kinds import NEVER_NAMED, Kind
from enrichment.providers.reviewed import reviews
from enrichment.providers.routing_table import RoutingTable


def test_names_are_folded_as_they_are_looked_up() -> None:
    assert [name for name in known_organisations() if organisation_key(name) != name] == []


def test_every_domain_is_one_that_can_be_registered() -> None:
    rows = [*known_organisations().values(), *reviews().values()]
    assert [domain for row in rows for domain in row.domains if registered_domain(domain) != domain] == []


def test_only_organisations_have_domains() -> None:
    denied = {Kind.ISP, Kind.UNKNOWN, *NEVER_NAMED}
    assert [number for number, row in reviews().items() if row.kind in denied and row.domains] == []


def test_every_review_has_a_date_and_a_name() -> None:
    assert all(date.fromisoformat(row.reviewed) and row.organisation for row in reviews().values())


def test_the_reviewed_networks_of_the_north_are_many() -> None:
    assert len(reviews()) > 1_500


def test_providers_are_looked_for_before_companies() -> None:
    kinds = [kind for kind, _ in kind_words()]
    assert kinds.index(Kind.COMPANY) > max(kinds.index(Kind.ISP), kinds.index(Kind.HOSTING))


def test_the_embedded_table_is_of_a_known_day(routing: RoutingTable) -> None:
    assert date.fromisoformat(routing.data_date) >= date(2026, 9, 1)
