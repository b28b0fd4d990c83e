"""Alerts: the list of what rang, and the page of one with its reasons and its hops."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from alerts.models import Alert, Delivery
from alerts.outbox import retry_delivery
from web.alert_facts import find_alert_facts
from web.alert_rows import STATES, AlertFilter, get_alerts
from web.arguments import MAX_ID, read_choice, read_number
from web.context import get_database, get_settings, get_user, needs_user, request_now

blueprint = Blueprint("alerts", __name__)

STATE_WORDS = (
    ("", "All"),
    ("open", "Not taken"),
    ("taken", "Taken"),
    ("waiting", "Waiting to be sent"),
    ("failed", "Failed"),
    ("held", "Held back"),
)
VERDICTS = {"useful": True, "not_useful": False}


@blueprint.get("/alerts")
@needs_user
def alerts() -> ResponseReturnValue:
    wanted = AlertFilter(
        mine=request.args.get("mine") == "1",
        rule=read_number("rule"),
        state=read_choice("state", STATES),
        before=read_number("before"),
    )
    with get_database().read() as db:
        found = get_alerts(db, wanted, get_user().id)
    return render_template("alerts/list.html", wanted=wanted, alerts=found, states=STATE_WORDS)


@blueprint.get("/a/<public_id>")
@needs_user
def alert(public_id: str) -> ResponseReturnValue:
    with get_database().read() as db:
        facts = find_alert_facts(db, public_id, get_settings())
    if facts is None:
        abort(404)
    return render_template("alerts/alert.html", facts=facts)


@blueprint.post("/a/<public_id>/take")
@needs_user
def take(public_id: str) -> ResponseReturnValue:
    """The first to take it has it; a second one is told who was faster."""
    with get_database().write() as db:
        taken = take_alert(db, _get_alert(db, public_id).id, get_user().id, request_now())
    if taken:
        flash("It is yours. Colleagues see that you took it.", "good")
    else:
        flash("A colleague took it before you.", "brass")
    return _back(public_id)


def take_alert(session: Session, alert_id: int, user_id: int, now: datetime) -> bool:
    """Whether the alert was free and now is the user's."""
    free = update(Alert).where(Alert.id == alert_id, Alert.taken_at.is_(None))
    result = session.execute(free.values(taken_by_id=user_id, taken_at=now))
    return bool(result.rowcount)  # type: ignore[attr-defined]


@blueprint.post("/a/<public_id>/verdict")
@needs_user
def judge(public_id: str) -> ResponseReturnValue:
    """A seller's word on whether the alert was worth the ring."""
    verdict = request.form.get("verdict", "")
    if verdict not in VERDICTS:
        abort(400)
    with get_database().write() as db:
        _get_alert(db, public_id).useful = VERDICTS[verdict]
    flash("Thank you. The rule's page counts it.", "good")
    return _back(public_id)


@blueprint.post("/a/<public_id>/deliveries/<int:delivery_id>/again")
@needs_user
def send_again(public_id: str, delivery_id: int) -> ResponseReturnValue:
    with get_database().write() as db:
        found = _get_alert(db, public_id)
        delivery = db.get(Delivery, delivery_id) if delivery_id <= MAX_ID else None
        if delivery is None or delivery.alert_id != found.id:
            abort(404)
        queued = retry_delivery(db, delivery.id, request_now())
    if queued:
        flash("It is sent again within seconds.", "good")
    else:
        flash("It is on its way already, or was delivered meanwhile.", "brass")
    return _back(public_id)


def _get_alert(session: Session, public_id: str) -> Alert:
    found = session.scalar(select(Alert).where(Alert.public_id == public_id))
    if found is None:
        abort(404)
    return found


def _back(public_id: str) -> ResponseReturnValue:
    return redirect(url_for("alerts.alert", public_id=public_id), 303)
