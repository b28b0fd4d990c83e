"""The secret keys with which servers report to a site: made, shown once, revoked."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.models import Site, SiteKey
from tracker.server_keys import digest_key, make_server_key
from web.context import get_database, needs_admin, request_now
from web.forms import REFUSED, Form, Text

blueprint = Blueprint("server_keys", __name__, url_prefix="/sites/<int:site_id>/keys")


class KeyForm(Form):
    name = Text(
        "Name", most=100, needed="Write which server will hold the key", description="Such as shop backend."
    )


@blueprint.route("/new", methods=["GET", "POST"])
@needs_admin
def new(site_id: int) -> ResponseReturnValue:
    """Makes a key. Its own page is the only place that ever shows it."""
    with get_database().read() as db:
        site = db.get(Site, site_id) or abort(404)
    form = KeyForm()
    if not form.validate_on_submit():
        page = render_template("sites/new_key.html", form=form, site=site)
        return page, REFUSED if form.is_submitted() else 200
    key = add_server_key(site_id, form.name.data)
    return render_template("sites/made_key.html", site=site, name=form.name.data, key=key)


def add_server_key(site_id: int, name: str) -> str:
    """Saves the digest of a new key; returns the key."""
    key = make_server_key()
    with get_database().write() as db:
        row = SiteKey(
            site_id=site_id, name=name, digest=digest_key(key), hint=key[-4:], created_at=request_now()
        )
        db.add(row)
    return key


@blueprint.post("/<int:key_id>/revoke")
@needs_admin
def revoke(site_id: int, key_id: int) -> ResponseReturnValue:
    """Ends a key: all processes refuse it within two seconds."""
    with get_database().write() as db:
        row = db.get(SiteKey, key_id)
        if row is None or row.site_id != site_id:
            abort(404)
        row.revoked_at = row.revoked_at or request_now()
        name = row.name
    flash(f"The key of {name} is revoked. Whoever sends with it is refused.", "good")
    return redirect(url_for("sites.show", site_id=site_id))


def get_server_keys(session: Session, site_id: int) -> Sequence[SiteKey]:
    """The keys that hold, oldest first."""
    here = (SiteKey.site_id == site_id, SiteKey.revoked_at.is_(None))
    return session.scalars(select(SiteKey).where(*here).order_by(SiteKey.id)).all()
