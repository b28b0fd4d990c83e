"""The figures of the identification report: how much is identified, by what, and how often it is right."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, tzinfo
from typing import Any

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from alerts.models import Alert
from enrichment.company_names import name_key
from enrichment.corrections import CONFIRMED, CONFIRMED_DOMAIN
from enrichment.kinds import ORGANISATIONS, Kind
from enrichment.learned import CROWD, CROWD_WITHIN
from enrichment.models import Company, Correction, Identification
from tracker.models import Visit

LEAST_VISITS = 100
# Evidence is read one by one; the newest say enough.
MOST_READ = 20_000
NETWORKS = 10
# Staff are dropped before they are visits; these are what is left of staff and bots after that.
LEFT_OUT = (Kind.BOT, Kind.RESERVED)
# Sources that settle what an address is: a person said so, or it was proved.
JUDGES = frozenset({"override", "proved contact"})
KIND_GROUPS: Mapping[str, tuple[Kind, ...]] = {
    "Companies": (Kind.COMPANY,),
    "Universities and authorities": (Kind.EDUCATION, Kind.GOVERNMENT),
    "Internet providers": (Kind.ISP,),
    "Hosting, VPN and Tor": (Kind.HOSTING, Kind.VPN, Kind.TOR),
    "Not known": (Kind.UNKNOWN,),
}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How one source fared: on how many visits it spoke, and what others said to that."""

    source: str
    spoke: int = 0
    named: int = 0
    agreed: int = 0
    contradicted: int = 0
    right: int = 0
    wrong: int = 0

    @property
    def judged(self) -> int:
        return self.right + self.wrong


@dataclass(frozen=True, slots=True)
class NetworkLine:
    """A network whose visits nobody could name."""

    network: str
    organisation: str
    kind: str
    visits: int
    visitors: int
    latest_visit: int


@dataclass(frozen=True, slots=True)
class CrowdLine:
    """A company nobody works with from which a crowd came within a day: it may be a provider."""

    company_id: int
    name: str
    visitors: int
    latest_visit: int


@dataclass(frozen=True, slots=True)
class RuleLine:
    rule: str
    alerts: int
    taken: int
    useful: int
    not_useful: int


@dataclass(frozen=True, slots=True)
class Report:
    days: int
    visits: int
    left_out: int
    identified: int
    kinds: tuple[tuple[str, int], ...]
    per_day: tuple[tuple[date, int], ...]
    sources: tuple[SourceLine, ...] = ()
    read: int = 0
    networks: tuple[NetworkLine, ...] = ()
    crowds: tuple[CrowdLine, ...] = ()
    corrections: Mapping[str, int] = field(default_factory=dict)
    rules: tuple[RuleLine, ...] = ()

    @property
    def counted(self) -> int:
        """Visits of which a share can be told: all but bots and staff."""
        return self.visits - self.left_out

    @property
    def share(self) -> float:
        return self.identified / self.counted if self.counted else 0.0

    @property
    def is_enough(self) -> bool:
        return self.counted >= LEAST_VISITS


def get_report(session: Session, days: int, zone: tzinfo, now: datetime) -> Report:
    since = _visits_since(now - timedelta(days=days))
    kinds, identified = _count_kinds(session, since)
    evidence = _read_evidence(session, since)
    return Report(
        days=days,
        visits=sum(kinds.values()),
        left_out=sum(kinds[kind] for kind in LEFT_OUT),
        identified=identified,
        kinds=tuple((words, sum(kinds[kind] for kind in group)) for words, group in KIND_GROUPS.items()),
        per_day=_per_day(session, since, days, zone, now),
        sources=weigh_sources(evidence),
        read=len(evidence),
        networks=_largest_unidentified(session, since),
        crowds=_crowds(session, now),
        corrections=_corrections(session, now - timedelta(days=days)),
        rules=_rules(session, now - timedelta(days=days)),
    )


def _visits_since(moment: datetime) -> list[ColumnElement[bool]]:
    return [Visit.started_at > moment, Visit.merged_into_id.is_(None), Visit.identified_at.is_not(None)]


def _count_kinds(session: Session, since: list[ColumnElement[bool]]) -> tuple[Counter[str], int]:
    """Visits by kind, and how many of them were given a company."""
    rows = session.execute(
        select(Identification.kind, func.count(), func.count(Identification.company_id))
        .join(Visit, Visit.id == Identification.visit_id)
        .where(*since)
        .group_by(Identification.kind)
    ).all()
    counted = Counter({kind: count for kind, count, _ in rows})
    return counted, sum(named for kind, _, named in rows if kind not in LEFT_OUT)


def _per_day(
    session: Session, since: list[ColumnElement[bool]], days: int, zone: tzinfo, now: datetime
) -> tuple[tuple[date, int], ...]:
    """Identified visits of each day in the reader's zone, oldest first."""
    today = now.astimezone(zone).date()
    started = session.scalars(
        select(Visit.started_at)
        .join(Identification, Identification.visit_id == Visit.id)
        .where(*since, Identification.company_id.is_not(None), Identification.kind.not_in(LEFT_OUT))
    )
    counts = Counter(moment.astimezone(zone).date() for moment in started)
    return tuple(
        (day, counts[day]) for day in (today - timedelta(days=back) for back in range(days - 1, -1, -1))
    )


