"""Channels: where alerts are sent, whether they can be, and how to mend one that cannot."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.channels import CHANNELS, ChannelKind, DeliveryError, channel_class
from alerts.models import Channel
from alerts.outbox import resume_channel, send_test
from alerts.redirect import redirect_waiting
from web.arguments import MAX_ID
from web.channel_form import ChannelForm, check_values, make_form, read_values
from web.channel_rows import count_uses, get_channels, kind_label, rename_in_rules, state_of
from web.context import get_database, get_settings, get_user, needs_admin, needs_user, request_now
from web.forms import REFUSED, add_error

blueprint = Blueprint("channels", __name__)

PAUSED_BY_HAND = "Paused by an admin."


@blueprint.get("/channels")
@needs_user
def channels() -> ResponseReturnValue:
    with get_database().read() as db:
        found = get_channels(db)
    kinds = [(kind, channel_class(kind).label) for kind in CHANNELS]
    return render_template("channels/list.html", channels=found, kinds=kinds)


@blueprint.route("/channels/new/<kind>", methods=["GET", "POST"])
@needs_admin
def new(kind: str) -> ResponseReturnValue:
    if kind not in CHANNELS:
        abort(404)
    return _form_page(channel_class(kind), Channel(name="", kind=kind, settings={}, target=""))


@blueprint.route("/channels/<int:channel_id>", methods=["GET", "POST"])
@needs_admin
def edit(channel_id: int) -> ResponseReturnValue:
    with get_database().read() as db:
        channel = _get_channel(db, channel_id)
    if channel.kind not in CHANNELS:
        abort(404)
    return _form_page(channel_class(channel.kind), channel)


def _form_page(kind: type[ChannelKind], channel: Channel) -> ResponseReturnValue:
    form = make_form(kind, {**channel.settings, "name": channel.name, "target": channel.target})
    if request.method == "POST":
        form.validate()
        values = read_values(form, kind, channel.settings)
        if check_values(form, kind, values, get_settings()) and _save(form, channel, values):
            flash(f"{form.name.data} is saved. Send a test to see that it works.", "good")
            return redirect(url_for("channels.channels"), 303)
    page = render_template(
        "channels/form.html", form=form, kind=kind, channel=channel, state=state_of(channel)
    )
    return page, REFUSED if form.errors else 200


def _save(form: ChannelForm, channel: Channel, values: dict[str, Any]) -> bool:
    """Whether the channel was saved; a name that another one has is an error at the name."""
    with get_database().write() as db:
        same = db.scalar(select(Channel.id).where(Channel.name == form.name.data))
        if same is not None and same != channel.id:
            add_error(form.name, "Another channel has this name; choose another")
            return False
        row = (
            db.get(Channel, channel.id)
            if channel.id
            else Channel(kind=channel.kind, created_at=request_now())
        )
        if row is None:
            abort(404)
        if row.name and row.name != form.name.data:
            rename_in_rules(db, row.name, form.name.data)
        row.name, row.settings, row.target = form.name.data, values, form["target"].data or ""
        db.add(row)
    return True


@blueprint.post("/channels/<int:channel_id>/test")
@needs_admin
def test(channel_id: int) -> ResponseReturnValue:
    """Sends a test to the channel's target, else to whoever asks, and shows the far end's own answer."""
    with get_database().read() as db:
        channel = _get_channel(db, channel_id)
    try:
        where = send_test(get_database(), get_settings(), channel.id, get_user().id, request_now())
    except DeliveryError as error:
        flash(f"{channel.name}: the test was not delivered. {error}", "bad")
    else:
        flash(f"{channel.name}: the test was accepted for {where}.", "good")
    return redirect(url_for("channels.channels"), 303)


@blueprint.post("/channels/<int:channel_id>/pause")
@needs_admin
def pause(channel_id: int) -> ResponseReturnValue:
    with get_database().write() as db:
        channel = _get_channel(db, channel_id)
        if not channel.paused_at:
            channel.paused_at, channel.paused_reason = request_now(), PAUSED_BY_HAND
            db.flush()
            redirect_waiting(db, channel.id, request_now())
    flash(f"{channel.name} is paused. Alerts to it take another way.", "brass")
    return redirect(url_for("channels.channels"), 303)


@blueprint.post("/channels/<int:channel_id>/resume")
@needs_admin
def resume(channel_id: int) -> ResponseReturnValue:
    with get_database().write() as db:
        channel = _get_channel(db, channel_id)
        resume_channel(channel)
    flash(f"{channel.name} sends again.", "good")
    return redirect(url_for("channels.channels"), 303)


@blueprint.route("/channels/<int:channel_id>/delete", methods=["GET", "POST"])
@needs_admin
def delete(channel_id: int) -> ResponseReturnValue:
    """A page that says what is lost; then the deed. A channel that rules send to stays."""
    with get_database().write() as db:
        channel = _get_channel(db, channel_id)
        uses = count_uses(db)[channel.name]
        if request.method == "POST" and not uses:
            db.delete(channel)
            flash(f"{channel.name} is deleted.", "good")
            return redirect(url_for("channels.channels"), 303)
    return render_template("channels/delete.html", channel=channel, uses=uses, label=kind_label(channel.kind))


def _get_channel(session: Session, channel_id: int) -> Channel:
    channel = session.get(Channel, channel_id) if channel_id <= MAX_ID else None
    if channel is None:
        abort(404)
    return channel
