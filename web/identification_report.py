"""The identification report: how much of the visits we can name, from what, and how honest that is."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from web.arguments import read_choice
from web.context import get_database, needs_user, request_now
from web.identification_figures import LEAST_VISITS, get_report
from web.shell import get_reader

blueprint = Blueprint("identification_report", __name__, url_prefix="/reports/identification")

PERIODS = ("7", "30", "90")


@blueprint.get("")
@needs_user
def report() -> ResponseReturnValue:
    days = int(read_choice("days", PERIODS, "30"))
    with get_database().read() as db:
        found = get_report(db, days, get_reader().zone, request_now())
    return render_template("reports/identification.html", report=found, periods=PERIODS, least=LEAST_VISITS)