def _read_evidence(session: Session, since: list[ColumnElement[bool]]) -> Sequence[list[dict[str, Any]]]:
    newest = (
        select(Identification.evidence)
        .join(Visit, Visit.id == Identification.visit_id)
        .where(*since, Identification.kind.not_in(LEFT_OUT))
        .order_by(Identification.visit_id.desc())
        .limit(MOST_READ)
    )
    return session.scalars(newest).all()


def weigh_sources(visits: Iterable[Sequence[Mapping[str, Any]]]) -> tuple[SourceLine, ...]:
    """By source, what it said on these visits beside what the others said; the busiest first."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for evidence in visits:
        saying = [row for row in evidence if row.get("weight") and row.get("kind") != Kind.UNKNOWN]
        judge = next((row for row in saying if row.get("source") in JUDGES), None)
        for row in saying:
            counts[str(row.get("source", ""))].update(_marks(row, saying, judge))
    lines = [SourceLine(source, **marks) for source, marks in counts.items()]
    return tuple(sorted(lines, key=lambda line: (-line.spoke, line.source)))


def _marks(
    row: Mapping[str, Any], saying: Sequence[Mapping[str, Any]], judge: Mapping[str, Any] | None
) -> list[str]:
    """The counters of SourceLine that one row of evidence adds to."""
    others = [other for other in saying if other is not row and other.get("source") != row.get("source")]
    marks = ["spoke"]
    if row.get("kind") in ORGANISATIONS:
        marks.append("named")
    if any(_agree(row, other) for other in others):
        marks.append("agreed")
    if any(not _agree(row, other) for other in others):
        marks.append("contradicted")
    if judge is not None and row.get("source") not in JUDGES:
        marks.append("right" if _agree(row, judge) else "wrong")
    return marks


def _agree(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """The same kind; of organisations, the same domain or name."""
    if one.get("kind") != other.get("kind"):
        return False
    if one.get("kind") not in ORGANISATIONS:
        return True
    if one.get("domain") and one.get("domain") == other.get("domain"):
        return True
    return name_key(str(one.get("organisation", ""))) == name_key(str(other.get("organisation", "")))


def _largest_unidentified(session: Session, since: list[ColumnElement[bool]]) -> tuple[NetworkLine, ...]:
    rows = session.execute(
        select(
            Identification.network,
            func.max(Identification.organisation),
            func.max(Identification.kind),
            func.count(),
            func.count(Visit.visitor_id.distinct()),
            func.max(Identification.visit_id),
        )
        .join(Visit, Visit.id == Identification.visit_id)
        .where(*since, Identification.company_id.is_(None), Identification.network != "")
        .where(Identification.kind.not_in(LEFT_OUT))
        .group_by(Identification.network)
        .order_by(func.count().desc(), Identification.network)
        .limit(NETWORKS)
    )
    return tuple(NetworkLine(*row) for row in rows)


def _crowds(session: Session, now: datetime) -> tuple[CrowdLine, ...]:
    """Companies without a stage that more visitors came from in the last day than work in most offices."""
    visitors = func.count(Visit.visitor_id.distinct())
    rows = session.execute(
        select(Company.id, Company.name, visitors, func.max(Visit.id))
        .join(Identification, Identification.company_id == Company.id)
        .join(Visit, Visit.id == Identification.visit_id)
        .where(Visit.ended_at > now - CROWD_WITHIN, Company.stage == "")
        .group_by(Company.id, Company.name)
        .having(visitors > CROWD)
        .order_by(visitors.desc(), Company.id)
        .limit(NETWORKS)
    )
    return tuple(CrowdLine(*row) for row in rows)


def _corrections(session: Session, moment: datetime) -> dict[str, int]:
    """Corrections made since then and not taken back, by verdict; "right" are those that confirm a name."""
    confirms = or_(*(Correction.note.startswith(note) for note in (CONFIRMED, CONFIRMED_DOMAIN)))
    verdict = case((confirms, "right"), else_=Correction.verdict)
    rows = session.execute(
        select(verdict, func.count())
        .where(Correction.made_at > moment, Correction.undone_at.is_(None))
        .group_by(verdict)
    )
    return {verdict: count for verdict, count in rows}  # noqa: C416 - rows are no pairs to mypy


def _rules(session: Session, moment: datetime) -> tuple[RuleLine, ...]:
    def counted(condition: ColumnElement[bool]) -> ColumnElement[int]:
        return func.count(case((condition, 1)))

    rows = session.execute(
        select(
            Alert.rule_name,
            func.count(),
            counted(Alert.taken_at.is_not(None)),
            counted(Alert.useful.is_(True)),
            counted(Alert.useful.is_(False)),
        )
        .where(Alert.created_at > moment)
        .group_by(Alert.rule_name)
        .order_by(func.count().desc(), Alert.rule_name)
        .limit(20)
    )
    return tuple(RuleLine(*row) for row in rows)
