"""The sections of the configuration file: their fields, and how they stand in the database.

A new section is a class here and one line in SECTIONS. Values are what the file holds, lists as tuples.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts import words
from alerts.channels import CHANNELS, channel_class
from alerts.config_fields import (
    Reader,
    read_choice,
    read_clock_time,
    read_count,
    read_currency,
    read_domain,
    read_domains,
    read_email,
    read_flag,
    read_host,
    read_language,
    read_list,
    read_network,
    read_page_groups,
    read_page_patterns,
    read_pattern,
    read_phone,
    read_price,
    read_site_key,
    read_slack_id,
    read_text,
    read_time_zone,
)
from alerts.models import Channel, Rule
from alerts.rules import RuleError, fill_row, parse_rule, plain_rule, spec_of
from enrichment.companies import name_key
from enrichment.contacts import take_over_claims
from enrichment.lifecycle import STAGES, set_stage
from enrichment.models import Company, Contact, Product, TargetList, VendorAccount
from enrichment.targets import get_domains, put_on_list, take_off_list
from enrichment.vendors import REGISTRIES, VENDORS, vendor_class
from enrichment.vendors.work import close_breaker, known_vendors
from tracker.models import Site, User
from tracker.settings import Settings

Values = dict[str, Any]
Errors = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Applying:
    """What applying needs besides the entry."""

    session: Session
    now: datetime
    changed_by: str


class Section:
    """One section: a list of entries, each found again by its key field."""

    name: ClassVar[str]
    key: ClassVar[str]
    fields: ClassVar[Mapping[str, Reader]]
    secret_fields: ClassVar[frozenset[str]] = frozenset()
    # Whether an entry stands for the whole thing, so that what it leaves out is gone.
    replaces: ClassVar[bool] = False
    # Whether it is shown: what the installation knows is not how it is set up.
    shown: ClassVar[bool] = True

    @property
    def always(self) -> tuple[str, ...]:
        """The fields that every entry has."""
        return (self.key,)

    def fields_of(self, entry: Mapping[str, Any]) -> Mapping[str, Reader]:
        """The fields this entry may have. Raises KeyError when that cannot be told."""
        return self.fields

    def rows(self, session: Session) -> Mapping[str, Any]:
        """All rows by their key, in the order in which they are shown."""
        raise NotImplementedError

    def values(self, session: Session, row: Any) -> Values:
        raise NotImplementedError

    def merge(self, old: Values, given: Values) -> Values:
        """What the row will hold."""
        return given if self.replaces else old | given

    def check(self, merged: Values, settings: Settings) -> Errors:
        """What is wrong with an entry as a whole, what the database holds already included."""
        return []

    def make(self, key: str, now: datetime) -> Any:
        raise NotImplementedError

    def put(self, applying: Applying, row: Any, changes: Values) -> None:
        """Writes the changed values, of a section that replaces all values, into the row."""
        for name, value in changes.items():
            setattr(row, name, list(value) if isinstance(value, tuple) else value)

    def secrets_of(self, values: Values) -> frozenset[str]:
        return self.secret_fields


class Sites(Section):
    name = "sites"
    key = "key"
    fields: ClassVar[Mapping[str, Reader]] = {
        "key": read_site_key,
        "name": read_text(200, empty=False),
        "hosts": read_list(read_host, limit=200),
        "staff_networks": read_list(read_network, limit=1000),
        "page_groups": read_page_groups,
        "query_parameters": read_list(read_text(64, empty=False), limit=200),
        "sender_consent": read_flag,
        "do_not_track": read_flag,
        "secret": read_pattern(re.compile(r"[!-~]{16,64}"), "16 to 64 letters and digits", empty=False),
    }
    secret_fields = frozenset({"secret"})

    def rows(self, session: Session) -> Mapping[str, Site]:
        return {site.key: site for site in session.scalars(select(Site).order_by(Site.id))}

    def values(self, session: Session, row: Site) -> Values:
        values: Values = {"key": row.key, "name": row.name, "secret": row.secret}
        values["sender_consent"] = bool(row.sender_consent)
        values["do_not_track"] = bool(row.do_not_track)
        for name in ("hosts", "staff_networks", "query_parameters"):
            values[name] = tuple(getattr(row, name) or ())
        values["page_groups"] = tuple((str(name), tuple(patterns)) for name, patterns in row.page_groups)
        return {name: values[name] for name in self.fields}

    def make(self, key: str, now: datetime) -> Site:
        return Site(key=key, name=key, secret=secrets.token_hex(32), created_at=now)

    def put(self, applying: Applying, row: Site, changes: Values) -> None:
        plain = dict(changes)
        if "page_groups" in plain:
            plain["page_groups"] = tuple([name, list(patterns)] for name, patterns in plain["page_groups"])
        super().put(applying, row, plain)


class Products(Section):
    name = "products"
    key = "name"
    fields: ClassVar[Mapping[str, Reader]] = {
        "name": read_text(200, empty=False),
        "pages": read_page_patterns,
    }

    def rows(self, session: Session) -> Mapping[str, Product]:
        return {product.name: product for product in session.scalars(select(Product).order_by(Product.id))}

    def values(self, session: Session, row: Product) -> Values:
        return {"name": row.name, "pages": tuple(row.pages or ())}

    def make(self, key: str, now: datetime) -> Product:
        return Product(name=key, pages=[])


class TargetLists(Section):
    name = "target_lists"
    key = "name"
    fields: ClassVar[Mapping[str, Reader]] = {
        "name": read_text(200, empty=False),
        "domains": read_domains,
    }

    def rows(self, session: Session) -> Mapping[str, TargetList]:
        return {found.name: found for found in session.scalars(select(TargetList).order_by(TargetList.id))}

    def values(self, session: Session, row: TargetList) -> Values:
        return {"name": row.name, "domains": tuple(sorted(get_domains(session, row)))}

    def make(self, key: str, now: datetime) -> TargetList:
        return TargetList(name=key)

    def put(self, applying: Applying, row: TargetList, changes: Values) -> None:
        applying.session.flush()
        if "domains" in changes:
            held = get_domains(applying.session, row)
            take_off_list(applying.session, row, held - set(changes["domains"]))
            put_on_list(applying.session, row, changes["domains"])


class Users(Section):
    name = "users"
    key = "email"
    fields: ClassVar[Mapping[str, Reader]] = {
        "email": read_email,
        "name": read_text(200),
        "role": read_choice("admin", "seller"),
        "slack_id": read_slack_id,
        "phone": read_phone,
        "language": read_language,
        "time_zone": read_time_zone,
        "quiet_from": read_clock_time,
        "quiet_to": read_clock_time,
        "theme": read_choice("", "light", "dark"),
    }

    def rows(self, session: Session) -> Mapping[str, User]:
        return {user.email: user for user in session.scalars(select(User).order_by(User.id))}

    def values(self, session: Session, row: User) -> Values:
        return {name: getattr(row, name) for name in self.fields}

    def make(self, key: str, now: datetime) -> User:
        # Columns get their defaults when they are written; the file's values are compared before that.
        return User(email=key, created_at=now)


class Channels(Section):
    name = "channels"
    key = "name"
    fields: ClassVar[Mapping[str, Reader]] = {
        "name": read_text(100, empty=False),
        "kind": read_choice(*CHANNELS),
        "target": read_text(200),
    }

    @property
    def always(self) -> tuple[str, ...]:
        return ("name", "kind")

    def merge(self, old: Values, given: Values) -> Values:
        """A channel that changes its kind leaves the settings of the old one behind."""
        if old and old["kind"] != given["kind"]:
            old = {"target": old["target"]}
        return old | given

    def fields_of(self, entry: Mapping[str, Any]) -> Mapping[str, Reader]:
        kind = entry["kind"]
        if not isinstance(kind, str) or kind not in CHANNELS:
            # The kind itself is the fault to tell; its fields cannot be known.
            return {**dict.fromkeys(entry, _read_setting), **self.fields}
        own = channel_class(kind).fields
        return {**self.fields, **{field.name: _read_setting for field in own}}

    def rows(self, session: Session) -> Mapping[str, Channel]:
        return {channel.name: channel for channel in session.scalars(select(Channel).order_by(Channel.id))}

    def values(self, session: Session, row: Channel) -> Values:
        return {"name": row.name, "kind": row.kind, **row.settings, "target": row.target}

    def check(self, merged: Values, settings: Settings) -> Errors:
        own = {name: value for name, value in merged.items() if name not in self.fields}
        return channel_class(merged["kind"]).check(own, merged.get("target", ""), settings)

    def make(self, key: str, now: datetime) -> Channel:
        return Channel(name=key, kind="", settings={}, target="", created_at=now)

    def put(self, applying: Applying, row: Channel, changes: Values) -> None:
        own = {name: value for name, value in changes.items() if name not in self.fields}
        kept = {} if changes.get("kind", row.kind) != row.kind else row.settings
        row.settings = {name: value for name, value in (kept | own).items() if value != ""}
        row.kind = changes.get("kind", row.kind)
        row.target = changes.get("target", row.target)

    def secrets_of(self, values: Values) -> frozenset[str]:
        if values.get("kind") not in CHANNELS:
            return frozenset(values) - frozenset(self.fields)
        return frozenset(field.name for field in channel_class(values["kind"]).fields if field.secret)


def _read_setting(value: Any) -> str:
    """A channel's own field; a bare number is taken as it is written."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return str(read_text(500)(value))


