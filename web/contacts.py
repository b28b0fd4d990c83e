"""The page of a contact: what we know of a person, how, and with what consent."""

from __future__ import annotations

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from enrichment.lifecycle import STAGES, set_stage
from enrichment.models import Contact
from web.arguments import MAX_ID, read_number
from web.contact_facts import find_contact_facts
from web.context import get_database, get_user, needs_user, request_now
from web.forms import strip
from web.shell import get_reader
from web.timeline import get_contact_timeline

blueprint = Blueprint("contacts", __name__)

MAX_REASON = 200


@blueprint.get("/contacts/<int:contact_id>")
@needs_user
def contact(contact_id: int) -> ResponseReturnValue:
    if contact_id > MAX_ID:
        abort(404)
    with get_database().read() as db:
        facts = find_contact_facts(db, contact_id)
        if facts is None:
            abort(404)
        zone = get_reader().zone
        timeline = get_contact_timeline(db, contact_id, facts.visitor_ids, zone, read_number("before"))
    return render_template("contacts/contact.html", facts=facts, timeline=timeline, stages=STAGES)


@blueprint.post("/contacts/<int:contact_id>/stage")
@needs_user
def change_stage(contact_id: int) -> ResponseReturnValue:
    """Sets the stage by hand; the receipt keeps who, when and why."""
    stage = request.form.get("stage", "")
    if stage and stage not in STAGES:
        abort(400)
    reason = strip(request.form.get("reason"))[:MAX_REASON]
    with get_database().write() as db:
        found = db.get(Contact, contact_id) if contact_id <= MAX_ID else None
        if found is None:
            abort(404)
        changed = set_stage(db, found, stage, reason or "set by hand", get_user().email, request_now())
    flash("The stage was changed." if changed else "They were at that stage already.", "good")
    return redirect(url_for("contacts.contact", contact_id=contact_id), 303)
