"""Tables of companies, who they are known to be, and what we know of them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, Numeric, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from tracker.db import Base


class Stage(StrEnum):
    """Lifecycle stages, in the order in which a contact or company passes them."""

    SUBSCRIBER = "subscriber"
    LEAD = "lead"
    MQL = "mql"
    SQL = "sql"
    OPPORTUNITY = "opportunity"
    CUSTOMER = "customer"
    EVANGELIST = "evangelist"
    OTHER = "other"


class DealState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Proof(StrEnum):
    """How sure we are that a visitor is the person: an unsigned call claims, a signed one proves."""

    CLAIMED = "claimed"
    PROVED = "proved"


class Company(Base):
    """An organisation; its key is the registered domain where known."""

    __tablename__ = "companies"
    __table_args__ = (
        Index("ix_companies_name_key", "name_key"),
        Index("ix_companies_last_seen", "last_seen_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    domain: Mapped[str | None] = mapped_column(String(253), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    name_key: Mapped[str] = mapped_column(String(200), comment="the name folded, without its legal form")
    kind: Mapped[str] = mapped_column(String(20), default="company")
    country: Mapped[str] = mapped_column(String(2), default="", comment="ISO 3166-1 alpha-2")
    employees: Mapped[int | None] = mapped_column(comment="or the lower end of a band")
    employees_to: Mapped[int | None] = mapped_column(
        comment="upper end of a band; 0: no upper end; empty: an exact number"
    )
    revenue: Mapped[int | None] = mapped_column(BigInteger, comment="or the lower end of a band")
    revenue_to: Mapped[int | None] = mapped_column(BigInteger, comment="as employees_to")
    revenue_year: Mapped[int | None]
    currency: Mapped[str] = mapped_column(String(3), default="")
    nace_code: Mapped[str] = mapped_column(String(10), default="")
    nace_label: Mapped[str] = mapped_column(String(200), default="")
    city: Mapped[str] = mapped_column(String(100), default="")
    linkedin: Mapped[str] = mapped_column(String(300), default="")
    industry: Mapped[str] = mapped_column(String(200), default="")
    registration_number: Mapped[str] = mapped_column(String(40), default="")
    tags: Mapped[list[Any]] = mapped_column(default=list)
    stage: Mapped[str] = mapped_column(String(20), default="", comment="empty: a prospect without a stage")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    source: Mapped[str] = mapped_column(
        String(40), default="", comment="what made the row: import, identification"
    )
    created_at: Mapped[datetime]
    first_seen_at: Mapped[datetime | None]
    last_seen_at: Mapped[datetime | None] = mapped_column(comment="its latest visit; empty: never on a site")
    parent_id: Mapped[int | None] = mapped_column(
        ForeignKey("companies.id", ondelete="SET NULL"), comment="the company it belongs to"
    )
    merged_into_id: Mapped[int | None] = mapped_column(
        ForeignKey("companies.id"), comment="the company it is now; that one is never merged itself"
    )


class CompanyField(Base):
    """What one source says of one field of a company's profile; the company's row holds what counts."""

    __tablename__ = "company_fields"

    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"), primary_key=True)
    field: Mapped[str] = mapped_column(String(40), primary_key=True)
    source: Mapped[str] = mapped_column(
        String(40), primary_key=True, comment="hand, import, or the kind of a vendor"
    )
    value: Mapped[list[Any]] = mapped_column(default=list, comment="the field's columns, in order")
    said_by: Mapped[str] = mapped_column(String(320), default="", comment="an e-mail, a file, a vendor")
    said_at: Mapped[datetime]


class CompanyMerge(Base):
    """That a company was joined with another, or split off from it, and all that moved: to undo it."""

    __tablename__ = "company_merges"
    __table_args__ = (Index("ix_company_merges_into", "into_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(10), comment="merge or split")
    from_id: Mapped[int] = mapped_column(
        ForeignKey("companies.id", ondelete="CASCADE"), comment="whose rows moved"
    )
    into_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    moved: Mapped[dict[str, Any]] = mapped_column(default=dict, comment="table: keys of its rows")
    made_by: Mapped[str] = mapped_column(String(320))
    made_at: Mapped[datetime]
    undone_by: Mapped[str] = mapped_column(String(320), default="")
    undone_at: Mapped[datetime | None]


class Identification(Base):
    """The claim "this visit belongs to that company", with its evidence; company empty: not identified."""

    __tablename__ = "identifications"
    __table_args__ = (
        Index("ix_identifications_company", "company_id", "visit_id"),
        # Serves the question "which visits wait for a vendor?".
        Index(
            "ix_identifications_vendor",
            "visit_id",
            sqlite_where=text("waits_for_vendor"),
            postgresql_where=text("waits_for_vendor"),
        ),
    )

    visit_id: Mapped[int] = mapped_column(ForeignKey("visits.id", ondelete="CASCADE"), primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id"))
    kind: Mapped[str] = mapped_column(String(20))
    organisation: Mapped[str] = mapped_column(
        String(200),
        default="",
        comment="who runs the network, as a fact; never shown as the company of a visit",
    )
    confidence: Mapped[float] = mapped_column(default=0.0, comment="0 to 1")
    country: Mapped[str] = mapped_column(String(2), default="")
    network: Mapped[str] = mapped_column(String(50), default="")
    evidence: Mapped[list[Any]] = mapped_column(default=list)
    identified_at: Mapped[datetime]
    waits_for_vendor: Mapped[bool] = mapped_column(
        default=False, comment="not identified, and a vendor that may be asked has not answered"
    )


class Contact(Base):
    """A known person with an e-mail at a company."""

    __tablename__ = "contacts"
    __table_args__ = (Index("ix_contacts_company", "company_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True, comment="lower case")
    name: Mapped[str] = mapped_column(String(200), default="")
    phone: Mapped[str] = mapped_column(String(40), default="")
    role: Mapped[str] = mapped_column(String(200), default="")
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id", ondelete="SET NULL"))
    stage: Mapped[str] = mapped_column(String(20), default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    consent: Mapped[str] = mapped_column(String(40), default="")
    source: Mapped[str] = mapped_column(String(40), default="")
    created_at: Mapped[datetime]


class VisitorContact(Base):
    """Who a visitor says they are (claimed) or has been proved to be."""

    __tablename__ = "visitor_contacts"
    __table_args__ = (
        UniqueConstraint("visitor_id", "email"),
        Index("ix_visitor_contacts_email", "email"),
        Index("ix_visitor_contacts_contact", "contact_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    visitor_id: Mapped[int] = mapped_column(ForeignKey("visitors.id", ondelete="CASCADE"))
    email: Mapped[str] = mapped_column(String(320), comment="lower case")
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contacts.id", ondelete="CASCADE"), comment="empty: a claim by someone we do not know"
    )
    proof: Mapped[str] = mapped_column(String(10), default=Proof.CLAIMED)
    linked_at: Mapped[datetime]


class VisitorCompany(Base):
    """The company that one of our customer's servers says a visitor belongs to; the last word counts."""

    __tablename__ = "visitor_companies"

    visitor_id: Mapped[int] = mapped_column(ForeignKey("visitors.id", ondelete="CASCADE"), primary_key=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    domain: Mapped[str] = mapped_column(String(253), default="", comment="one can register it")
    said_at: Mapped[datetime]


class Deal(Base):
    """A possible sale."""

    __tablename__ = "deals"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'won', 'lost')", name="state"),
        Index("ix_deals_company", "company_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    external_id: Mapped[str] = mapped_column(
        String(100), unique=True, comment="its id in the file or CRM it came from"
    )
    name: Mapped[str] = mapped_column(String(200))
    company_id: Mapped[int] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    state: Mapped[str] = mapped_column(String(10))
    amount: Mapped[Decimal | None] = mapped_column(Numeric(16, 2))
    currency: Mapped[str] = mapped_column(String(3), default="")
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    closed_at: Mapped[datetime | None]


