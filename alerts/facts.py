"""What the rules are decided on: frozen facts about one page view. `gather.py` reads them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from enrichment.models import Proof

# What imports and forms write when a person has said no.
_REFUSED = {"no", "false", "0", "none", "denied", "withdrawn", "nej", "refused", "unsubscribed"}


def has_refused(consent: str) -> bool:
    return consent.strip().casefold() in _REFUSED


@dataclass(frozen=True, slots=True)
class PageFacts:
    """The page view that is decided on."""

    id: int
    url: str
    path: str
    title: str
    group: str
    seen_at: datetime
    received_at: datetime
    products: tuple[str, ...] = ()  # names of the products the page is about


@dataclass(frozen=True, slots=True)
class VisitFacts:
    """The visit it belongs to; `kind` and `country` are those of its address."""

    id: int
    site_id: int
    visitor_id: int
    started_at: datetime
    traffic_channel: str
    source_name: str = ""
    kind: str = "unknown"
    country: str = ""
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class DealFacts:
    """A deal of the company."""

    id: int
    name: str
    state: str
    owner_id: int | None = None
    amount: str = ""
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CompanyFacts:
    """The company of the visit and how sure we are of it: 0 to 1, and from what."""

    id: int
    name: str
    domain: str
    confidence: float
    kind: str = "company"
    country: str = ""
    employees: int | None = None
    stage: str = ""
    owner_id: int | None = None
    source: str = "address"  # address or contact
    evidence: tuple[str, ...] = ()
    target_lists: tuple[str, ...] = ()
    deals: tuple[DealFacts, ...] = ()
    owned_products: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ContactFacts:
    """A known person linked to the visitor, by their own claim or with proof."""

    id: int
    email: str
    name: str = ""
    role: str = ""
    stage: str = ""
    proof: str = Proof.CLAIMED
    owner_id: int | None = None
    company_name: str = ""
    consent: str = ""

    @property
    def label(self) -> str:
        """What reasons call the person: their e-mail, unless they refused to be named."""
        return "a known contact" if has_refused(self.consent) else self.email


@dataclass(frozen=True, slots=True)
class LastAlert:
    """The latest alert of a rule for a subject."""

    id: int
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """All that a rule may ask about one page view.

    `visits` and `page_views` count by number of days back from the page view, itself included: those of
    the company where one is known, else of the visitor. `last_alerts` is keyed by rule id and subject.
    """

    page: PageFacts
    visit: VisitFacts
    company: CompanyFacts | None = None
    contacts: tuple[ContactFacts, ...] = ()
    visits: Mapping[int, int] = field(default_factory=dict)
    page_views: Mapping[int, int] = field(default_factory=dict)
    last_alerts: Mapping[tuple[int, str], LastAlert] = field(default_factory=dict)

    @property
    def contact(self) -> ContactFacts | None:
        """The contact to name first: a proved one before a claimed one."""
        return next(iter(sorted(self.contacts, key=lambda contact: contact.proof != Proof.PROVED)), None)

    def contact_of(self, subject: str) -> ContactFacts | None:
        """The contact that an alert about the subject speaks of: the subject itself, where it is one."""
        return next((one for one in self.contacts if subject == f"contact:{one.id}"), self.contact)
