"""Companies: the list, and the page that says whether to call and what to say."""

from __future__ import annotations

from datetime import tzinfo

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import update

from alerts.models import Alert
from enrichment.lifecycle import STAGES, set_stage
from enrichment.models import Company
from tracker.models import User
from web.arguments import MAX_ID, read_choice, read_number, read_search
from web.company_facts import find_company_facts
from web.company_list import NOBODY, PROSPECT, CompanyFilter, get_companies
from web.company_profile import get_profile
from web.context import get_database, get_user, needs_user, request_now
from web.forms import strip
from web.shell import get_reader
from web.timeline import get_company_timeline

blueprint = Blueprint("companies", __name__)

MAX_REASON = 200


@blueprint.get("/companies")
@needs_user
def companies() -> ResponseReturnValue:
    wanted = CompanyFilter(
        search=read_search(),
        stage=read_choice("stage", (*STAGES, PROSPECT)),
        owner=NOBODY if request.args.get("owner") == NOBODY else str(read_number("owner") or ""),
        before=read_number("before"),
    )
    with get_database().read() as db:
        found = get_companies(db, wanted, request_now())
    return render_template("companies/list.html", wanted=wanted, companies=found, stages=STAGES)


@blueprint.get("/c/<int:company_id>")
@needs_user
def short(company_id: int) -> ResponseReturnValue:
    """The short address that stands in messages."""
    return redirect(url_for("companies.company", company_id=company_id))


@blueprint.get("/companies/<int:company_id>")
@needs_user
def company(company_id: int) -> ResponseReturnValue:
    zone: tzinfo = get_reader().zone
    with get_database().read() as db:
        facts = find_company_facts(db, _checked(company_id), zone, request_now())
        if facts is None:
            abort(404)
        if facts.company.merged_into_id:
            return redirect(url_for("companies.company", company_id=facts.company.merged_into_id))
        timeline = get_company_timeline(db, company_id, zone, read_number("before"))
        profile = get_profile(db, facts.company)
    return render_template(
        "companies/company.html", facts=facts, timeline=timeline, profile=profile, stages=STAGES
    )


@blueprint.post("/companies/<int:company_id>/stage")
@needs_user
def change_stage(company_id: int) -> ResponseReturnValue:
    """Sets the stage by hand; the receipt keeps who, when and why."""
    stage = request.form.get("stage", "")
    if stage and stage not in STAGES:
        abort(400)
    reason = strip(request.form.get("reason"))[:MAX_REASON]
    with get_database().write() as db:
        found = db.get(Company, _checked(company_id))
        if found is None:
            abort(404)
        changed = set_stage(db, found, stage, reason or "set by hand", get_user().email, request_now())
    flash("The stage was changed." if changed else "It was at that stage already.", "good")
    return _back(company_id)


@blueprint.post("/companies/<int:company_id>/owner")
@needs_user
def change_owner(company_id: int) -> ResponseReturnValue:
    chosen = request.form.get("owner", "")
    owner_id = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
    with get_database().write() as db:
        found = db.get(Company, _checked(company_id))
        owner = db.get(User, owner_id) if owner_id else None
        if found is None or (chosen and (owner is None or owner.disabled_at)):
            abort(404)
        found.owner_id = owner.id if owner else None
    flash(f"{owner.name or owner.email} owns it now." if owner else "Nobody owns it now.", "good")
    return _back(company_id)


@blueprint.post("/companies/<int:company_id>/take")
@needs_user
def take(company_id: int) -> ResponseReturnValue:
    """Takes every open alert of the company, and the company itself where nobody owns it."""
    user = get_user()
    with get_database().write() as db:
        found = db.get(Company, _checked(company_id))
        if found is None:
            abort(404)
        found.owner_id = found.owner_id or user.id
        db.execute(
            update(Alert)
            .where(Alert.company_id == found.id, Alert.taken_at.is_(None))
            .values(taken_by_id=user.id, taken_at=request_now())
        )
    flash("It is yours. Colleagues see that you took it.", "good")
    return _back(company_id)


def _checked(number: int) -> int:
    """A number that no row can have is a page that does not exist, not an error of the database."""
    if number > MAX_ID:
        abort(404)
    return number


def _back(company_id: int) -> ResponseReturnValue:
    return redirect(url_for("companies.company", company_id=company_id), 303)
