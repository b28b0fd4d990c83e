"""Which role a contact has in buying, from a title in six languages. Pure, but for its table."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import cache, lru_cache
from importlib.resources import files

_WORDS = re.compile(r"[^\w]+")
# A compound such as marknadschef or Einkaufsleiter: a function, at most this many joining letters, a lead.
_JOINT = 2
_TITLE, _FUNCTION, _LEAD, _NOT = "title", "function", "lead", "no"


class BuyingRole(StrEnum):
    """Roles of decision makers, in the order in which people are shown."""

    CEO = "ceo"
    CFO = "cfo"
    PURCHASING = "purchasing"
    IT = "it"
    MARKETING = "marketing"
    SALES = "sales"
    COO = "coo"
    HR = "hr"


LABELS = {
    BuyingRole.CEO: "CEO",
    BuyingRole.CFO: "Finance",
    BuyingRole.PURCHASING: "Purchasing",
    BuyingRole.IT: "IT",
    BuyingRole.MARKETING: "Marketing",
    BuyingRole.SALES: "Sales",
    BuyingRole.COO: "Operations",
    BuyingRole.HR: "HR",
}
_ORDER = {role: place for place, role in enumerate(BuyingRole)}
NO_ROLE = len(_ORDER)


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of the table, folded; `role` is None for words that go with every role."""

    role: BuyingRole | None
    words: str


@lru_cache(maxsize=10_000)
def buying_role(title: str) -> BuyingRole | None:
    """The role a title stands for; None for one that decides nothing, or that nothing is known of.

    A whole title decides ("VD", "Inköpare"); otherwise it takes a function and a lead ("Head of IT").
    """
    text = _fold(title)
    if not text or any(_holds(text, phrase.words) for phrase in _phrases(_NOT)):
        return None
    return _by_title(text) or _by_function(text)


def rank(title: str, source: str = "") -> tuple[int, int, int]:
    """Where a person stands in a list: decision makers first, a vendor's people after one's own."""
    role = buying_role(title)
    return (NO_ROLE if role is None else 0, 1 if source.startswith("vendor") else 0, _place(role))


def role_label(title: str) -> str:
    role = buying_role(title)
    return LABELS[role] if role else ""


def _place(role: BuyingRole | None) -> int:
    return NO_ROLE if role is None else _ORDER[role]


def _by_title(text: str) -> BuyingRole | None:
    """The longest title counts: a sales director is no director of everything."""
    found = [phrase for phrase in _phrases(_TITLE) if _holds(text, phrase.words)]
    best = max(found, key=lambda phrase: len(phrase.words), default=None)
    function = _by_function(text)
    if best is None or (function is not None and best.role is BuyingRole.CEO and not _is_all(text, best)):
        return function
    return best.role


def _is_all(text: str, phrase: Phrase) -> bool:
    """Whether what stands beside the title says nothing else: "CEO and founder", "CEO, Acme"."""
    return text.startswith(f" {phrase.words} ") and len(phrase.words) <= 3


def _by_function(text: str) -> BuyingRole | None:
    leads = [phrase.words for phrase in _phrases(_LEAD)]
    has_lead = any(_holds(text, lead) for lead in leads)
    for phrase in _phrases(_FUNCTION):
        if has_lead and _holds(text, phrase.words):
            return phrase.role
        if any(_is_compound(word, phrase.words, leads) for word in text.split()):
            return phrase.role
    return None


def _is_compound(word: str, function: str, leads: list[str]) -> bool:
    if not word.startswith(function):
        return False
    rest = word[len(function) :]
    return any(rest.endswith(lead) and len(rest) - len(lead) <= _JOINT for lead in leads)


def _holds(text: str, words: str) -> bool:
    return f" {words} " in text


def _fold(text: str) -> str:
    """Lower case, single spaces, one at each end."""
    plain = unicodedata.normalize("NFC", text).casefold()
    return f" {' '.join(_WORDS.sub(' ', plain).split())} " if plain.strip() else ""


@cache
def _phrases(use: str) -> tuple[Phrase, ...]:
    """The rows of `roles.csv` of one use, longer phrases first."""
    with (files("enrichment") / "data" / "roles.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["use"] == use]
    found = {
        Phrase(BuyingRole(row["role"]) if row["role"] else None, _fold(words).strip())
        for row in rows
        for words in row["words"].split("|")
    }
    return tuple(sorted(found, key=lambda phrase: (-len(phrase.words), phrase.words, _place(phrase.role))))
