"""Names that stand in the database: what rules may mention, and how channels and people are called."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.conditions import Condition
from alerts.models import Channel
from alerts.sentences import Names
from alerts.specs import Known
from alerts.values import fold
from enrichment.models import Product, TargetList
from tracker.models import Site, User


def read_known(session: Session) -> Known:
    """The page groups of all sites, the target lists and the products, each name once."""
    groups = session.scalars(select(Site.page_groups).order_by(Site.id)).all()
    return Known(
        page_groups=_once(str(group[0]) for page_groups in groups for group in page_groups),
        target_lists=tuple(session.scalars(select(TargetList.name).order_by(TargetList.name))),
        products=tuple(session.scalars(select(Product.name).order_by(Product.name))),
    )


def read_names(session: Session) -> Names:
    """What `read_back` calls channels and people."""
    channels = session.execute(select(Channel.name, Channel.kind, Channel.target).order_by(Channel.name))
    users = session.execute(select(User.email, User.name).order_by(User.email))
    return Names(
        channels={name: (kind, target) for name, kind, target in channels},
        users=dict(users.all()),
    )


def choices_of(condition: Condition, known: Known) -> tuple[str, ...]:
    """The values a form offers for the condition: its own fixed ones and those of the installation."""
    return condition.choices + (known.of(condition.source) if condition.source else ())


def _once(names: Iterable[str]) -> tuple[str, ...]:
    by_fold: dict[str, str] = {}
    for name in names:
        by_fold.setdefault(fold(name), name)
    return tuple(by_fold.values())
