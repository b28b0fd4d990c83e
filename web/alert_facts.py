"""What the page of an alert says: why it rang, why you, and how long each step took."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.models import Alert, Decision, Delivery, DeliveryState, DeliveryTry, Outcome, Rule
from alerts.shown import message_lines
from enrichment.as_reach import read_asn
from enrichment.corrections import active_corrections, find_correction
from enrichment.models import Company, Contact, Correction, Identification
from tracker.models import PageView, User, Visit
from tracker.settings import Settings

# The last step that Doorbell itself takes; what follows depends on the far end.
RESENDABLE = (DeliveryState.FAILED, DeliveryState.UNKNOWN)


@dataclass(frozen=True, slots=True)
class Hop:
    """One step of the way from the page view; milliseconds since the first and since the step before."""

    name: str
    at: datetime
    since_ms: int
    step_ms: int
    share: float  # of the longest step, 0 to 1


@dataclass(frozen=True, slots=True)
class Try:
    started_at: datetime
    ended_at: datetime | None
    outcome: str
    error: str


@dataclass(frozen=True, slots=True)
class DeliveryFacts:
    id: int
    channel_id: int | None
    channel: str
    whom: str
    target: str
    why: str
    state: str
    tries: tuple[Try, ...]
    next_try_at: datetime
    possible_repeat: bool
    last_error: str
    delivered_at: datetime | None
    message: tuple[str, ...]

    @property
    def can_be_sent_again(self) -> bool:
        return self.state in RESENDABLE


@dataclass(frozen=True, slots=True)
class Undecided:
    """What another rule said about the same visit."""

    rule: str
    outcome: str
    reason: str


@dataclass(frozen=True, slots=True)
class Corrected:
    """What the visit is called since the alert rang: a company or nobody, and whose word that is."""

    company_id: int | None
    company: str
    correction: Correction | None


@dataclass(frozen=True, slots=True)
class AlertFacts:
    alert: Alert
    company: Company | None
    contact: Contact | None
    visit: Visit
    page: PageView | None
    confidence: float
    taken_by: str
    hops: tuple[Hop, ...]
    deliveries: tuple[DeliveryFacts, ...]
    others: tuple[Undecided, ...]
    repeat_after: timedelta | None  # None: the rule is gone
    corrected: Corrected | None

    @property
    def rings_again_at(self) -> datetime | None:
        """When the rule's repeat interval, as it is now, ends for this alert's subject."""
        return self.alert.seen_at + self.repeat_after if self.repeat_after else None

    @property
    def seconds(self) -> float | None:
        """From the page view to the first acceptance; None while nobody has been told."""
        done = [one.delivered_at for one in self.deliveries if one.delivered_at]
        return (min(done) - self.alert.seen_at).total_seconds() if done else None


def find_alert_facts(session: Session, public_id: str, settings: Settings) -> AlertFacts | None:
    """All of it; None when there is no such alert."""
    statement = (
        select(Alert, Visit, Company, Contact, PageView, Identification, User.name, User.email, Rule)
        .join(Visit, Visit.id == Alert.visit_id)
        .outerjoin(Company, Company.id == Alert.company_id)
        .outerjoin(Contact, Contact.id == Alert.contact_id)
        .outerjoin(Rule, Rule.id == Alert.rule_id)
        .outerjoin(PageView, PageView.id == Alert.page_view_id)
        .outerjoin(Identification, Identification.visit_id == Alert.visit_id)
        .outerjoin(User, User.id == Alert.taken_by_id)
        .where(Alert.public_id == public_id)
    )
    row = session.execute(statement).first()
    if row is None:
        return None
    alert, visit, company, contact, page, identified, name, email, rule = row
    deliveries = _deliveries(session, alert.id, settings)
    return AlertFacts(
        alert=alert,
        company=company,
        contact=contact,
        visit=visit,
        page=page,
        confidence=identified.confidence if identified else 0.0,
        taken_by=name or email or "",
        hops=_hops(alert, page, identified, deliveries),
        deliveries=deliveries,
        others=_others(session, alert),
        repeat_after=timedelta(seconds=rule.repeat_after_seconds) if rule else None,
        corrected=_find_corrected(session, alert, visit, identified),
    )


def _find_corrected(
    session: Session, alert: Alert, visit: Visit, identified: Identification | None
) -> Corrected | None:
    """None while the visit is still called what the alert said."""
    if identified is None or identified.company_id == alert.company_id:
        return None
    company = session.get(Company, identified.company_id) if identified.company_id else None
    asn = read_asn(identified.evidence)
    correction = find_correction(active_corrections(session), visit.address, asn)
    return Corrected(identified.company_id, company.name if company else "", correction)


def _deliveries(session: Session, alert_id: int, settings: Settings) -> tuple[DeliveryFacts, ...]:
    statement = (
        select(Delivery, User.name, User.email)
        .outerjoin(User, User.id == Delivery.user_id)
        .where(Delivery.alert_id == alert_id)
        .order_by(Delivery.id)
    )
    rows = session.execute(statement).all()
    tries = _tries(session, [delivery.id for delivery, _, _ in rows])
    return tuple(
        DeliveryFacts(
            delivery.id,
            delivery.channel_id,
            delivery.channel_name,
            name or email or "",
            delivery.target,
            delivery.why,
            delivery.state,
            tuple(tries.get(delivery.id, ())),
            delivery.next_try_at,
            delivery.possible_repeat,
            delivery.last_error,
            delivery.delivered_at,
            message_lines(session, delivery, settings),
        )
        for delivery, name, email in rows
    )


def _tries(session: Session, deliveries: list[int]) -> dict[int, list[Try]]:
    statement = select(DeliveryTry).where(DeliveryTry.delivery_id.in_(deliveries)).order_by(DeliveryTry.id)
    tries: dict[int, list[Try]] = {}
    for one in session.scalars(statement):
        tries.setdefault(one.delivery_id, []).append(
            Try(one.started_at, one.ended_at, one.outcome, one.error)
        )
    return tries


def _others(session: Session, alert: Alert) -> tuple[Undecided, ...]:
    statement = (
        select(Rule.name, Decision.outcome, Decision.reason)
        .join(Rule, Rule.id == Decision.rule_id)
        .where(Decision.visit_id == alert.visit_id, Decision.outcome != Outcome.ALERT)
        .where(Decision.rule_id != (alert.rule_id or 0))
        .order_by(Rule.name)
    )
    return tuple(Undecided(*row) for row in session.execute(statement))


def _hops(
    alert: Alert,
    page: PageView | None,
    identified: Identification | None,
    deliveries: tuple[DeliveryFacts, ...],
) -> tuple[Hop, ...]:
    moments = [*_own_moments(alert, page, identified), *_sent_moments(deliveries)]
    return make_hops(sorted(moments, key=lambda moment: moment[1]))


def _own_moments(
    alert: Alert, page: PageView | None, identified: Identification | None
) -> list[tuple[str, datetime]]:
    """The steps until the deliveries lay in the outbox."""
    moments = [("Page seen", alert.seen_at)]
    if page is not None:
        moments += [("On disk, answered 202", page.received_at), ("Visit saved", page.saved_at)]
        # A later page of the visit finds its company already known.
        if identified is not None and identified.identified_at >= page.seen_at:
            moments.append(("Company found", identified.identified_at))
        if page.decided_at is not None:
            moments.append(("Decided", page.decided_at))
    return [*moments, ("Queued", alert.created_at)]


def _sent_moments(deliveries: tuple[DeliveryFacts, ...]) -> list[tuple[str, datetime]]:
    moments: list[tuple[str, datetime]] = []
    for delivery in deliveries:
        for number, one in enumerate(delivery.tries, start=1):
            moments.append((f"Sent to {delivery.channel}, try {number}", one.started_at))
            if one.ended_at is not None:
                done = "accepted" if one.outcome == "delivered" else "answered with an error"
                moments.append((f"{delivery.channel} {done}", one.ended_at))
    return moments


def make_hops(moments: list[tuple[str, datetime]]) -> tuple[Hop, ...]:
    """Hops from named moments in their order."""
    if not moments:
        return ()
    times = [at for _, at in moments]
    steps = [0, *(_millis(later, earlier) for earlier, later in zip(times, times[1:], strict=False))]
    longest = max(steps) or 1
    return tuple(
        Hop(name, at, _millis(at, times[0]), step, step / longest)
        for (name, at), step in zip(moments, steps, strict=True)
    )


def _millis(later: datetime, earlier: datetime) -> int:
    return round((later - earlier).total_seconds() * 1000)
