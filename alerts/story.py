"""The facts that an alert's messages are written from, kept on the alert as it was then."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

import msgspec

Headline = Literal["reading", "ideal", "back", "product"]


class PersonStory(msgspec.Struct, frozen=True, omit_defaults=True):
    """A person: linked to the visitor (with proof), or just known at the company (without)."""

    name: str
    role: str = ""
    proof: str = ""
    company: str = ""
    stage: str = ""


class CompanyStory(msgspec.Struct, frozen=True, omit_defaults=True):
    """The company; confidence in whole per cent."""

    id: int
    name: str
    confidence: int
    domain: str = ""
    stage: str = ""
    country: str = ""
    employees: int | None = None
    evidence: tuple[str, ...] = ()


class DealStory(msgspec.Struct, frozen=True, omit_defaults=True):
    name: str
    state: str
    amount: str = ""
    closed_at: datetime | None = None


class Story(msgspec.Struct, frozen=True, omit_defaults=True):
    """Who, what, why, who else, and the links."""

    headline: Headline
    rule: str
    reason: str
    page: str  # its human name
    path: str
    seen_at: datetime
    alert_url: str
    company_url: str = ""
    title: str = ""
    product: str = ""
    list_name: str = ""
    company: CompanyStory | None = None
    contact: PersonStory | None = None
    deal: DealStory | None = None
    pages: int = 1
    minutes: int = 0
    source: str = ""
    looked_at: tuple[str, ...] = ()
    visits: int = 1  # in 30 days, this one included
    last_visit: datetime | None = None
    first_visit: datetime | None = None
    people: tuple[PersonStory, ...] = ()
    owner_id: int | None = None
    owner: str = ""
    test: bool = False


class Recipient(msgspec.Struct, frozen=True):
    """Who reads a message and how: the user (None for a channel's own target), language, zone, why them.

    `sent_at` is when the message leaves; without it nothing is late.
    """

    user_id: int | None = None
    language: str = "en"
    time_zone: str = "UTC"
    why: str = ""
    possible_repeat: bool = False
    sent_at: datetime | None = None


def plain_story(story: Story) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(story)
    return plain


def read_story(plain: dict[str, Any]) -> Story:
    """Raises msgspec.ValidationError when the alert was written by another version of the program."""
    return msgspec.convert(plain, Story)
