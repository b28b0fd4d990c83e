"""The company has a deal in a certain state."""

from __future__ import annotations

from alerts import words
from alerts.conditions.base import Check, Condition, Part, any_of, labels, not_known, phrases, texts
from alerts.facts import Facts
from alerts.values import ChoicesKind
from enrichment.models import DealState

DEAL_KEYS = tuple(state.value for state in DealState)


def _deal(facts: Facts, value: tuple[str, ...]) -> Check:
    if facts.company is None:
        return not_known("neither are its deals")
    for deal in facts.company.deals:
        if deal.state in value:
            return Check(True, f"the deal {deal.name} is {deal.state}", True)
    return Check(False, f"{facts.company.name} has no deal that is {any_of(value, texts)}", True)


DEAL = Condition(
    key="deal",
    label={"en": "Deal", "sv": "Affär"},
    help="The company has a deal in this state.",
    kind=ChoicesKind("a state of a deal", DEAL_KEYS),
    choices=DEAL_KEYS,
    part=Part.SUBJECT,
    test=_deal,
    show=labels(words.DEAL_STATES),
    phrases=phrases(
        ("with {} deal", "it has {} deal"),
        ("med {} affär", "det har {} affär"),
    ),
)
