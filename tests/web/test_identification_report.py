"""The identification report: shares with their formula, sources beside each other, what nobody can name."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from enrichment.corrections import CONFIRMED
from enrichment.models import Company, Correction, Identification
from tests.conftest import NOW, Cast
from tests.web.conftest import Browser
from tracker.db import Database
from tracker.models import Visit, Visitor
from web.identification_figures import SourceLine, get_report, weigh_sources

PATH = "/reports/identification"


def says(
    source: str, kind: str = "company", name: str = "Acme AB", domain: str = "acme.test"
) -> dict[str, Any]:
    return {"source": source, "kind": kind, "weight": 0.8, "organisation": name, "domain": domain}


def line_of(evidence: list[dict[str, Any]], source: str) -> SourceLine:
    return next(line for line in weigh_sources([evidence]) if line.source == source)


def test_two_sources_that_name_the_same_agree() -> None:
    line = line_of([says("vendor"), says("routes", domain="")], "vendor")
    assert (line.spoke, line.named, line.agreed, line.contradicted) == (1, 1, 1, 0)


def test_two_sources_that_name_others_disagree() -> None:
    line = line_of([says("vendor"), says("routes", name="Globex", domain="globex.test")], "vendor")
    assert (line.agreed, line.contradicted) == (0, 1)


@pytest.mark.parametrize(
    ("judge", "right"),
    [
        (says("override"), (1, 0)),
        (says("proved contact"), (1, 0)),
        (says("override", kind="isp", name="", domain=""), (0, 1)),
        (says("override", name="Globex", domain="globex.test"), (0, 1)),
        (says("another vendor"), (0, 0)),
    ],
)
def test_a_correction_or_a_proof_says_who_was_right(judge: dict[str, Any], right: tuple[int, int]) -> None:
    line = line_of([judge, says("vendor")], "vendor")
    assert (line.right, line.wrong) == right


def test_a_source_that_claims_nothing_has_not_spoken() -> None:
    silent = {"source": "names", "kind": "unknown", "weight": 0.0}
    assert [line.source for line in weigh_sources([[silent, says("routes")]])] == ["routes"]


def add_visits(
    database: Database, cast: Cast, count: int, kind: str, company: int | None, **more: Any
) -> None:
    with database.write() as session:
        for number in range(count):
            at: datetime = more.get("at", NOW) - timedelta(minutes=number)
            visitor = Visitor(
                site_id=cast.site.id,
                key=f"{kind}{number}{more.get('network', '')}{at}",
                cookieless=False,
                first_seen_at=at,
                last_seen_at=at,
            )
            session.add(visitor)
            session.flush()
            visit = Visit(
                site_id=cast.site.id,
                visitor_id=visitor.id,
                started_at=at,
                ended_at=at,
                address="192.0.2.1",
                identified_at=at,
            )
            session.add(visit)
            session.flush()
            row = Identification(
                visit_id=visit.id,
                kind=kind,
                company_id=company,
                organisation=more.get("organisation", ""),
                network=more.get("network", ""),
                evidence=more.get("evidence", []),
                identified_at=at,
            )
            session.add(row)


@pytest.fixture
def traffic(database: Database, cast: Cast) -> None:
    """150 visits in the last week: 50 of companies, 70 of a provider, 30 of bots; and 5 long ago."""
    add_visits(database, cast, 50, "company", cast.acme.id, evidence=[says("routing table")])
    add_visits(database, cast, 70, "isp", None, network="198.51.100.0/24", organisation="Telia")
    add_visits(database, cast, 30, "bot", None, network="192.0.2.0/24")
    add_visits(database, cast, 5, "isp", None, network="203.0.113.0/24", at=NOW - timedelta(days=60))


@pytest.mark.usefixtures("traffic")
def test_the_share_leaves_bots_out(database: Database) -> None:
    with database.read() as session:
        report = get_report(session, 30, NOW.tzinfo, NOW)  # type: ignore[arg-type]
    assert (report.visits, report.left_out, report.counted, report.identified) == (150, 30, 120, 50)
    assert dict(report.kinds)["Internet providers"] == 70
    assert sum(count for _, count in report.per_day) == 50
    assert [(line.network, line.visits, line.visitors) for line in report.networks] == [
        ("198.51.100.0/24", 70, 70)
    ]


@pytest.mark.usefixtures("traffic")
def test_the_page_shows_the_share_with_its_formula(as_seller: Browser) -> None:
    text = as_seller.get(PATH).text
    assert "41% of visits identified" in text
    assert "50 visits with a company, of 120: 150 in 30 days without 30 of bots" in text
    assert "Routing table" in text and "198.51.100.0/24" in text and "Telia" in text


def test_too_few_visits_make_no_share(as_seller: Browser, database: Database, cast: Cast) -> None:
    add_visits(database, cast, 37, "company", cast.acme.id)
    text = as_seller.get(PATH).text
    assert "Needs 100 visits; has 37." in text
    assert "of visits identified" not in text


@pytest.mark.usefixtures("traffic")
def test_the_period_is_chosen(as_seller: Browser) -> None:
    assert "203.0.113.0/24" in as_seller.get(f"{PATH}?days=90").text
    assert "203.0.113.0/24" not in as_seller.get(f"{PATH}?days=7").text
    assert as_seller.get(f"{PATH}?days=forever").status_code == 200


def test_a_company_from_which_a_crowd_comes_may_be_a_provider(
    as_seller: Browser, database: Database, cast: Cast
) -> None:
    with database.write() as session:
        session.get_one(Company, cast.acme.id).stage = ""
    add_visits(database, cast, 200, "company", cast.acme.id)
    assert "may be providers" not in as_seller.get(PATH).text
    add_visits(database, cast, 1, "company", cast.acme.id, network="192.0.2.0/24")
    text = as_seller.get(PATH).text
    assert "Companies that may be providers" in text and "201 visitors" in text
    with database.write() as session:
        session.get_one(Company, cast.acme.id).stage = "customer"
    assert "may be providers" not in as_seller.get(PATH).text


def test_corrections_and_alerts_are_counted(as_seller: Browser, database: Database, cast: Cast) -> None:
    with database.write() as session:
        session.add(Correction(network="192.0.2.0/24", verdict="provider", made_by="bob", made_at=NOW))
        confirmed = {"verdict": "company", "note": f"{CONFIRMED}: their card"}
        session.add(Correction(network="192.0.3.0/24", **confirmed, made_by="bob", made_at=NOW))
    text = as_seller.get(PATH).text
    assert "<b>1</b> said to be right" in text and "wrong company" not in text
    assert "<b>1</b> a provider, no company" in text
    assert "No rule rang in this period" in text


def test_a_stranger_is_sent_to_sign_in(client: Browser) -> None:
    assert client.get(PATH).status_code == 302