class Rules(Section):
    """Rules are read by parse_rule, so that the file and the form know the same conditions."""

    name = "rules"
    key = "name"
    replaces = True

    def rows(self, session: Session) -> Mapping[str, Rule]:
        return {rule.name: rule for rule in session.scalars(select(Rule).order_by(Rule.id))}

    def values(self, session: Session, row: Rule) -> Values:
        try:
            return plain_rule(spec_of(row))
        except RuleError:
            # A condition this program does not know; shown as it is, so that it can be mended.
            sends = {"send": row.send, "repeat_after": f"{row.repeat_after_seconds}s"}
            return {"name": row.name, "state": row.state, "when": row.when, **sends}

    def make(self, key: str, now: datetime) -> Rule:
        return Rule(name=key, version=0, created_at=now)

    def put(self, applying: Applying, row: Rule, changes: Values) -> None:
        names = [send["channel"] for send in changes["send"]]
        fill_row(row, parse_rule(changes, channels=names))
        row.version += 1
        row.updated_at, row.updated_by = applying.now, applying.changed_by[:320]


# The registries' terms have to be read and confirmed by a person, on their page.
_PLAIN_VENDORS = tuple(kind for kind in VENDORS if kind not in REGISTRIES)


class Vendors(Section):
    """Vendors that are asked whose an address is; without its key a vendor cannot be switched on."""

    name = "vendors"
    key = "kind"
    fields: ClassVar[Mapping[str, Reader]] = {
        "kind": read_choice(*_PLAIN_VENDORS),
        "enabled": read_flag,
        "sites": read_list(read_site_key, limit=200),
        "daily_budget": read_count(10_000_000),
        "price": read_price,
        "currency": read_currency,
    }

    def fields_of(self, entry: Mapping[str, Any]) -> Mapping[str, Reader]:
        kind = entry["kind"]
        if not isinstance(kind, str) or kind not in _PLAIN_VENDORS:
            # The kind itself is the fault to tell; its fields cannot be known.
            return {**dict.fromkeys(entry, _read_setting), **self.fields}
        return {**self.fields, **{field.name: _read_setting for field in vendor_class(kind).fields}}

    def rows(self, session: Session) -> Mapping[str, VendorAccount]:
        return {row.kind: row for row in known_vendors(session) if row.kind in _PLAIN_VENDORS}

    def values(self, session: Session, row: VendorAccount) -> Values:
        values: Values = {"kind": row.kind, "enabled": row.enabled, "sites": tuple(row.sites)}
        values |= {"daily_budget": row.daily_budget, "price": read_price(str(row.price))}
        return values | {"currency": row.currency, **row.settings}

    def check(self, merged: Values, settings: Settings) -> Errors:
        own = {name: value for name, value in merged.items() if name not in self.fields}
        # One that is off may wait for its key.
        return vendor_class(merged["kind"]).check(own, settings) if merged.get("enabled") else []

    def make(self, key: str, now: datetime) -> VendorAccount:
        return VendorAccount(
            kind=key, enabled=False, settings={}, sites=[], daily_budget=1000, failures=0, created_at=now
        )

    def put(self, applying: Applying, row: VendorAccount, changes: Values) -> None:
        plain = {name: value for name, value in changes.items() if name in self.fields}
        own = {name: value for name, value in changes.items() if name not in self.fields}
        if "price" in plain:
            plain["price"] = Decimal(plain["price"] or 0)
        super().put(applying, row, plain)
        row.settings = {name: value for name, value in (row.settings | own).items() if value != ""}
        close_breaker(row)

    def secrets_of(self, values: Values) -> frozenset[str]:
        own = vendor_class(values["kind"]).fields if values.get("kind") in _PLAIN_VENDORS else ()
        return frozenset(field.name for field in own if field.secret)


