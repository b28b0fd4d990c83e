"""Your own page: how you are reached, how pages look to you, your password."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField
from wtforms.validators import ValidationError

from tracker.models import User
from web.accounts import find_fault, hash_password, is_password
from web.context import get_database, get_user, needs_user
from web.forms import REFUSED, Form
from web.person import ProfileForm, fill_user, time_zones
from web.sessions import begin_session, revoke_sessions

blueprint = Blueprint("profile", __name__, url_prefix="/profile")


class PasswordChangeForm(Form):
    old = PasswordField("Password you have now")
    new = PasswordField(
        "New password", description="At least 12 characters. A few words are easy to remember."
    )

    def validate_old(self, field: PasswordField) -> None:
        if not is_password(get_user().password_hash, field.data or ""):
            raise ValidationError("This is not the password you have now")

    def validate_new(self, field: PasswordField) -> None:
        if fault := find_fault(field.data or ""):
            raise ValidationError(fault)


@blueprint.route("", methods=["GET", "POST"])
@needs_user
def edit() -> ResponseReturnValue:
    form = ProfileForm(obj=get_user())
    if not form.validate_on_submit():
        return _show(form, REFUSED if form.is_submitted() else 200)
    with get_database().write() as db:
        fill_user(db.get_one(User, get_user().id), form)
    flash("Your profile is saved.", "good")
    return redirect(url_for("profile.edit"))


def _show(form: ProfileForm, status: int) -> ResponseReturnValue:
    return render_template("profile/edit.html", form=form, zones=time_zones()), status


@blueprint.route("/password", methods=["GET", "POST"])
@needs_user
def password() -> ResponseReturnValue:
    form = PasswordChangeForm()
    if not form.validate_on_submit():
        return render_template("profile/password.html", form=form), REFUSED if form.is_submitted() else 200
    with get_database().write() as db:
        user = db.get_one(User, get_user().id)
        user.password_hash = hash_password(form.new.data)
        ended = revoke_sessions(db, user.id) - 1
    g.pop("user", None)
    begin_session(get_database(), user.id)
    flash(f"Your password is changed.{_say_ended(ended)}", "good")
    return redirect(url_for("profile.edit"))


def _say_ended(ended: int) -> str:
    if ended < 1:
        return ""
    return f" You were signed out on {ended} other device{'s' if ended > 1 else ''}."
