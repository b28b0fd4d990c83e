"""The live list: who is on the site, what they look at, and who was told."""

from __future__ import annotations

import hashlib

from flask import Blueprint, Response, make_response, render_template, request
from flask.typing import ResponseReturnValue

from web.arguments import read_choice, read_number, read_search
from web.context import get_database, get_user, is_fragment, needs_user, request_now
from web.live_rows import SHOWN, LatestHit, LiveFilter, LiveList, find_latest_hit, get_live_list
from web.words import add_words

blueprint = Blueprint("live", __name__)
blueprint.record_once(lambda state: add_words(state.app))

CHIPS = (
    ("mine", "Mine"),
    ("all", "All"),
    ("buying", "On buying pages"),
    ("ideal", "Ideal customers"),
    ("unknown", "Not identified"),
)


@blueprint.get("/live")
@needs_user
def live() -> ResponseReturnValue:
    """The page; for the page's own script only its rows, and 304 while they stay as they were."""
    wanted = LiveFilter(read_choice("show", SHOWN, "all"), read_search(), read_number("before"))
    with get_database().read() as db:
        found = get_live_list(db, wanted, get_user().id, request_now())
        latest = find_latest_hit(db) if not found.rows else None
    if is_fragment():
        return _rows(wanted, found, latest)
    return render_template("live/list.html", wanted=wanted, live=found, chips=CHIPS, latest=latest)


def _rows(wanted: LiveFilter, found: LiveList, latest: LatestHit | None) -> Response:
    response = make_response("")
    response.set_etag(_mark(found))
    response.make_conditional(request)
    if response.status_code != 304:
        response.set_data(render_template("live/rows.html", wanted=wanted, live=found, latest=latest))
    return response


def _mark(found: LiveList) -> str:
    """Changes when a row does, not when time passes: the script renews "4 min ago" by itself."""
    return hashlib.sha256(repr(found).encode()).hexdigest()[:32]