class Companies(Section):
    """Stages of companies, each change with its receipt; whole files of companies are imported."""

    name = "companies"
    key = "domain"
    shown = False
    fields: ClassVar[Mapping[str, Reader]] = {
        "domain": read_domain,
        "name": read_text(200, empty=False),
        "country": read_choice("", *words.country_codes()),
        "stage": read_choice("", *STAGES),
    }

    def rows(self, session: Session) -> Mapping[str, Company]:
        return {
            str(company.domain): company for company in session.scalars(select(Company)) if company.domain
        }

    def values(self, session: Session, row: Company) -> Values:
        return {name: getattr(row, name) for name in self.fields}

    def make(self, key: str, now: datetime) -> Company:
        return Company(domain=key, name=key, name_key=name_key(key), source="config", created_at=now)

    def put(self, applying: Applying, row: Company, changes: Values) -> None:
        plain = {name: value for name, value in changes.items() if name != "stage"}
        super().put(applying, row, plain)
        row.name_key = name_key(row.name)
        _put_stage(applying, row, changes)


class Contacts(Section):
    """Stages of contacts, each change with its receipt."""

    name = "contacts"
    key = "email"
    shown = False
    fields: ClassVar[Mapping[str, Reader]] = {
        "email": read_email,
        "name": read_text(200),
        "role": read_text(200),
        "stage": read_choice("", *STAGES),
    }

    def rows(self, session: Session) -> Mapping[str, Contact]:
        return {contact.email: contact for contact in session.scalars(select(Contact))}

    def values(self, session: Session, row: Contact) -> Values:
        return {name: getattr(row, name) for name in self.fields}

    def make(self, key: str, now: datetime) -> Contact:
        return Contact(email=key, source="config", created_at=now)

    def put(self, applying: Applying, row: Contact, changes: Values) -> None:
        plain = {name: value for name, value in changes.items() if name != "stage"}
        super().put(applying, row, plain)
        _put_stage(applying, row, changes)
        take_over_claims(applying.session, row)


def _put_stage(applying: Applying, subject: Company | Contact, changes: Values) -> None:
    applying.session.flush()
    if "stage" in changes:
        set_stage(
            applying.session, subject, changes["stage"], "configuration", applying.changed_by, applying.now
        )


# In this order they are applied and shown: what is referred to comes first.
SECTIONS: Sequence[Section] = (
    *(Sites(), Products(), TargetLists(), Users(), Channels(), Rules(), Vendors()),
    *(Companies(), Contacts()),
)
