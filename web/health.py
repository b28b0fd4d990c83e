"""The health page for people, and `/healthz` for what watches over processes."""

from __future__ import annotations

from flask import Blueprint, jsonify, render_template
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from alerts.books import get_books
from enrichment.datasets import list_datasets
from web.context import get_database, get_settings, needs_admin, request_now
from web.health_figures import JOB_WORDS, VITAL_JOBS, as_json, decide_problems, get_figures

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> ResponseReturnValue:
    """200 only if page views are being handled and alerts sent; no sign-in, no names."""
    now = request_now()
    try:
        figures = get_figures(get_database(), get_settings().inbox_dir, now)
    except (SQLAlchemyError, OSError):
        return jsonify({"well": False, "problems": ["database"]}), 503
    problems = decide_problems(figures, now)
    return jsonify(as_json(figures, problems, now)), 503 if problems else 200


@blueprint.get("/health")
@needs_admin
def health() -> ResponseReturnValue:
    now = request_now()
    figures = get_figures(get_database(), get_settings().inbox_dir, now)
    return render_template(
        "health/health.html",
        figures=figures,
        problems=decide_problems(figures, now),
        books=get_books(get_database(), get_settings().inbox_dir),
        jobs=JOB_WORDS,
        vital=VITAL_JOBS,
        datasets=list_datasets(get_settings().data_dir),
    )
