"""Who signs in and who gets alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice

from enrichment.models import Company
from tracker.db import Database
from tracker.models import User
from web.accounts import make_invitation
from web.context import get_database, get_settings, get_user, needs_admin, request_now
from web.forms import REFUSED, Form, Text, add_error
from web.models import WebSession
from web.person import PersonForm, fill_user, read_email, zone_options
from web.sessions import revoke_sessions

blueprint = Blueprint("users", __name__, url_prefix="/users")

ROLES = [
    SelectChoice("seller", "Seller: sees visits, companies and alerts, and gets alerts"),
    SelectChoice("admin", "Admin: also changes rules, sites, channels, imports and users"),
]
LAST_ADMIN = "This is the last admin who can sign in. Make another admin first"


class InviteForm(Form):
    email = Text("E-mail", most=320, needed="Write an e-mail address")
    name = Text("Name", needed="Write a name")
    role = RadioField("Role", choices=ROLES, default="seller")

    def validate_email(self, field: Text) -> None:
        field.data = read_email(field.data or "")


class UserForm(PersonForm):
    role = RadioField("Role", choices=ROLES)


@dataclass(frozen=True, slots=True)
class UserRow:
    """A line of the list."""

    user: User
    companies: int
    signed_in_at: datetime | None

    @property
    def state(self) -> str:
        if self.user.disabled_at:
            return "disabled"
        return "ready" if self.user.password_hash else "invited"

    @property
    def lacks(self) -> list[str]:
        """What this person cannot be reached by."""
        ways = {"Slack": self.user.slack_id, "phone": self.user.phone}
        return [name for name, value in ways.items() if not value]


@blueprint.get("")
@needs_admin
def index() -> ResponseReturnValue:
    with get_database().read() as db:
        rows = list_users(db)
    return render_template("users/list.html", rows=rows)


def list_users(db: Session) -> Sequence[UserRow]:
    """All users, those who can sign in first, by name."""
    counted = select(Company.owner_id, func.count()).group_by(Company.owner_id)
    owned = {row[0]: row[1] for row in db.execute(counted)}
    latest = select(WebSession.user_id, func.max(WebSession.created_at)).group_by(WebSession.user_id)
    seen = {row[0]: row[1] for row in db.execute(latest)}
    users = db.scalars(select(User).order_by(User.disabled_at.is_not(None), func.lower(User.name), User.id))
    return [UserRow(user, owned.get(user.id, 0), seen.get(user.id)) for user in users]


@blueprint.route("/new", methods=["GET", "POST"])
@needs_admin
def invite() -> ResponseReturnValue:
    form = InviteForm()
    if form.validate_on_submit():
        user_id = _add_user(get_database(), form, request_now())
        if user_id:
            return _show_link(user_id)
        add_error(form.email, "There is a user with this e-mail already")
    return render_template("users/new.html", form=form), REFUSED if form.is_submitted() else 200


def _add_user(database: Database, form: InviteForm, now: datetime) -> int | None:
    """The new user's id; None when the e-mail is taken."""
    with database.write() as db:
        if db.scalar(select(User.id).where(User.email == form.email.data)):
            return None
        user = User(email=form.email.data, name=form.name.data, role=form.role.data, created_at=now)
        db.add(user)
        db.flush()
        return user.id


def _show_link(user_id: int) -> ResponseReturnValue:
    """Makes a new one-time link and shows it: this once, for only its hash is kept."""
    with get_database().write() as db:
        user = _get(db, user_id)
        link = make_invitation(db, get_settings(), user_id, request_now())
    return render_template("users/link.html", person=user, link=link)


@blueprint.post("/<int:user_id>/link")
@needs_admin
def new_link(user_id: int) -> ResponseReturnValue:
    return _show_link(user_id)


@blueprint.route("/<int:user_id>", methods=["GET", "POST"])
@needs_admin
def edit(user_id: int) -> ResponseReturnValue:
    with get_database().read() as db:
        person = _get(db, user_id)
    form = UserForm(obj=person)
    if form.validate_on_submit() and _save(get_database(), user_id, form):
        flash(f"{form.name.data} is saved.", "good")
        return redirect(url_for("users.index"))
    page = render_template("users/edit.html", form=form, person=person, zones=zone_options())
    return page, REFUSED if form.is_submitted() else 200


def _save(database: Database, user_id: int, form: UserForm) -> bool:
    with database.write() as db:
        user = _get(db, user_id)
        if form.role.data != "admin" and is_last_admin(db, user):
            add_error(form.role, LAST_ADMIN)
            return False
        fill_user(user, form)
        user.role = form.role.data
    return True


def is_last_admin(db: Session, user: User) -> bool:
    """Whether nobody could administer any more without this user."""
    others = select(func.count()).where(
        User.role == "admin", User.disabled_at.is_(None), User.password_hash != "", User.id != user.id
    )
    return user.role == "admin" and not user.disabled_at and not db.scalar(others)


@blueprint.route("/<int:user_id>/disable", methods=["GET", "POST"])
@needs_admin
def disable(user_id: int) -> ResponseReturnValue:
    """Asks first; then ends the user's sessions and keeps what they did."""
    form = Form()
    with get_database().read() as db:
        person = _get(db, user_id)
        owned = db.scalar(select(func.count()).where(Company.owner_id == user_id)) or 0
    problem = ""
    if form.validate_on_submit():
        problem = _disable(get_database(), user_id, request_now())
        if not problem:
            flash(f"{person.name or person.email} cannot sign in any more and gets no alerts.", "good")
            return redirect(url_for("users.index"))
    page = render_template("users/disable.html", form=form, person=person, owned=owned, problem=problem)
    return page, REFUSED if problem else 200


def _disable(database: Database, user_id: int, now: datetime) -> str:
    """What stands in the way, in words; empty when it is done."""
    with database.write() as db:
        user = _get(db, user_id)
        if user.id == get_user().id:
            return "You cannot disable yourself. Another admin can"
        if is_last_admin(db, user):
            return LAST_ADMIN
        user.disabled_at = now
        revoke_sessions(db, user_id)
    return ""


@blueprint.post("/<int:user_id>/enable")
@needs_admin
def enable(user_id: int) -> ResponseReturnValue:
    with get_database().write() as db:
        user = _get(db, user_id)
        user.disabled_at = None
    flash(f"{user.name or user.email} can sign in and gets alerts again.", "good")
    return redirect(url_for("users.index"))


def _get(db: Session, user_id: int) -> User:
    return db.get(User, user_id) or abort(404)
