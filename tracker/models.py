"""Tables of what happened on the sites, and of the books that prove nothing was lost."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Date,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from tracker.db import Base


class User(Base):
    """Someone who signs in or gets alerts: an admin or a seller."""

    __tablename__ = "users"
    __table_args__ = (CheckConstraint("role IN ('admin', 'seller')", name="role"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True, comment="lower case")
    name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(10), default="seller")
    slack_id: Mapped[str] = mapped_column(String(40), default="")
    phone: Mapped[str] = mapped_column(String(20), default="", comment="E.164")
    password_hash: Mapped[str] = mapped_column(
        String(200), default="", comment="argon2id; empty: cannot sign in yet"
    )
    language: Mapped[str] = mapped_column(String(10), default="en")
    time_zone: Mapped[str] = mapped_column(String(60), default="UTC")
    quiet_from: Mapped[str] = mapped_column(String(5), default="", comment="HH:MM in the user's zone")
    quiet_to: Mapped[str] = mapped_column(String(5), default="")
    theme: Mapped[str] = mapped_column(
        String(10), default="", comment="light, dark or empty for the device's choice"
    )
    created_at: Mapped[datetime]
    disabled_at: Mapped[datetime | None]


class Site(Base):
    """A website we track."""

    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(40), unique=True, comment="public; stands in the snippet")
    name: Mapped[str] = mapped_column(String(200))
    hosts: Mapped[list[Any]] = mapped_column(default=list, comment="allowed hosts; empty allows all")
    staff_networks: Mapped[list[Any]] = mapped_column(default=list)
    page_groups: Mapped[list[Any]] = mapped_column(
        default=list, comment="[[name, [pattern, ...]], ...] in order"
    )
    query_parameters: Mapped[list[Any]] = mapped_column(
        default=list, comment="names that stay in a page's URL, beside the built-in list"
    )
    secret: Mapped[str] = mapped_column(String(64), comment="signs identify calls; never leaves the server")
    created_at: Mapped[datetime]
    debug_until: Mapped[datetime | None] = mapped_column(comment="X-Dropped is sent until then")
    sender_consent: Mapped[bool] = mapped_column(
        default=False, comment="who sends Segment messages has asked for consent: their visitor ids are kept"
    )
    do_not_track: Mapped[bool] = mapped_column(
        default=False, comment="a browser's DNT counts as no consent, as its Sec-GPC always does"
    )
    first_hit_at: Mapped[datetime | None]
    first_hit_address: Mapped[str] = mapped_column(String(45), default="")
    last_hit_at: Mapped[datetime | None]


class SiteKey(Base):
    """A secret key with which a server sends; unlike the site's key it may name visitors and addresses."""

    __tablename__ = "site_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100), comment="which server holds it")
    digest: Mapped[str] = mapped_column(String(64), unique=True, comment="SHA-256 of the key")
    hint: Mapped[str] = mapped_column(String(8), comment="the key's last letters, to tell keys apart")
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class CollectorNote(Base):
    """What the collector saw and no hit tells: pages that may not report, pages that fetched the script."""

    __tablename__ = "collector_notes"
    __table_args__ = (UniqueConstraint("site_key", "kind", "detail"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_key: Mapped[str] = mapped_column(String(40), comment="empty: of no site in particular")
    kind: Mapped[str] = mapped_column(String(20), comment="refused_host, script or unknown_key")
    detail: Mapped[str] = mapped_column(String(300), comment="a host; of an unknown key: key and host")
    count: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime]
    last_at: Mapped[datetime]


class Visitor(Base):
    """One browser over time, or one address and agent for a day when cookieless."""

    __tablename__ = "visitors"
    __table_args__ = (
        UniqueConstraint("site_id", "key"),
        # Serves the question "who has been joined with this visitor?".
        Index(
            "ix_visitors_joined",
            "joined_into_id",
            sqlite_where=text("joined_into_id IS NOT NULL"),
            postgresql_where=text("joined_into_id IS NOT NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    key: Mapped[str] = mapped_column(String(64))
    cookieless: Mapped[bool]
    first_seen_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    joined_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("visitors.id"),
        comment="the visitor who has its visits now; that one is never joined itself",
    )


class Visit(Base):
    """Page views of one visitor with no gap of 30 minutes."""

    __tablename__ = "visits"
    __table_args__ = (
        Index("ix_visits_visitor_started", "visitor_id", "started_at"),
        Index("ix_visits_ended", "ended_at"),
        # Serves identification's question "who else came from these addresses lately?".
        Index("ix_visits_address", "address", "ended_at"),
        # Serves the worker's question "which visits wait for identification?".
        Index(
            "ix_visits_waiting",
            "id",
            sqlite_where=text("identified_at IS NULL"),
            postgresql_where=text("identified_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    visitor_id: Mapped[int] = mapped_column(ForeignKey("visitors.id"))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime] = mapped_column(comment="time of the latest hit")
    page_view_count: Mapped[int] = mapped_column(default=0)
    engaged_ms: Mapped[int] = mapped_column(BigInteger, default=0)
    landing_url: Mapped[str] = mapped_column(String(2048), default="")
    referrer: Mapped[str] = mapped_column(String(2048), default="")
    utm_source: Mapped[str] = mapped_column(String(200), default="")
    utm_medium: Mapped[str] = mapped_column(String(200), default="")
    utm_campaign: Mapped[str] = mapped_column(String(200), default="")
    utm_term: Mapped[str] = mapped_column(String(200), default="")
    utm_content: Mapped[str] = mapped_column(String(200), default="")
    traffic_channel: Mapped[str] = mapped_column(String(30), default="Direct")
    source_name: Mapped[str] = mapped_column(
        String(100), default="", comment="the source in words: Google, LinkedIn"
    )
    address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(512), default="")
    browser: Mapped[str] = mapped_column(String(60), default="")
    operating_system: Mapped[str] = mapped_column(String(60), default="")
    device: Mapped[str] = mapped_column(String(20), default="", comment="desktop, mobile, tablet or empty")
    language: Mapped[str] = mapped_column(String(35), default="")
    consent: Mapped[bool] = mapped_column(default=False)
    quiet: Mapped[bool] = mapped_column(default=False, comment="replayed: no alerts from this visit")
    identified_at: Mapped[datetime | None] = mapped_column(comment="empty: waits for identification")
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("visits.id"), comment="a late page view joined two visits; this one is empty now"
    )


class PageView(Base):
    """A page seen."""

    __tablename__ = "page_views"
    __table_args__ = (
        UniqueConstraint("site_id", "hit_id"),
        Index("ix_page_views_visit", "visit_id", "seen_at"),
        Index("ix_page_views_seen", "seen_at"),
        # Serves the worker's question "which page views wait for the rules?".
        Index(
            "ix_page_views_waiting",
            "id",
            sqlite_where=text("decided_at IS NULL"),
            postgresql_where=text("decided_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    hit_id: Mapped[str] = mapped_column(String(64))
    page: Mapped[str] = mapped_column(String(16), default="", comment="the client's page-view id")
    seen_at: Mapped[datetime] = mapped_column(comment="the client's time, corrected by its skew")
    received_at: Mapped[datetime] = mapped_column(comment="when the collector had it on disk")
    saved_at: Mapped[datetime]
    client_time_ms: Mapped[int | None] = mapped_column(BigInteger, comment="as the client sent it")
    url: Mapped[str] = mapped_column(String(2048))
    path: Mapped[str] = mapped_column(String(2048))
    title: Mapped[str] = mapped_column(String(300), default="")
    referrer: Mapped[str] = mapped_column(String(2048), default="")
    page_group: Mapped[str] = mapped_column(String(64), default="")
    engaged_ms: Mapped[int | None]
    scroll: Mapped[int | None] = mapped_column(comment="per cent of the page's height")
    decided_at: Mapped[datetime | None] = mapped_column(comment="empty: waits for the rules")


class Action(Base):
    """Something done on a page: a form, a download, a click, an identify call, a named action."""

    __tablename__ = "actions"
    __table_args__ = (
        UniqueConstraint("site_id", "hit_id"),
        Index("ix_actions_visit", "visit_id", "seen_at"),
        # Serves the worker's question "which identify calls wait to be linked?".
        Index(
            "ix_actions_waiting",
            "id",
            sqlite_where=text("handled_at IS NULL"),
            postgresql_where=text("handled_at IS NULL"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id"))
    hit_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    page: Mapped[str] = mapped_column(String(16), default="")
    url: Mapped[str] = mapped_column(String(2048), default="")
    seen_at: Mapped[datetime]
    received_at: Mapped[datetime]
    props: Mapped[dict[str, Any]] = mapped_column(default=dict)
    handled_at: Mapped[datetime | None] = mapped_column(
        comment="empty: an identify call that waits to be linked"
    )


class DroppedHit(Base):
    """A hit that was refused for a named reason; kept a while so that the reason can be looked up."""

    __tablename__ = "dropped_hits"
    __table_args__ = (Index("ix_dropped_hits_received", "received_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    hit_id: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(40))
    received_at: Mapped[datetime]
    address: Mapped[str] = mapped_column(String(45), default="")
    url: Mapped[str] = mapped_column(String(2048), default="")
    user_agent: Mapped[str] = mapped_column(String(512), default="")
    detail: Mapped[str] = mapped_column(
        String(200), default="", comment="what matched: the bot's name, the network"
    )


class QuarantinedHit(Base):
    """A hit that could not be processed, with its error and all of its bytes."""

    __tablename__ = "quarantined_hits"

    id: Mapped[int] = mapped_column(primary_key=True)
    received_at: Mapped[datetime]
    error: Mapped[str] = mapped_column(String(2000))
    record: Mapped[bytes] = mapped_column(LargeBinary)
    hit_index: Mapped[int] = mapped_column(default=0, comment="which hit of the record")


class InboxPosition(Base):
    """How far a segment of the inbox has been processed; moves in the transaction of its effects."""

    __tablename__ = "inbox_positions"

    segment: Mapped[str] = mapped_column(String(100), primary_key=True)
    position: Mapped[int] = mapped_column(BigInteger, comment="bytes")


class LedgerCount(Base):
    """One line of the books: read, page_views, actions, duplicates, quarantined or dropped:<reason>."""

    __tablename__ = "ledger_counts"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger, default=0)


class DailySalt(Base):
    """The random salt of a day's cookieless visitor keys; deleted when no late hit can need it."""

    __tablename__ = "daily_salts"

    day: Mapped[date] = mapped_column(Date, primary_key=True)
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))
    made_at: Mapped[datetime] = mapped_column(comment="a replayed day is long past when its salt is made")


class JobTick(Base):
    """When a job last did its work, and its last error; the health page reads it."""

    __tablename__ = "job_ticks"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    worker: Mapped[str] = mapped_column(String(200), default="", comment="host and process")
    ticked_at: Mapped[datetime]
    failed_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(String(2000), default="")
