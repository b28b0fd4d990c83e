"""The form of a site, and how its lists are written as text."""

from __future__ import annotations

import ipaddress
import re
import secrets
import unicodedata
from collections.abc import Iterable

from wtforms import BooleanField
from wtforms.validators import ValidationError

from tracker.clean import BadUrl, clean_host
from tracker.pages import PatternError, check_pattern
from web.forms import Form, Lines, Text

GROUP_NAME = re.compile(r"[^\s:][^:]{0,63}")
# What the snippet reads in data-query, where a comma or space parts two names.
PARAMETER = re.compile(r"[^\s,&=?#\"'<>]{1,64}")
KEY = re.compile(r"[A-Za-z0-9_-]{4,40}")


def check_host(line: str) -> str:
    """A host such as www.acme.com, *.acme.com or localhost:3000. Raises ValueError."""
    bare = line.split("://", 1)[-1].split("/", 1)[0].lower()
    star, name = ("*.", bare[2:]) if bare.startswith("*.") else ("", bare)
    name, colon, port = name.partition(":")
    if colon and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError(f"{line[:80]} has no port that exists; write a host such as www.acme.com")
    try:
        return f"{star}{clean_host(name)}{colon}{port}"
    except BadUrl:
        raise ValueError(f"{line[:80]} is no host; write one such as www.acme.com or *.acme.com") from None


def check_network(line: str) -> str:
    """An address or network in its usual spelling. Raises ValueError."""
    try:
        return str(ipaddress.ip_network(line, strict=False)).removesuffix("/32").removesuffix("/128")
    except ValueError:
        raise ValueError(
            f"{line[:80]} is no network; write one such as 203.0.113.0/24, or a single address"
        ) from None


def check_parameter(line: str) -> str:
    """The name of a query parameter as it stands in an address. Raises ValueError."""
    if not PARAMETER.fullmatch(line):
        raise ValueError(
            f"{line[:80]} is no name of a parameter; write it as in the address, such as job or filter[city]"
        )
    return line


def read_group(line: str) -> tuple[str, list[str]]:
    """`pricing: /pricing*, /priser*` as name and patterns. Raises ValueError."""
    name, colon, rest = line.partition(":")
    patterns = [part.strip() for part in rest.split(",") if part.strip()]
    if not colon or not GROUP_NAME.fullmatch(name.strip()) or not patterns:
        raise ValueError(
            f"{line[:80]}: write a name, a colon and patterns, such as pricing: /pricing*, /priser*"
        )
    try:
        return name.strip(), [check_pattern(pattern) for pattern in patterns]
    except PatternError as error:
        raise ValueError(f"{name.strip()}: {error}") from error


def check_group(line: str) -> str:
    return write_group(*read_group(line))


def write_group(name: str, patterns: Iterable[str]) -> str:
    # A comma ends a pattern here; percent-encoded it matches the same pages.
    return f"{name}: {', '.join(pattern.replace(',', '%2C') for pattern in patterns)}"


def hosts_field() -> Lines:
    """Made anew for each form: fields stand, and report errors, in the order in which they were made."""
    return Lines(
        "Allowed hosts",
        check=check_host,
        most=200,
        description="One a line: www.acme.com, or *.acme.com for all below it. Empty lets every host report.",
    )


class SiteForm(Form):
    name = Text("Name", needed="Write a name")
    hosts = hosts_field()
    page_groups = Lines(
        "Page groups",
        check=check_group,
        most=200,
        description="One a line: a name, a colon, page patterns. * stands for anything. "
        "The first group that fits a page counts.",
    )
    query_parameters = Lines(
        "Query parameters to keep",
        check=check_parameter,
        most=200,
        description="One a line. Of a page's address only parameters known to be harmless are kept, such as "
        "utm_source; name those of yours that hold nothing personal.",
    )
    staff_networks = Lines(
        "Networks of your staff",
        check=check_network,
        most=1000,
        description="One a line: 203.0.113.0/24, or a single address. Visits from there are not counted.",
    )
    do_not_track = BooleanField(
        "Honour Do Not Track",
        description="A browser that sends DNT then counts as one whose user refused. "
        "Global Privacy Control is always honoured.",
    )
    sender_consent = BooleanField(
        "Senders ask for consent",
        description="Only for Segment's clients and servers: their visitor ids are kept. "
        "The snippet says itself whether a visitor agreed.",
    )

    def validate_page_groups(self, field: Lines) -> None:
        names = [read_group(line)[0].lower() for line in field.data]
        twice = next((name for name in names if names.count(name) > 1), "")
        if twice:
            raise ValidationError(f"{twice} is there twice; put all its patterns on one line")


class NewSiteForm(Form):
    name = Text("Name", needed="Write a name", description="Your people see it, such as Acme.")
    hosts = hosts_field()


def make_key(name: str, taken: Iterable[str]) -> str:
    """A public key that reads like the name: `Åkes bygg` becomes `akes-bygg`, or `akes-bygg-x7k2`."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:30].strip("-")
    key = slug if KEY.fullmatch(slug) else f"site-{slug or secrets.token_hex(2)}"
    known = set(taken)
    while key in known:
        key = f"{slug or 'site'}-{secrets.token_hex(2)}"
    return key
