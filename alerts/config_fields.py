"""What one field of the configuration file may hold, and what would be right otherwise."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import available_timezones

import phonenumbers

from alerts.words import LANGUAGES
from enrichment.contacts import normal_email
from enrichment.domain_names import registered_domain
from enrichment.text import clean_text
from tracker.clean import BadUrl, clean_host
from tracker.pages import PatternError, check_pattern

SITE_KEY = re.compile(r"[A-Za-z0-9_-]{4,40}")
GROUP_NAME = re.compile(r"[^\s:][^:]{0,63}")
CLOCK_TIME = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]")
SLACK_ID = re.compile(r"[UW][A-Z0-9]{2,39}")


class FieldError(ValueError):
    """Pairs of where inside the field (`[0]`, `.pricing[1]`, empty) and what would be right."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__("; ".join(message for _, message in errors))
        self.errors = errors


Reader = Callable[[Any], Any]


def _wrong(message: str) -> FieldError:
    return FieldError(("", message))


def shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def read_text(limit: int, *, empty: bool = True) -> Reader:
    """A reader of one line of text."""

    def read(value: Any) -> str:
        if value is None:
            value = ""
        if not isinstance(value, str):
            raise _wrong(f"{shown(value)} is not text; put it in quotes")
        text = clean_text(value)
        if len(text) > limit:
            raise _wrong(f"has {len(text)} characters; at most {limit} fit")
        if not text and not empty:
            raise _wrong("is empty; write a text")
        return text

    return read


def read_choice(*choices: str) -> Reader:
    def read(value: Any) -> str:
        text = read_text(40)(value)
        if text not in choices:
            offered = ", ".join(choice or "'' (empty)" for choice in choices)
            raise _wrong(f"{shown(value)} is not known; choose one of {offered}")
        return str(text)

    return read


def read_pattern(pattern: re.Pattern[str], right: str, *, empty: bool = True) -> Reader:
    """A reader of text that fits a pattern; `right` says what would."""

    def read(value: Any) -> str:
        text = read_text(200)(value)
        if (text or not empty) and pattern.fullmatch(text) is None:
            raise _wrong(f"{shown(value)} does not fit; write {right}")
        return str(text)

    return read


def read_list(one: Reader, *, limit: int = 10_000) -> Reader:
    """A reader of a list without doubles, each part read by `one`."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or len(value) > limit:
            raise _wrong(f"{shown(value)} is not a list of at most {limit}; write it as [one, two]")
        found, errors = [], []
        for place, part in enumerate(value):
            try:
                found.append(one(part))
            except FieldError as error:
                errors += [(f"[{place}]{path}", message) for path, message in error.errors]
        if errors:
            raise FieldError(*errors)
        return tuple(dict.fromkeys(found))

    return read


def read_email(value: Any) -> str:
    email = normal_email(value) if isinstance(value, str) else None
    if email is None:
        raise _wrong(f"{shown(value)} is not an e-mail address; write one such as eva@acme.com")
    return email


def read_domain(value: Any) -> str:
    domain = registered_domain(value) if isinstance(value, str) else None
    if domain is None:
        raise _wrong(f"{shown(value)} is not a domain; write one such as acme.com")
    return domain


def read_domains(value: Any) -> tuple[str, ...]:
    """Domains in alphabetical order, because their order means nothing."""
    return tuple(sorted(read_list(read_domain, limit=100_000)(value)))


def read_host(value: Any) -> str:
    """A host such as www.acme.com, *.acme.com or localhost:3000, as browsers spell it."""
    text = read_text(300, empty=False)(value).lower()
    star, name = ("*.", text[2:]) if text.startswith("*.") else ("", text)
    name, colon, port = name.partition(":")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536):
        raise _wrong(f"{shown(value)} has no port that exists; write a host such as www.acme.com")
    try:
        return f"{star}{clean_host(name)}{colon}{port}"
    except BadUrl:
        raise _wrong(f"{shown(value)} is not a host; write one such as www.acme.com or *.acme.com") from None


def read_network(value: Any) -> str:
    try:
        network = ipaddress.ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        raise _wrong(f"{shown(value)} is not a network; write one such as 203.0.113.0/24") from None
    return str(network).removesuffix("/32").removesuffix("/128")


def read_page_pattern(value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong(f'{shown(value)} is not a page pattern; write one such as "/pricing*", in quotes')
    try:
        return check_pattern(value)
    except PatternError as error:
        raise _wrong(str(error)) from error


read_page_patterns = read_list(read_page_pattern, limit=200)


def read_page_groups(value: Any) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Names and their patterns, in order: the first group that fits a page counts."""
    if not isinstance(value, dict):
        raise _wrong(f'{shown(value)} is not a map; write it as pricing: ["/pricing*"]')
    groups, errors = [], []
    for name, patterns in value.items():
        try:
            groups.append((_read_group_name(name), read_page_patterns(patterns)))
        except FieldError as error:
            errors += [(f".{name}{path}", message) for path, message in error.errors]
    if errors:
        raise FieldError(*errors)
    return tuple(groups)


def _read_group_name(value: Any) -> str:
    if not isinstance(value, str) or GROUP_NAME.fullmatch(value) is None or value != clean_text(value):
        raise _wrong("the name of a page group is text of at most 64 characters without a colon")
    return value


def read_phone(value: Any) -> str:
    """A telephone number in E.164, or empty."""
    if isinstance(value, int):
        raise _wrong(f'{shown(value)} is a number to YAML; put it in quotes: "+{value}"')
    text = read_text(40)(value)
    if not text:
        return ""
    try:
        number = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise _wrong(f"{shown(value)} is not a telephone number with its country; write +46701740605")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_time_zone(value: Any) -> str:
    if not isinstance(value, str) or value not in available_timezones():
        raise _wrong(f"{shown(value)} is not a time zone; write one such as Europe/Stockholm")
    return value


read_clock_time = read_pattern(CLOCK_TIME, 'a time such as "22:00", in quotes')
read_slack_id = read_pattern(SLACK_ID, "a Slack member id such as U024BE7LH")
read_site_key = read_pattern(SITE_KEY, "4 to 40 letters, digits, - and _, such as acme-web", empty=False)
read_language = read_choice(*LANGUAGES)


def read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong(f"{shown(value)} is neither true nor false")
    return value


def read_count(most: int) -> Reader:
    """A reader of a whole number from 0."""

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
            raise _wrong(f"{shown(value)} is not a whole number from 0 to {most}")
        return value

    return read


def read_price(value: Any) -> str:
    """An amount of money as text without needless zeros; empty for none."""
    text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
    try:
        amount = Decimal(text or "0")
    except InvalidOperation:
        amount = Decimal(-1)
    if (isinstance(value, str) or text) and 0 <= amount <= 1_000_000:
        return f"{amount.normalize():f}" if amount else ""
    raise _wrong(f"{shown(value)} is not a price; write one such as 0.05")


read_currency = read_pattern(re.compile(r"[A-Z]{3}"), "a currency such as EUR")
