"""Vendors that are asked whose an address is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from alerts.config_fields import (
    Reader,
    read_choice,
    read_count,
    read_currency,
    read_flag,
    read_list,
    read_price,
    read_site_key,
)
from alerts.config_sections.base import Applying, Errors, Section, Values, read_setting
from enrichment.models import VendorAccount
from enrichment.vendors import REGISTRIES, VENDORS, vendor_class
from enrichment.vendors.work import close_breaker, known_vendors
from tracker.settings import Settings

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
            return {**dict.fromkeys(entry, read_setting), **self.fields}
        return {**self.fields, **{field.name: read_setting for field in vendor_class(kind).fields}}

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
