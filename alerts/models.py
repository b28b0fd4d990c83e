"""Tables of rules, what they decided, and the promises that follow."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.db import Base


class RuleState(StrEnum):
    DRAFT = "draft"
    ON = "on"
    PAUSED = "paused"


class DeliveryState(StrEnum):
    """Where a delivery stands. `unknown`: the far end may or may not have it, and a repeat would cost."""

    WAITING = "waiting"
    SENDING = "sending"
    DELIVERED = "delivered"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """What a rule said about a visit."""

    ALERT = "alert"
    HELD = "held"
    NO = "no"


class Channel(Base):
    """A configured place to send alerts to."""

    __tablename__ = "channels"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(20), comment="a key of the table of channels")
    settings: Mapped[dict[str, Any]] = mapped_column(
        default=dict, comment="the kind's own fields, secrets included"
    )
    target: Mapped[str] = mapped_column(String(200), default="", comment="whom it tells when nobody is named")
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None] = mapped_column(comment="a permanent error or an admin stopped it")
    paused_reason: Mapped[str] = mapped_column(String(500), default="")
    delivered_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    last_error: Mapped[str] = mapped_column(String(500), default="")
    next_send_at: Mapped[datetime | None] = mapped_column(comment="the far end asked us to wait until then")
    paced_until: Mapped[datetime | None] = mapped_column(
        comment="the time its sent messages pay for at the channel's rate; a burst runs ahead of now"
    )


class Rule(Base):
    """What an admin saved: conditions, recipients and the repeat interval."""

    __tablename__ = "rules"
    __table_args__ = (CheckConstraint("state IN ('draft', 'on', 'paused')", name="state"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(10), default=RuleState.DRAFT)
    version: Mapped[int] = mapped_column(default=1)
    when: Mapped[dict[str, Any]] = mapped_column(default=dict, comment="all of these conditions must hold")
    any: Mapped[list[Any]] = mapped_column(default=list, comment="groups; in each, one condition must hold")
    unless: Mapped[dict[str, Any]] = mapped_column(default=dict, comment="none of these may hold")
    send: Mapped[list[Any]] = mapped_column(default=list, comment="[{channel, to}]")
    repeat_after_seconds: Mapped[int] = mapped_column(default=86_400)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    updated_by: Mapped[str] = mapped_column(String(320), default="")


class Decision(Base):
    """What a rule last said about a visit, and why; also when it said no."""

    __tablename__ = "decisions"

    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True)
    rule_id: Mapped[int] = mapped_column(ForeignKey("rules.id", ondelete="CASCADE"), primary_key=True)
    page_view_id: Mapped[int | None] = mapped_column(ForeignKey("page_views.id", ondelete="SET NULL"))
    rule_version: Mapped[int]
    outcome: Mapped[str] = mapped_column(String(10))
    reason: Mapped[str] = mapped_column(String(500))
    checks: Mapped[list[Any]] = mapped_column(default=list, comment="[{condition, holds, reason}] in order")
    decided_at: Mapped[datetime]


class Alert(Base):
    """A rule matched: one row, written together with its deliveries."""

    __tablename__ = "alerts"
    __table_args__ = (
        # The fence against doubles: two deciders that both saw the same latest alert collide here.
        UniqueConstraint("rule_id", "subject", "previous_alert_id"),
        Index("ix_alerts_subject", "subject", "created_at"),
        Index("ix_alerts_visit", "visit_id"),
        Index("ix_alerts_company", "company_id", "created_at"),
        Index("ix_alerts_created", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    public_id: Mapped[str] = mapped_column(
        String(32), unique=True, comment="128 random bits; stands in links"
    )
    rule_id: Mapped[int | None] = mapped_column(ForeignKey("rules.id", ondelete="SET NULL"))
    rule_name: Mapped[str] = mapped_column(String(200))
    rule_version: Mapped[int]
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    page_view_id: Mapped[int | None] = mapped_column(ForeignKey("page_views.id", ondelete="SET NULL"))
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="SET NULL"))
    subject: Mapped[str] = mapped_column(
        String(60), comment="company:12, or contact:7 where no company is known"
    )
    previous_alert_id: Mapped[int] = mapped_column(
        default=0, comment="of this rule and subject; 0: the first"
    )
    seen_at: Mapped[datetime] = mapped_column(
        comment="time of the page view; the repeat interval counts from it"
    )
    reason: Mapped[str] = mapped_column(String(1000))
    checks: Mapped[list[Any]] = mapped_column(default=list)
    story: Mapped[dict[str, Any]] = mapped_column(
        default=dict, comment="the facts the messages are written from"
    )
    created_at: Mapped[datetime]
    held_count: Mapped[int] = mapped_column(
        default=0, comment="page views held back by this one's repeat interval"
    )
    held_at: Mapped[datetime | None] = mapped_column(comment="time of the latest of them")
    taken_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    taken_at: Mapped[datetime | None]
    useful: Mapped[bool | None] = mapped_column(comment="a seller's verdict; empty: none yet")


class Delivery(Base):
    """One alert to one channel."""

    __tablename__ = "deliveries"
    __table_args__ = (
        Index("ix_deliveries_alert", "alert_id"),
        # Serves the outbox's question "what is due?".
        Index(
            "ix_deliveries_due",
            "next_try_at",
            sqlite_where=text("state IN ('waiting', 'sending')"),
            postgresql_where=text("state IN ('waiting', 'sending')"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    alert_id: Mapped[int] = mapped_column(ForeignKey("alerts.id", ondelete="CASCADE"))
    channel_id: Mapped[int | None] = mapped_column(ForeignKey("channels.id", ondelete="SET NULL"))
    channel_name: Mapped[str] = mapped_column(String(100))
    user_id: Mapped[int | None] = mapped_column(
        ForeignKey("users.id", ondelete="SET NULL"), comment="the recipient"
    )
    target: Mapped[str] = mapped_column(String(200), default="", comment="#sales, a Slack id, a phone number")
    why: Mapped[str] = mapped_column(String(300), default="", comment="to you as owner; fallback because ...")
    state: Mapped[str] = mapped_column(String(10), default=DeliveryState.WAITING)
    tries: Mapped[int] = mapped_column(default=0)
    next_try_at: Mapped[datetime]
    leased_until: Mapped[datetime | None]
    leased_by: Mapped[str] = mapped_column(String(200), default="", comment="the process that sends it")
    possible_repeat: Mapped[bool] = mapped_column(
        default=False, comment="a sender died or its answer was lost"
    )
    last_error: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    give_up_at: Mapped[datetime | None] = mapped_column(comment="empty: 24 hours after it was created")


class DeliveryTry(Base):
    """One attempt: written before the request leaves, completed after the answer."""

    __tablename__ = "delivery_tries"
    __table_args__ = (Index("ix_delivery_tries_delivery", "delivery_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    delivery_id: Mapped[int] = mapped_column(ForeignKey("deliveries.id", ondelete="CASCADE"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column(comment="empty: the sender died in between")
    outcome: Mapped[str] = mapped_column(String(20), default="", comment="delivered, retry, failed, unknown")
    error: Mapped[str] = mapped_column(String(500), default="")
