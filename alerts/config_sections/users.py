"""Users, without their passwords."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.config_fields import (
    Reader,
    read_choice,
    read_clock_time,
    read_email,
    read_language,
    read_phone,
    read_slack_id,
    read_text,
    read_time_zone,
)
from alerts.config_sections.base import Section, Values
from tracker.models import User


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
