"""Tables of signing in."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tracker.db import Base


class WebSession(Base):
    """A signed-in browser (or one on its way there); kept on the server so that it can be revoked."""

    __tablename__ = "web_sessions"

    id_hash: Mapped[str] = mapped_column(
        String(64), primary_key=True, comment="SHA-256 of the cookie's value"
    )
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class OneTimeLink(Base):
    """A link that lets its holder set a password once: the first admin, or an invited user."""

    __tablename__ = "one_time_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="CASCADE"), comment="empty: makes the first admin"
    )
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class SignInTry(Base):
    """A failed sign-in; what the rate limit counts."""

    __tablename__ = "sign_in_tries"
    __table_args__ = (Index("ix_sign_in_tries_key", "key", "tried_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(64), comment="SHA-256 of the address or the e-mail")
    tried_at: Mapped[datetime]
