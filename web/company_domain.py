"""One click gives a company the domain that no source asserts."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.domains import DomainTaken, confirm_domain
from enrichment.models import Company, Identification
from web.arguments import MAX_ID
from web.context import get_database, get_user, needs_user, request_now
from web.forms import strip

blueprint = Blueprint("company_domain", __name__)

LONGEST = 253


@blueprint.post("/companies/<int:company_id>/domain")
@needs_user
def confirm(company_id: int) -> ResponseReturnValue:
    """The domain of another company leads to the page that joins the two."""
    domain = strip(request.form.get("domain"))[:LONGEST]
    with get_database().write() as db:
        company = db.get(Company, company_id) if company_id <= MAX_ID else None
        if company is None or company.merged_into_id is not None:
            abort(404)
        try:
            found = confirm_domain(
                db, company, domain, _evidence(db, company_id), request_now(), get_user().email
            )
        except DomainTaken as error:
            flash(f"{error}. If the two are one company, join them here.", "bad")
            return redirect(
                url_for("company_edit.merge", company_id=error.other.id, other_id=company_id), 303
            )
        except ValueError as error:
            flash(f"Nothing was changed: {error}.", "bad")
        else:
            flash(f"{found} is its domain now, for past and future visits.", "good")
    return redirect(url_for("companies.company", company_id=company_id), 303)


def _evidence(session: Session, company_id: int) -> list[dict[str, object]]:
    """Of the latest visit that was called the company's."""
    mine = Identification.company_id == company_id
    latest = select(Identification.evidence).where(mine).order_by(Identification.visit_id.desc()).limit(1)
    return session.scalar(latest) or []
