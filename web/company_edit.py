"""A company's profile written by hand; companies merged, split, put under a parent, and all of it undone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session
from wtforms.validators import ValidationError

from alerts.models import Alert
from alerts.words import country_codes
from enrichment.companies import find_or_make_company
from enrichment.domain_names import registered_domain
from enrichment.merging import MergeError, merge_companies, set_parent, split_company, undo_merge
from enrichment.models import Company, CompanyMerge, Contact, Deal, Identification
from enrichment.profile import FIELDS, HAND, Said, band_columns, find_said, forget, note
from enrichment.vendors.bands import read_band
from web.arguments import MAX_ID, read_search
from web.context import get_database, get_user, needs_user, request_now
from web.forms import REFUSED, Form, Text, add_error, strip

blueprint = Blueprint("company_edit", __name__, url_prefix="/companies/<int:company_id>")

FOUND = 20
BAND_HELP = "A number, or a band such as 201-500 or 1000+."
KEEP_HELP = "Empty: what an import or a vendor says counts."


class BandText(Text):
    """A number or a band, kept as `[low, high]` in `band`."""

    band: list[int | None] | None = None

    def pre_validate(self, form: Any) -> None:
        super().pre_validate(form)
        self.band = read_band(self.data or "")
        if self.data and self.band is None:
            raise ValidationError("Write a number, or a band such as 201-500 or 1000+")


class ProfileForm(Form):
    name = Text("Name", description=KEEP_HELP)
    registration_number = Text("Registration number", most=40)
    industry = Text("Industry")
    nace_code = Text("NACE code", most=10, description="Such as 25.62.")
    nace_label = Text("NACE in words")
    employees = BandText("Employees", most=40, description=BAND_HELP)
    revenue = BandText("Revenue a year", most=60, description=BAND_HELP)
    currency = Text("Currency of the revenue", most=3, description="Three letters: SEK, EUR.")
    revenue_year = Text("Year of the revenue", most=4)
    country = Text("Country", most=60, description="Two letters: SE, NO.")
    city = Text("City", most=100)
    linkedin = Text("LinkedIn page", most=300, description="Begins with https://www.linkedin.com/.")

    def validate_currency(self, field: Text) -> None:
        field.data = (field.data or "").upper()
        if self.revenue.data and not (len(field.data) == 3 and field.data.isascii() and field.data.isalpha()):
            raise ValidationError("Write three letters, such as SEK")

    def validate_revenue_year(self, field: Text) -> None:
        if field.data and not (field.data.isascii() and field.data.isdigit() and int(field.data) >= 1900):
            raise ValidationError("Write a year, such as 2025")

    def validate_country(self, field: Text) -> None:
        field.data = (field.data or "").upper()
        if field.data and field.data not in country_codes():
            raise ValidationError("Write the two letters of a country, such as SE")

    def validate_linkedin(self, field: Text) -> None:
        if field.data and not field.data.startswith("https://www.linkedin.com/"):
            raise ValidationError("Write an address that begins with https://www.linkedin.com/")


@blueprint.route("/profile", methods=["GET", "POST"])
@needs_user
def profile(company_id: int) -> ResponseReturnValue:
    """What is written here is by hand: no import and no vendor overwrites it."""
    with get_database().read() as db:
        company = _get(db, company_id)
        by_hand = {
            field: one.value
            for field, said in find_said(db, company.id).items()
            for one in said
            if one.source == HAND
        }
    form = ProfileForm(data=_typed(by_hand))
    if form.validate_on_submit():
        with get_database().write() as db:
            _save_profile(db, _get(db, company_id), form)
        flash("The profile is saved.", "good")
        return redirect(url_for("companies.company", company_id=company_id), 303)
    page = render_template("companies/profile_form.html", form=form, company=company)
    return page, REFUSED if form.errors else 200


def _typed(by_hand: dict[str, tuple[Any, ...]]) -> dict[str, Any]:
    """What was written by hand, as it is typed."""
    typed: dict[str, Any] = {}
    for field, value in by_hand.items():
        typed |= dict(zip(FIELDS[field], value, strict=False))
    for name in ("employees", "revenue"):
        if name in by_hand:
            low, high = by_hand[name][0], by_hand[name][1]
            typed[name] = str(low) if high is None else f"{low}+" if high == 0 else f"{low}-{high}"
    typed["revenue_year"] = str(typed.get("revenue_year") or "")
    return typed


def _save_profile(session: Session, company: Company, form: ProfileForm) -> None:
    written = {field: value for field in FIELDS if (value := _value(form, field))}
    for field in FIELDS.keys() - written.keys():
        forget(session, company, field, HAND)
    note(session, company, written, Said(HAND, (), get_user().email, request_now()))


def _value(form: ProfileForm, field: str) -> tuple[Any, ...] | None:
    """What was typed for a field, as its columns; None where it was left empty."""
    if field == "employees":
        return band_columns(form.employees.band) if form.employees.band else None
    if field == "revenue":
        year = int(form.revenue_year.data) if form.revenue_year.data else None
        band = form.revenue.band
        return (*band_columns(band), form.currency.data, year) if band else None
    if field == "nace":
        return (form.nace_code.data, form.nace_label.data or "") if form.nace_code.data else None
    return (form[field].data,) if form[field].data else None


@blueprint.get("/relate")
@needs_user
def relate(company_id: int) -> ResponseReturnValue:
    """Finds the other company: to merge it into this one, or to put this one under it."""
    search = read_search()
    with get_database().read() as db:
        company = _get(db, company_id)
        found = _search(db, company, search) if search else ()
        parent = db.get(Company, company.parent_id) if company.parent_id else None
    return render_template(
        "companies/relate.html", company=company, search=search, found=found, parent=parent
    )


def _search(session: Session, company: Company, search: str) -> Sequence[Company]:
    columns = (Company.name, Company.domain)
    wanted = or_(*(column.icontains(search, autoescape=True) for column in columns))
    others = select(Company).where(wanted, Company.id != company.id, Company.merged_into_id.is_(None))
    return session.scalars(others.order_by(Company.name, Company.id).limit(FOUND)).all()


@blueprint.route("/merge/<int:other_id>", methods=["GET", "POST"])
@needs_user
def merge(company_id: int, other_id: int) -> ResponseReturnValue:
    """Says what moves; then the deed."""
    form = Form()
    with get_database().write() as db:
        company, other = _get(db, company_id), _get(db, other_id)
        if form.validate_on_submit():
            try:
                merge_companies(db, other, company, get_user().email, request_now(), also=(Alert,))
            except MergeError as error:
                abort(409, str(error))
            flash(f"{other.name} is part of {company.name} now. It can be undone here.", "good")
            return redirect(url_for("companies.company", company_id=company_id), 303)
        counts = _count_rows(db, other.id)
    return render_template("companies/merge.html", form=form, company=company, other=other, counts=counts)


def _count_rows(session: Session, company_id: int) -> list[tuple[str, int]]:
    tables = (("visits", Identification), ("contacts", Contact), ("deals", Deal), ("alerts", Alert))
    counted = [
        (words, session.scalar(select(func.count()).where(table.company_id == company_id)) or 0)
        for words, table in tables
    ]
    return [(words, count) for words, count in counted if count]


@blueprint.route("/undo/<int:merge_id>", methods=["GET", "POST"])
@needs_user
def undo(company_id: int, merge_id: int) -> ResponseReturnValue:
    form = Form()
    with get_database().write() as db:
        company = _get(db, company_id)
        row = db.get(CompanyMerge, merge_id) if merge_id <= MAX_ID else None
        if row is None or company_id not in (row.into_id, row.from_id) or row.undone_at:
            abort(404)
        other = db.get_one(Company, row.from_id if row.into_id == company_id else row.into_id)
        if form.validate_on_submit():
            try:
                undo_merge(db, row, get_user().email, request_now(), also=(Alert,))
            except MergeError as error:
                abort(409, str(error))
            flash("It is as it was before.", "good")
            return redirect(url_for("companies.company", company_id=company_id), 303)
    return render_template("companies/undo.html", form=form, company=company, other=other, row=row)


@blueprint.post("/parent")
@needs_user
def parent(company_id: int) -> ResponseReturnValue:
    chosen = request.form.get("parent", "")
    with get_database().write() as db:
        company = _get(db, company_id)
        above = _get(db, int(chosen)) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
        try:
            set_parent(db, company, above)
        except MergeError as error:
            flash(f"Nothing was changed: {error}.", "bad")
        else:
            flash(f"It belongs to {above.name} now." if above else "It stands on its own now.", "good")
    return redirect(url_for("companies.company", company_id=company_id), 303)


class SplitForm(Form):
    name = Text("Name of the other company", needed="Write its name")
    domain = Text("Its domain", most=253, description="Such as scania.com; may stay empty.")

    def validate_domain(self, field: Text) -> None:
        if field.data and registered_domain(field.data) is None:
            raise ValidationError("Write a domain such as scania.com")


@blueprint.route("/split", methods=["GET", "POST"])
@needs_user
def split(company_id: int) -> ResponseReturnValue:
    """Some of its visits and people are another company's."""
    form = SplitForm()
    with get_database().write() as db:
        company = _get(db, company_id)
        networks, contacts = _networks(db, company_id), _contacts(db, company_id)
        if form.validate_on_submit() and _split(db, company, form):
            flash(f"{form.name.data} is a company of its own now. It can be undone here.", "good")
            return redirect(url_for("companies.company", company_id=company_id), 303)
    page = render_template(
        "companies/split.html", form=form, company=company, networks=networks, contacts=contacts
    )
    return page, REFUSED if form.errors else 200


