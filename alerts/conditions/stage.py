"""The lifecycle stage of the company, or of a contact who is linked to the visitor."""

from __future__ import annotations

from alerts import words
from alerts.conditions.base import Check, Condition, Part, any_of, labels, phrases
from alerts.facts import Facts
from alerts.values import ChoicesKind
from enrichment.models import Stage

STAGE_KEYS = tuple(stage.value for stage in Stage)
_stages = labels(words.STAGES)


def _stage(facts: Facts, value: tuple[str, ...]) -> Check:
    by_company = _stage_of_company(facts, value)
    by_contact = _stage_of_contact(facts, value)
    # A company we are not sure of must not stand in the way of a person we know.
    if by_company.holds and by_contact.holds and facts.company and facts.company.confidence < 0.8:
        return by_contact
    return by_contact if by_contact.holds and not by_company.holds else by_company


def _stage_of_company(facts: Facts, value: tuple[str, ...]) -> Check:
    wanted = any_of(value, _stages)
    if facts.company is None:
        has = (
            f"{facts.contact.label} has {_stage_words(facts.contact.stage)}"
            if facts.contact
            else "no company"
        )
        return Check(False, f"{has}, the rule asks for {wanted}")
    if facts.company.stage in value:
        return Check(True, f"{facts.company.name} is at {_stage_words(facts.company.stage)}", True)
    has = f"{facts.company.name} has {_stage_words(facts.company.stage)}"
    return Check(False, f"{has}, the rule asks for {wanted}", True)


def _stage_of_contact(facts: Facts, value: tuple[str, ...]) -> Check:
    for contact in facts.contacts:
        if contact.stage in value:
            reason = f"{contact.label} ({contact.proof}) is at {_stage_words(contact.stage)}"
            return Check(True, reason, contact_id=contact.id)
    return Check(False, "no contact has such a stage")


def _stage_words(stage: str) -> str:
    return f"stage {words.say(words.STAGES[stage], 'en')}" if stage in words.STAGES else "no stage"


STAGE = Condition(
    key="stage",
    label={"en": "Lifecycle stage", "sv": "Livscykelstadium"},
    help="The stage of the company, or of a contact who is linked to the visitor.",
    kind=ChoicesKind("a lifecycle stage", STAGE_KEYS),
    choices=STAGE_KEYS,
    part=Part.SUBJECT,
    test=_stage,
    show=_stages,
    phrases=phrases(
        ("at stage {}", "it is at stage {}"),
        ("i stadiet {}", "det är i stadiet {}"),
    ),
)
