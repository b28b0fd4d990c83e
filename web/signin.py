"""Signing in and out, and the one-time link of an invited user."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from wtforms import PasswordField
from wtforms.validators import ValidationError

from tracker.models import User
from web.accounts import LinkError, accept_invitation, check_sign_in, find_fault, find_link
from web.context import current_user, get_database, request_now, visitor_address
from web.forms import REFUSED, Form, Text, add_error
from web.sessions import begin_session, end_session

blueprint = Blueprint("signin", __name__)

# One text for an unknown e-mail and for a wrong password: neither is given away.
WRONG = "This e-mail and password do not belong together. Check both and try again"


class SignInForm(Form):
    email = Text("E-mail", most=320, needed="Write your e-mail address")
    password = PasswordField("Password")

    def validate_password(self, field: PasswordField) -> None:
        if not field.data:
            raise ValidationError("Write your password")


class PasswordForm(Form):
    password = PasswordField(
        "Password", description="At least 12 characters. A few words are easy to remember."
    )

    def validate_password(self, field: PasswordField) -> None:
        if fault := find_fault(field.data or ""):
            raise ValidationError(fault)


@blueprint.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> ResponseReturnValue:
    target = safe_target(request.args.get("next", ""))
    if current_user():
        return redirect(target)
    form = SignInForm()
    if not form.validate_on_submit():
        return _show(form, REFUSED if form.is_submitted() else 200)
    checked = check_sign_in(
        get_database(), form.email.data, form.password.data, visitor_address(), request_now()
    )
    if checked.user_id is None:
        add_error(form.email, say_wait(checked.wait) if checked.wait else WRONG)
        return _show(form, 429 if checked.wait else REFUSED)
    begin_session(get_database(), checked.user_id)
    return redirect(target)


def _show(form: SignInForm, status: int) -> ResponseReturnValue:
    return render_template("signin/sign_in.html", form=form), status


def say_wait(wait: timedelta) -> str:
    minutes = max(1, ceil(wait / timedelta(minutes=1)))
    return f"Too many tries. Wait {minutes} minute{'s' if minutes > 1 else ''}"


def safe_target(target: str) -> str:
    """A path of ours to go on to; anything that could lead elsewhere becomes the live list."""
    odd = not target.startswith("/") or target.startswith(("//", "/\\")) or not target.isprintable()
    return "/live" if odd or "\\" in target else target


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    end_session(get_database())
    return redirect(url_for("signin.sign_in"))


@blueprint.route("/welcome/<token>", methods=["GET", "POST"])
def welcome(token: str) -> ResponseReturnValue:
    """Where an invited user sets a password."""
    link = find_link(get_database(), token, request_now())
    if link is None or link.user_id is None:
        return render_template("signin/dead_link.html"), 410
    with get_database().read() as db:
        user = db.get(User, link.user_id)
    form = PasswordForm()
    if not form.validate_on_submit():
        status = REFUSED if form.is_submitted() else 200
        return render_template("signin/welcome.html", form=form, invited=user), status
    try:
        user_id = accept_invitation(get_database(), token, form.password.data, request_now())
    except LinkError:
        return render_template("signin/dead_link.html"), 410
    begin_session(get_database(), user_id)
    flash("Your password is set and you are signed in.", "good")
    return redirect(url_for("profile.edit"))
