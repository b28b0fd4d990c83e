"""The first run: make an admin, then one question a page until the bell can ring."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from wtforms import PasswordField
from wtforms.validators import ValidationError

from alerts.models import Channel, Rule
from tracker.models import Site
from web.accounts import LinkError, can_anyone_sign_in, find_fault, find_link, make_first_admin
from web.context import get_database, needs_admin, request_now, visitor_address
from web.forms import REFUSED, Form, Text
from web.install_check import decide_check, get_drops
from web.person import read_email
from web.sessions import begin_session
from web.site_forms import NewSiteForm
from web.sites import add_site, is_staff, site_problems, start_of_day, write_snippet

blueprint = Blueprint("setup", __name__, url_prefix="/setup")

STEPS = ("admin", "site", "staff", "channel", "rules")


class AdminForm(Form):
    email = Text("E-mail", most=320, needed="Write your e-mail address")
    name = Text("Name", needed="Write your name")
    password = PasswordField(
        "Password", description="At least 12 characters. A few words are easy to remember."
    )

    def validate_email(self, field: Text) -> None:
        field.data = read_email(field.data or "")

    def validate_password(self, field: PasswordField) -> None:
        if fault := find_fault(field.data or ""):
            raise ValidationError(fault)


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the first run stands."""

    site: Site | None
    channels: int
    rules: int


@blueprint.route("/<token>", methods=["GET", "POST"])
def admin(token: str) -> ResponseReturnValue:
    """Step 1, behind the one-time link: the first admin."""
    database, now = get_database(), request_now()
    link = find_link(database, token, now)
    if link is None or link.user_id is not None or can_anyone_sign_in(database):
        return render_template("signin/dead_link.html"), 410
    form = AdminForm()
    if not form.validate_on_submit():
        return render_template("setup/admin.html", form=form, step=1), REFUSED if form.is_submitted() else 200
    try:
        user_id = make_first_admin(
            database,
            token,
            email=form.email.data,
            name=form.name.data,
            password=form.password.data,
            now=now,
        )
    except LinkError:
        return render_template("signin/dead_link.html"), 410
    begin_session(database, user_id)
    return redirect(url_for("setup.site"))


@blueprint.route("/site", methods=["GET", "POST"])
@needs_admin
def site() -> ResponseReturnValue:
    """Step 2: the site and its snippet."""
    form = NewSiteForm()
    with get_database().read() as db:
        progress = get_progress(db)
    if progress.site is None:
        if form.validate_on_submit():
            add_site(form)
            flash("The site is added. Now put its snippet on your pages.", "good")
            return redirect(url_for("setup.site"))
        return render_template("setup/site.html", form=form, step=2), REFUSED if form.is_submitted() else 200
    return _show_snippet(progress.site)


def _show_snippet(site: Site) -> ResponseReturnValue:
    now = request_now()
    with get_database().read() as db:
        drops = get_drops(db, site.id, start_of_day(now))
        problems = site_problems(db, site)
    return render_template(
        "setup/snippet.html",
        site=site,
        snippet=write_snippet(site),
        drops=drops,
        problems=problems,
        form=Form(),
        check=decide_check(site, drops, visitor_address(), now),
        step=2,
    )


@blueprint.get("/staff")
@needs_admin
def staff() -> ResponseReturnValue:
    """Step 3: leave your own visits out."""
    with get_database().read() as db:
        progress = get_progress(db)
    own = visitor_address()
    counted = progress.site is not None and is_staff(progress.site, own)
    return render_template(
        "setup/staff.html", form=Form(), site=progress.site, own_address=own, is_staff=counted, step=3
    )


@blueprint.get("/channel")
@needs_admin
def channel() -> ResponseReturnValue:
    """Step 4: where alerts go."""
    with get_database().read() as db:
        progress = get_progress(db)
    return render_template("setup/channel.html", progress=progress, step=4)


@blueprint.get("/rules")
@needs_admin
def rules() -> ResponseReturnValue:
    """Step 5: what rings."""
    with get_database().read() as db:
        progress = get_progress(db)
    return render_template("setup/rules.html", progress=progress, step=5)


def get_progress(db: Session) -> Progress:
    return Progress(
        site=db.scalar(select(Site).order_by(Site.id).limit(1)),
        channels=db.scalar(select(func.count()).select_from(Channel)) or 0,
        rules=db.scalar(select(func.count()).select_from(Rule).where(Rule.state == "on")) or 0,
    )
