"""Facts as the rules get them, for tests that need no database: Acme reads the price list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from alerts.facts import CompanyFacts, ContactFacts, DealFacts, Facts, PageFacts, VisitFacts
from alerts.rules import RuleSpec, parse_rule

SEEN = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
PAGE = PageFacts(
    id=1,
    url="https://www.ours.test/pricing",
    path="/pricing",
    title="Our prices",
    group="pricing",
    seen_at=SEEN,
    received_at=SEEN,
)
VISIT = VisitFacts(id=1, site_id=1, visitor_id=1, started_at=SEEN, traffic_channel="Direct", kind="company")
ACME = CompanyFacts(
    id=12,
    name="Acme AB",
    domain="acme.test",
    confidence=0.92,
    country="SE",
    employees=250,
    stage="mql",
    owner_id=2,
    target_lists=("Ideal customers",),
    deals=(DealFacts(1, "Field service", "lost", 3),),
    owned_products=frozenset({"CRM"}),
)
ANNA = ContactFacts(id=7, email="anna@acme.test", name="Anna Ek", stage="mql", company_name="Acme AB")


def make_facts(**changes: Any) -> Facts:
    """Acme's facts; `page`, `visit` and `company` take a map of what is different, company=None is nobody."""
    page, visit, company = (changes.pop(key, {}) for key in ("page", "visit", "company"))
    return Facts(
        page=replace(PAGE, **page),
        visit=replace(VISIT, **visit),
        company=None if company is None else replace(ACME, **company),
        **changes,
    )


def make_rule(when: dict[str, Any] | None = None, **more: Any) -> RuleSpec:
    data = {"name": "A rule", "when": when or {}, "send": [{"channel": "sales"}]} | more
    spec = parse_rule(data, channels=["sales", "sms"])
    return replace(spec, id=5)
