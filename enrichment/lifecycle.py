"""Lifecycle stages of companies and contacts; every change leaves a receipt."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from enrichment.models import Company, Contact, Stage, StageChange

STAGES: tuple[str, ...] = tuple(stage.value for stage in Stage)


def is_stage(text: str) -> bool:
    return text in STAGES


def set_stage(
    session: Session, subject: Company | Contact, stage: str, reason: str, changed_by: str, now: datetime
) -> StageChange | None:
    """Moves the company or contact to `stage` (empty: none) and keeps the receipt; None when it is there.

    Raises ValueError when `stage` is not a lifecycle stage.
    """
    if stage and not is_stage(stage):
        raise ValueError(f"{stage!r} is not a lifecycle stage; choose one of {', '.join(STAGES)}")
    if (subject.stage or "") == stage:
        return None
    if subject.id is None:
        session.flush()
    receipt = StageChange(
        company_id=subject.id if isinstance(subject, Company) else None,
        contact_id=subject.id if isinstance(subject, Contact) else None,
        old_stage=subject.stage or "",
        new_stage=stage,
        reason=reason[:300],
        changed_by=changed_by[:320],
        changed_at=now,
    )
    subject.stage = stage
    session.add(receipt)
    return receipt