class Product(Base):
    """Something we sell, with the pages that are about it."""

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)
    pages: Mapped[list[Any]] = mapped_column(default=list, comment="page patterns")


class DealProduct(Base):
    __tablename__ = "deal_products"

    deal_id: Mapped[int] = mapped_column(ForeignKey("deals.id", ondelete="CASCADE"), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)


class TargetList(Base):
    """Named companies an admin chose; ideal customers."""

    __tablename__ = "target_lists"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(200), unique=True)


class TargetListEntry(Base):
    """A domain on a target list; the company need not have been seen yet."""

    __tablename__ = "target_list_entries"
    __table_args__ = (Index("ix_target_list_entries_domain", "domain"),)

    list_id: Mapped[int] = mapped_column(ForeignKey("target_lists.id", ondelete="CASCADE"), primary_key=True)
    domain: Mapped[str] = mapped_column(String(253), primary_key=True)


class StageChange(Base):
    """The receipt of a change of lifecycle stage: what, why, by whom, when."""

    __tablename__ = "stage_changes"
    __table_args__ = (
        CheckConstraint("(company_id IS NULL) <> (contact_id IS NULL)", name="one_subject"),
        Index("ix_stage_changes_company", "company_id"),
        Index("ix_stage_changes_contact", "contact_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    company_id: Mapped[int | None] = mapped_column(ForeignKey("companies.id", ondelete="CASCADE"))
    contact_id: Mapped[int | None] = mapped_column(ForeignKey("contacts.id", ondelete="CASCADE"))
    old_stage: Mapped[str] = mapped_column(String(20), default="")
    new_stage: Mapped[str] = mapped_column(String(20), default="")
    reason: Mapped[str] = mapped_column(String(300), comment="import of companies.csv, set by hand")
    changed_by: Mapped[str] = mapped_column(
        String(320), default="", comment="a user's e-mail, or the command"
    )
    changed_at: Mapped[datetime]


class NetworkOverride(Base):
    """An admin's word on a network or AS number: this company, or never a company."""

    __tablename__ = "network_overrides"

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(String(50), unique=True, comment="CIDR, or AS and a number: AS3301")
    kind: Mapped[str] = mapped_column(String(20))
    organisation: Mapped[str] = mapped_column(String(200), default="")
    domain: Mapped[str] = mapped_column(String(253), default="")
    reason: Mapped[str] = mapped_column(String(300), default="")
    created_by: Mapped[str] = mapped_column(String(320), default="")
    created_at: Mapped[datetime]


class Correction(Base):
    """A seller's word on a network, what it replaced, and whether it was taken back."""

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(primary_key=True)
    network: Mapped[str] = mapped_column(String(50), comment="CIDR; one address is a network of its own")
    verdict: Mapped[str] = mapped_column(String(10), comment="company, provider or us")
    organisation: Mapped[str] = mapped_column(String(200), default="")
    domain: Mapped[str] = mapped_column(String(253), default="")
    note: Mapped[str] = mapped_column(String(300), default="")
    replaced: Mapped[dict[str, Any]] = mapped_column(
        default=dict, comment="the override of the network that it took the place of"
    )
    site_ids: Mapped[list[Any]] = mapped_column(
        default=list, comment="sites to whose staff networks it added this one"
    )
    signer: Mapped[str] = mapped_column(
        String(64), default="", comment="fingerprint of the installation it came from; empty: made here"
    )
    made_by: Mapped[str] = mapped_column(String(320))
    made_at: Mapped[datetime]
    undone_by: Mapped[str] = mapped_column(String(320), default="")
    undone_at: Mapped[datetime | None]


class VendorAccount(Base):
    """A vendor that may be asked whose an address is, how often, for which sites, and how it has fared."""

    __tablename__ = "vendor_accounts"

    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    enabled: Mapped[bool] = mapped_column(default=False)
    settings: Mapped[dict[str, Any]] = mapped_column(default=dict, comment="the vendor's own fields")
    sites: Mapped[list[Any]] = mapped_column(
        default=list, comment="keys of the sites whose visitors' addresses may be sent; empty: none"
    )
    daily_budget: Mapped[int] = mapped_column(default=1000, comment="requests a day, in UTC")
    price: Mapped[Decimal] = mapped_column(Numeric(12, 6), default=0, comment="of one answer with a company")
    currency: Mapped[str] = mapped_column(String(3), default="")
    failures: Mapped[int] = mapped_column(default=0, comment="in a row")
    stopped_until: Mapped[datetime | None] = mapped_column(comment="the circuit breaker is open until then")
    last_error: Mapped[str] = mapped_column(String(300), default="")
    failed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    created_at: Mapped[datetime]


class VendorAnswer(Base):
    """What a vendor said of a network, kept so that it is not asked again; also that it knew nothing."""

    __tablename__ = "vendor_answers"
    __table_args__ = (
        UniqueConstraint("vendor", "network"),
        Index("ix_vendor_answers_network", "network"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    vendor: Mapped[str] = mapped_column(String(40))
    network: Mapped[str] = mapped_column(String(50), comment="CIDR")
    prefix: Mapped[int] = mapped_column(comment="its length, below 0 for IPv4: -32 is one address")
    outcome: Mapped[str] = mapped_column(String(10), comment="found, not_found or queued")
    found: Mapped[dict[str, Any]] = mapped_column(default=dict)
    tries: Mapped[int] = mapped_column(default=0, comment="how often the vendor queued it")
    asked_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class VendorRequest(Base):
    """One address that was sent to a vendor: written before it leaves, completed after the answer."""

    __tablename__ = "vendor_requests"
    __table_args__ = (Index("ix_vendor_requests_sent", "vendor", "sent_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    vendor: Mapped[str] = mapped_column(String(40))
    address: Mapped[str] = mapped_column(String(45))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id", ondelete="SET NULL"))
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visits.id", ondelete="SET NULL"))
    sent_at: Mapped[datetime]
    outcome: Mapped[str] = mapped_column(
        String(10), default="", comment="found, not_found, retry, quota, refused; empty: no answer yet"
    )
    detail: Mapped[str] = mapped_column(String(300), default="")
    cost: Mapped[Decimal] = mapped_column(Numeric(12, 6), default=0)
    milliseconds: Mapped[int] = mapped_column(default=0)


class HostName(Base):
    """The confirmed name of an address in the DNS, or that it has none; also the queue of those to ask."""

    __tablename__ = "host_names"
    __table_args__ = (Index("ix_host_names_due", "next_try_at"), Index("ix_host_names_domain", "domain"))

    address: Mapped[str] = mapped_column(String(45), primary_key=True)
    name: Mapped[str] = mapped_column(String(253), default="", comment="empty: none, or not asked yet")
    domain: Mapped[str] = mapped_column(String(253), default="", comment="its registered domain")
    asked_at: Mapped[datetime | None] = mapped_column(comment="empty: no answer yet")
    tries: Mapped[int] = mapped_column(default=0, comment="questions without an answer")
    next_try_at: Mapped[datetime]
