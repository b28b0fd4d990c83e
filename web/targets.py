"""Target lists: companies an admin named by domain."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from enrichment.domain_names import is_free_mail, registered_domain
from enrichment.models import Company, TargetList, TargetListEntry
from enrichment.targets import get_domains, put_on_list, take_off_list
from web.context import get_database, needs_admin
from web.forms import REFUSED, Form, Lines, Text, add_error

blueprint = Blueprint("targets", __name__, url_prefix="/target-lists")


def check_domain(line: str) -> str:
    """The registered domain behind what was written. Raises ValueError."""
    domain = registered_domain(line)
    if domain is None:
        raise ValueError(f"{line[:80]} is no domain; write one such as scania.com")
    if is_free_mail(domain):
        raise ValueError(f"{domain} is a mail service for everybody, not a company")
    return domain


class TargetListForm(Form):
    name = Text("Name", needed="Write a name")
    domains = Lines(
        "Companies by domain",
        check=check_domain,
        most=20_000,
        description="One a line, such as scania.com. They need not have been on the site yet.",
    )


@blueprint.get("")
@needs_admin
def index() -> ResponseReturnValue:
    with get_database().read() as db:
        rows = list_lists(db)
    return render_template("targets/list.html", rows=rows)


def list_lists(db: Session) -> Sequence[tuple[TargetList, int, int]]:
    """Each list with how many companies it names and how many of those were on a site."""
    seen = func.count(Company.id).filter(Company.last_seen_at.is_not(None))
    found = (
        select(TargetList, func.count(TargetListEntry.domain), seen)
        .outerjoin(TargetListEntry, TargetListEntry.list_id == TargetList.id)
        .outerjoin(Company, Company.domain == TargetListEntry.domain)
        .group_by(TargetList.id)
        .order_by(func.lower(TargetList.name), TargetList.id)
    )
    return [(row[0], row[1], row[2]) for row in db.execute(found)]


@blueprint.route("/new", methods=["GET", "POST"])
@needs_admin
def new() -> ResponseReturnValue:
    form = TargetListForm()
    if form.validate_on_submit() and _save(form, None):
        flash(f"{form.name.data} is added.", "good")
        return redirect(url_for("targets.index"))
    page = render_template("targets/edit.html", form=form, target_list=None)
    return page, REFUSED if form.is_submitted() else 200


@blueprint.route("/<int:list_id>", methods=["GET", "POST"])
@needs_admin
def edit(list_id: int) -> ResponseReturnValue:
    with get_database().read() as db:
        target_list = _get(db, list_id)
        domains = sorted(get_domains(db, target_list))
    form = TargetListForm(data={"name": target_list.name, "domains": domains})
    if form.validate_on_submit() and _save(form, list_id):
        flash(f"{form.name.data} is saved.", "good")
        return redirect(url_for("targets.index"))
    page = render_template("targets/edit.html", form=form, target_list=target_list)
    return page, REFUSED if form.is_submitted() else 200


def _save(form: TargetListForm, list_id: int | None) -> bool:
    with get_database().write() as db:
        namesake = db.scalar(select(TargetList).where(TargetList.name == form.name.data))
        if namesake and namesake.id != list_id:
            add_error(form.name, "There is a list with this name already")
            return False
        target_list = _get(db, list_id) if list_id else TargetList()
        target_list.name = form.name.data
        db.add(target_list)
        db.flush()
        wanted = set(form.domains.data)
        take_off_list(db, target_list, get_domains(db, target_list) - wanted)
        put_on_list(db, target_list, wanted)
    return True


@blueprint.route("/<int:list_id>/delete", methods=["GET", "POST"])
@needs_admin
def remove(list_id: int) -> ResponseReturnValue:
    """Asks first: rules that ask for the list never hold without it."""
    form = Form()
    with get_database().read() as db:
        target_list = _get(db, list_id)
        domains = len(get_domains(db, target_list))
    if not form.validate_on_submit():
        return render_template("targets/delete.html", form=form, target_list=target_list, domains=domains)
    with get_database().write() as db:
        db.execute(delete(TargetListEntry).where(TargetListEntry.list_id == list_id))
        db.execute(delete(TargetList).where(TargetList.id == list_id))
    flash(f"{target_list.name} is deleted.", "good")
    return redirect(url_for("targets.index"))


def _get(db: Session, list_id: int) -> TargetList:
    return db.get(TargetList, list_id) or abort(404)
