"""Vendors: who may be asked whose an address is, with what budget, and every address that was sent."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.models import VendorAccount
from enrichment.vendors import VENDORS, vendor_class
from enrichment.vendors.base import Vendor
from enrichment.vendors.rdap import CONFIRMED
from enrichment.vendors.work import close_breaker
from tracker.models import Site
from web.arguments import read_choice, read_number
from web.context import get_database, get_settings, get_user, needs_admin, request_now
from web.forms import REFUSED
from web.vendor_form import VendorForm, as_price, check_settings, make_form, read_settings
from web.vendor_rows import get_sent, get_vendors, state_of

blueprint = Blueprint("vendors", __name__, url_prefix="/vendors")


@blueprint.get("")
@needs_admin
def index() -> ResponseReturnValue:
    with get_database().read() as db:
        rows = get_vendors(db, request_now())
    return render_template("vendors/list.html", rows=rows)


@blueprint.get("/log")
@needs_admin
def log() -> ResponseReturnValue:
    """Every address that left this installation for a vendor."""
    vendor = read_choice("vendor", list(VENDORS))
    with get_database().read() as db:
        rows, older, total = get_sent(db, vendor, read_number("before"))
    kinds = [(kind, vendor_class(kind).label) for kind in VENDORS]
    return render_template(
        "vendors/log.html", rows=rows, older=older, total=total, vendor=vendor, kinds=kinds
    )


@blueprint.route("/<kind>", methods=["GET", "POST"])
@needs_admin
def edit(kind: str) -> ResponseReturnValue:
    if kind not in VENDORS:
        abort(404)
    with get_database().read() as db:
        account = _find(db, kind)
        sites = [(key, name) for key, name in db.execute(select(Site.key, Site.name).order_by(Site.name))]
    vendor = vendor_class(kind)
    form = make_form(vendor, _values(account), sites)
    if form.validate_on_submit():
        settings = read_settings(form, vendor, account.settings)
        if check_settings(form, vendor, settings, get_settings()):
            _save(form, kind, settings | _confirmation(form, vendor, account))
            flash(f"{vendor.label} is saved.", "good")
            return redirect(url_for("vendors.index"), 303)
    page = render_template(
        "vendors/edit.html",
        form=form,
        vendor=vendor,
        account=account,
        state=state_of(account, request_now()),
        confirmation=_read_confirmation(account),
    )
    return page, REFUSED if request.method == "POST" else 200


@blueprint.post("/<kind>/resume")
@needs_admin
def resume(kind: str) -> ResponseReturnValue:
    """Closes the circuit breaker: the vendor is asked again at once."""
    with get_database().write() as db:
        account = db.get(VendorAccount, kind) or abort(404)
        close_breaker(account)
    flash("It is asked again.", "good")
    return redirect(url_for("vendors.index"), 303)


def _confirmation(form: VendorForm, vendor: type[Vendor], account: VendorAccount) -> dict[str, object]:
    """Who confirmed the terms and when; gone when the source is switched off, to be confirmed anew."""
    if not vendor.terms or not form.enabled.data:
        return {}
    if _read_confirmation(account) is not None:
        return {name: account.settings[name] for name in CONFIRMED}
    return dict(zip(CONFIRMED, (get_user().email, request_now().isoformat()), strict=True))


def _read_confirmation(account: VendorAccount) -> tuple[str, datetime] | None:
    """Who confirmed the terms, and when."""
    who, at = (account.settings.get(name) for name in CONFIRMED)
    return (who, datetime.fromisoformat(at)) if who and at and account.enabled else None


def _find(session: Session, kind: str) -> VendorAccount:
    found = session.get(VendorAccount, kind)
    return found or VendorAccount(kind=kind, enabled=False, settings={}, sites=[], daily_budget=1000)


def _values(account: VendorAccount) -> dict[str, object]:
    return {
        "enabled": account.enabled,
        "sites": list(account.sites),
        "daily_budget": account.daily_budget,
        "price": as_price(account.price).normalize(),
        "currency": account.currency or "",
        "settings": account.settings,
        "confirmed": _read_confirmation(account) is not None,
    }


def _save(form: VendorForm, kind: str, settings: dict[str, object]) -> None:
    with get_database().write() as db:
        row = db.get(VendorAccount, kind) or VendorAccount(kind=kind, created_at=request_now())
        row.enabled, row.sites = form.enabled.data, list(form.sites.data or [])
        row.daily_budget, row.settings = form.daily_budget.data, settings
        if "price" in form:
            row.price, row.currency = as_price(form.price.data), form.currency.data or ""
        close_breaker(row)
        db.add(row)
