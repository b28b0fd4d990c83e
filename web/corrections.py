"""The correction book: say that a network is somebody else's, and take it back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from enrichment.as_reach import read_asn
from enrichment.corrections import (
    CONFIRMED,
    Verdict,
    Wanted,
    correct,
    find_visits,
    parse_cidr,
    undo,
    write_reach,
)
from enrichment.domain_names import is_free_mail, registered_domain
from enrichment.models import Company, Correction, Identification
from enrichment.providers.address import own_network, parse_address
from tracker.models import Visit
from web.arguments import MAX_ID, read_choice, read_number, read_search
from web.context import get_database, get_user, needs_user, request_now
from web.forms import REFUSED, Form, Text, add_error, strip

blueprint = Blueprint("corrections", __name__, url_prefix="/corrections")

SHOWN = 200
FOUND = 10


class CorrectionForm(Form):
    name = Text("Its name")
    domain = Text("Its domain", most=253, description="Such as scania.com; may stay empty.")
    note = Text("How you know", most=300, description="Stands in the evidence. May stay empty.")


@dataclass(frozen=True, slots=True)
class Reach:
    """One answer to "how far": a network, and how many past visits it changes."""

    network: str
    words: str
    visits: int


@dataclass(frozen=True, slots=True)
class Subject:
    """The visit whose identification is corrected."""

    visit_id: int
    company_id: int | None
    company: str
    domain: str
    organisation: str
    reaches: tuple[Reach, ...]


@blueprint.get("")
@needs_user
def index() -> ResponseReturnValue:
    with get_database().read() as db:
        rows = db.scalars(select(Correction).order_by(Correction.id.desc()).limit(SHOWN)).all()
    return render_template("corrections/list.html", rows=rows, form=Form())


@blueprint.route("/new", methods=["GET", "POST"])
@needs_user
def new() -> ResponseReturnValue:
    """Asks who it is instead and how far that reaches; the visit and the verdict stand in the address."""
    verdict = Verdict(read_choice("verdict", tuple(Verdict), Verdict.COMPANY))
    search = read_search()
    with get_database().read() as db:
        subject = find_subject(db, read_number("visit") or 0)
        if verdict is Verdict.US:
            subject = _without_as(subject)
        companies = search_companies(db, search) if verdict is Verdict.COMPANY else ()
    right = verdict is Verdict.COMPANY and bool(read_choice("right", ("1",)) and subject.company)
    form = CorrectionForm(data={"name": subject.company, "domain": subject.domain} if right else None)
    if right and form.is_submitted():
        form.note.data = f"{CONFIRMED}: {form.note.data}" if form.note.data else CONFIRMED
    if form.validate_on_submit() and (wanted := _read_wanted(form, subject, verdict)):
        return _make(wanted)
    page = render_template(
        "corrections/new.html",
        form=form,
        subject=subject,
        verdict=verdict,
        search=search,
        companies=companies,
        right=right,
    )
    return page, REFUSED if form.is_submitted() else 200


def find_subject(session: Session, visit_id: int) -> Subject:
    """The visit with the networks that a correction of it can reach; 404 without any."""
    row = session.execute(
        select(Visit.address, Identification, Company.name, Company.domain)
        .join(Identification, Identification.visit_id == Visit.id)
        .outerjoin(Company, Company.id == Identification.company_id)
        .where(Visit.id == visit_id)
    ).first()
    if row is None:
        abort(404)
    address, identified, name, domain = row
    reaches = _reaches(session, address, identified)
    if not reaches:
        abort(404)
    return Subject(
        visit_id, identified.company_id, name or "", domain or "", identified.organisation, reaches
    )


def _reaches(session: Session, address: str, identified: Identification) -> tuple[Reach, ...]:
    """The whole network first, then the address alone, then all of its AS; none where all are unknown."""
    reaches: dict[str, str] = {}
    asn = read_asn(identified.evidence)
    try:
        if identified.network:
            reaches[str(parse_cidr(identified.network))] = "The whole network"
        alone = parse_address(address)
        # The rest of an IPv6 address changes from day to day.
        words = "This address only" if alone.version == 4 else "This line only"
        reaches.setdefault(own_network(alone), words)
    except ValueError:
        # A visit whose address was forgotten still has the network it was identified by.
        pass
    if asn:
        reaches[write_reach(asn)] = "All networks of"
    return tuple(Reach(text, words, len(find_visits(session, text))) for text, words in reaches.items())


def _without_as(subject: Subject) -> Subject:
    """Staff are known by networks; and an AS is seldom all ours."""
    networks = tuple(reach for reach in subject.reaches if not reach.network.startswith("AS"))
    return replace(subject, reaches=networks) if networks else abort(404)


def search_companies(session: Session, search: str) -> Sequence[Company]:
    """Known companies of that name or domain."""
    if not search:
        return ()
    like = [column.icontains(search, autoescape=True) for column in (Company.name, Company.domain)]
    return session.scalars(select(Company).where(or_(*like)).order_by(Company.name).limit(FOUND)).all()


def _read_wanted(form: CorrectionForm, subject: Subject, verdict: Verdict) -> Wanted | None:
    """What was asked for; None when something is missing, which then stands on the form."""
    network = request.form.get("network", "")
    if network not in {reach.network for reach in subject.reaches}:
        abort(400)
    if verdict is not Verdict.COMPANY:
        return Wanted(network, verdict, note=form.note.data or "")
    named = _read_company(form)
    return Wanted(network, verdict, *named, note=form.note.data or "") if named else None


def _read_company(form: CorrectionForm) -> tuple[str, str] | None:
    """Name and domain of the company that was chosen, or else of the one that was written."""
    chosen = strip(request.form.get("company"))
    if chosen:
        return _get_company(chosen)
    if not form.name.data:
        add_error(form.name, "Choose a company that was found, or write its name")
        return None
    return _read_written(form)


def _get_company(chosen: str) -> tuple[str, str]:
    if not (chosen.isascii() and chosen.isdigit() and int(chosen[:12]) <= MAX_ID):
        abort(400)
    with get_database().read() as db:
        company = db.get(Company, int(chosen)) or abort(404)
    return company.name, company.domain or ""


def _read_written(form: CorrectionForm) -> tuple[str, str] | None:
    if not form.domain.data:
        return form.name.data, ""
    domain = registered_domain(form.domain.data)
    if domain is None or is_free_mail(domain):
        add_error(form.domain, "Write the domain of a company, such as scania.com")
        return None
    return form.name.data, domain


def _make(wanted: Wanted) -> ResponseReturnValue:
    with get_database().write() as db:
        made = correct(db, wanted, request_now(), get_user().email)
    flash(f"{made.network} is corrected. Its visits are looked up anew within seconds.", "good")
    return redirect(url_for("corrections.index"), 303)


@blueprint.post("/<int:correction_id>/undo")
@needs_user
def take_back(correction_id: int) -> ResponseReturnValue:
    if correction_id > MAX_ID:
        abort(404)
    with get_database().write() as db:
        row = db.get(Correction, correction_id) or abort(404)
        undone = undo(db, row, request_now(), get_user().email)
    if undone:
        flash(f"The correction of {row.network} is taken back. Its visits are looked up anew.", "good")
    else:
        flash("It was taken back already.", "brass")
    return redirect(url_for("corrections.index"), 303)
