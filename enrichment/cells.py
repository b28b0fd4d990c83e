"""What one cell of an import may say, and what is wrong with it otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache
from typing import Any

from babel import Locale

from enrichment.contacts import normal_email
from enrichment.domain_names import is_free_mail, registered_domain
from enrichment.lifecycle import STAGES, is_stage
from enrichment.models import DealState

_SPACES = re.compile(r"\s")
_MONEY = re.compile(r"[0-9]{1,12}([.,][0-9]{1,2})?")
# CLDR lists these beside the countries: unions, test codes, unknown.
_NO_COUNTRIES = frozenset({"EU", "EZ", "UN", "QO", "XA", "XB", "ZZ"})


class CellError(ValueError):
    """A cell says something its field cannot hold; the message says what would be right."""


@dataclass(frozen=True, slots=True)
class Known:
    """What cells may refer to: users by e-mail, products by folded name."""

    users: Mapping[str, int]
    products: Mapping[str, tuple[str, int]]


Reader = Callable[[str, Known], Any]


def _shown(text: str) -> str:
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def read_text(limit: int) -> Reader:
    """A reader of text of at most `limit` characters."""

    def read(text: str, known: Known) -> str:
        if len(text) > limit:
            raise CellError(f"{_shown(text)} has {len(text)} characters; at most {limit} fit")
        return text

    return read


def read_domain(text: str, known: Known) -> str:
    domain = registered_domain(text)
    if domain is None or len(domain) > 253:
        raise CellError(f"{_shown(text)} is not a domain; write one such as acme.com")
    return domain


def read_company_domain(text: str, known: Known) -> str:
    domain = read_domain(text, known)
    if is_free_mail(domain):
        raise CellError(f"{domain} gives mailboxes to anybody; write the company's own domain")
    return domain


def read_email(text: str, known: Known) -> str:
    email = normal_email(text)
    if email is None:
        raise CellError(f"{_shown(text)} is not an e-mail address; write one such as eva@acme.com")
    return email


def read_owner(text: str, known: Known) -> str:
    email = read_email(text, known)
    if email not in known.users:
        raise CellError(f"no user has the address {_shown(email)}; add the user first, or leave it empty")
    return email


@cache
def _countries() -> frozenset[str]:
    codes = [str(code) for code in Locale("en").territories]
    return frozenset(code for code in codes if len(code) == 2 and code.isalpha()) - _NO_COUNTRIES


def read_country(text: str, known: Known) -> str:
    if text.upper() not in _countries():
        raise CellError(f"{_shown(text)} is not a country; write its two letters of ISO 3166, such as SE")
    return text.upper()


@cache
def _currencies() -> frozenset[str]:
    return frozenset(Locale("en").currencies)


def read_currency(text: str, known: Known) -> str:
    if text.upper() not in _currencies():
        raise CellError(f"{_shown(text)} is not a currency; write its three letters of ISO 4217, such as SEK")
    return text.upper()


def read_whole(limit: int) -> Reader:
    """A reader of a whole number from 0 to `limit`; spaces may group its digits."""

    def read(text: str, known: Known) -> int:
        digits = _SPACES.sub("", text)
        if not (digits.isascii() and digits.isdigit() and len(digits) <= 20) or int(digits) > limit:
            raise CellError(f"{_shown(text)} is not a whole number from 0 to {limit}; write only digits")
        return int(digits)

    return read


def read_money(text: str, known: Known) -> Decimal:
    digits = _SPACES.sub("", text)
    if _MONEY.fullmatch(digits) is None:
        raise CellError(
            f"{_shown(text)} is not an amount; write digits with at most two decimals, such as 12500.50"
        )
    return Decimal(digits.replace(",", "."))


def read_stage(text: str, known: Known) -> str:
    if not is_stage(text.lower()):
        raise CellError(f"{_shown(text)} is not a stage; choose one of {', '.join(STAGES)}")
    return text.lower()


def read_state(text: str, known: Known) -> str:
    states = [state.value for state in DealState]
    if text.lower() not in states:
        raise CellError(f"{_shown(text)} is not a deal's state; choose one of {', '.join(states)}")
    return text.lower()


def read_moment(text: str, known: Known) -> datetime:
    """A date or time in ISO 8601; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or not 1900 <= moment.year <= 2200:
        raise CellError(f"{_shown(text)} is not a date; write it as 2026-11-21 or 2026-11-21T14:30:00Z")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)


def split_list(text: str) -> list[str]:
    return [part for part in (piece.strip() for piece in text.split("|")) if part]


def read_tags(text: str, known: Known) -> tuple[str, ...]:
    tags = tuple(dict.fromkeys(split_list(text)))
    if len(tags) > 50 or any(len(tag) > 60 for tag in tags):
        raise CellError(f"{_shown(text)}: at most 50 tags of 60 characters, split by |")
    return tags


def read_products(text: str, known: Known) -> tuple[str, ...]:
    wanted = split_list(text)
    unknown = [name for name in wanted if name.casefold() not in known.products]
    if unknown:
        names = ", ".join(name for name, _ in list(known.products.values())[:20]) or "none yet"
        raise CellError(f"no product is called {_shown(unknown[0])}; the products are: {names}")
    return tuple(sorted({known.products[name.casefold()][0] for name in wanted}))
