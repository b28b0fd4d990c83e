"""Channels, each with the fields of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, channel_class
from alerts.config_fields import Reader, read_choice, read_text
from alerts.config_sections.base import Applying, Errors, Section, Values, read_setting
from alerts.models import Channel
from tracker.settings import Settings


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
            return {**dict.fromkeys(entry, read_setting), **self.fields}
        own = channel_class(kind).fields
        return {**self.fields, **{field.name: read_setting for field in own}}

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