def _split(session: Session, company: Company, form: SplitForm) -> bool:
    networks = [strip(network) for network in request.form.getlist("network")][:500]
    contacts = [int(each) for each in request.form.getlist("contact")[:500] if each.isdecimal()]
    if not networks and not contacts:
        add_error(form.name, "Choose at least one network or person that moves")
        return False
    new = find_or_make_company(
        session,
        domain=form.domain.data or None,
        name=form.name.data,
        kind=company.kind,
        country=company.country,
        source="split",
        now=request_now(),
    )
    session.flush()
    if new.id == company.id:
        add_error(form.name, "This is the company itself; write the other one's name or domain")
        return False
    split_company(session, company, new, networks, contacts, get_user().email, request_now())
    return True


def _networks(session: Session, company_id: int) -> Sequence[tuple[str, int]]:
    statement = (
        select(Identification.network, func.count())
        .where(Identification.company_id == company_id, Identification.network != "")
        .group_by(Identification.network)
        .order_by(func.count().desc(), Identification.network)
        .limit(100)
    )
    return [(network, count) for network, count in session.execute(statement)]


def _contacts(session: Session, company_id: int) -> Sequence[Contact]:
    mine = select(Contact).where(Contact.company_id == company_id)
    return session.scalars(mine.order_by(Contact.name, Contact.id).limit(200)).all()


def _get(session: Session, company_id: int) -> Company:
    found = session.get(Company, company_id) if company_id <= MAX_ID else None
    if found is None or found.merged_into_id is not None:
        abort(404)
    return found
