"""Your own page: how you are reached, how pages look to you, your password."""

from __future__ import annotations

from flask import Blueprint, flash, g, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField
from wtforms.validators import ValidationError

from tracker.models import User
from web.accounts import check_sign_in, find_fault, hash_password
from web.context import get_database, get_user, needs_user, request_now, visitor_address
from web.forms import REFUSED, Form
from web.person import ProfileForm, fill_user, zone_options
from web.sessions import begin_session, revoke_sessions
from web.signin import say_wait

blueprint = Blueprint("profile", __name__, url_prefix="/profile")


class PasswordChangeForm(Form):
    old = PasswordField("Password you have now")
    new = PasswordField(
        "New password", description="At least 12 characters. A few words are easy to remember."
    )

    def validate_old(self, field: PasswordField) -> None:
        """Counted like a try to sign in: who found an open page must not guess on it for ever."""
        user, tried = get_user(), field.data or ""
        checked = check_sign_in(get_database(), user.email, tried, visitor_address(), request_now())
        if checked.wait:
            raise ValidationError(say_wait(checked.wait))
        if checked.user_id != user.id:
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
    return render_template("profile/edit.html", form=form, zones=zone_options()), status


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
