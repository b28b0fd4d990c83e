"""Sites: their keys, hosts, page groups and privacy."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.config_fields import (
    Reader,
    read_flag,
    read_host,
    read_list,
    read_network,
    read_page_groups,
    read_pattern,
    read_site_key,
    read_text,
)
from alerts.config_sections.base import Applying, Section, Values
from tracker.models import Site


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
