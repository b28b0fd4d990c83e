"""Import of a file: what it would change, then the same for real, then the refused rows as CSV.

Between the two looks the file lies in the data directory under a random name; the browser's session
says whose it is. What takes longer than a moment goes on by itself and shows how far it is.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from enrichment.imports import KINDS
from web.context import get_database, get_settings, get_user, needs_admin, request_now
from web.forms import REFUSED, Form, add_error, strip
from web.import_runs import ImportRun, Upload, drop_upload, find_run, start_run

blueprint = Blueprint("imports", __name__, url_prefix="/import")

KIND_CHOICES = (
    ("companies", "Companies"),
    ("contacts", "Contacts"),
    ("deals", "Deals"),
    ("targets", "Target lists"),
)
KEPT_FOR = timedelta(days=1)
UPLOAD = re.compile(r"[A-Za-z0-9_-]{43}")
STOPPED = (
    "Doorbell was stopped in the middle of it. What it had taken stays; start it again, the rest follows"
)
GONE = "The file is not here any more: it was imported, or a day has passed. Choose it again"


class UploadForm(Form):
    kind = RadioField(
        "What is in the file?",
        choices=[SelectChoice(*choice) for choice in KIND_CHOICES],
        default="companies",
    )
    file = FileField("File", description="CSV with comma or semicolon, or XLSX; at most 20 MB.")

    def validate_file(self, field: FileField) -> None:
        if not field.data or not field.data.filename:
            raise ValidationError("Choose a file")


@blueprint.route("", methods=["GET", "POST"])
@needs_admin
def upload() -> ResponseReturnValue:
    """Takes the file; the next page says what it would change."""
    form = UploadForm()
    if not form.validate_on_submit():
        return _show(form)
    _delete_old(request_now())
    name = secrets.token_urlsafe(32)
    form.file.data.save(_directory() / name)
    session["upload"] = {"id": name, "kind": form.kind.data, "name": strip(form.file.data.filename)[:200]}
    run = _run(session["upload"], dry_run=True)
    return _refuse(session["upload"], run.error, form) if run.error else redirect(url_for("imports.check"))


def _refuse(upload: dict[str, str], error: str, form: UploadForm | None = None) -> ResponseReturnValue:
    _drop(upload)
    return _show(form or UploadForm(formdata=None), error)


def _show(form: UploadForm, problem: str = "") -> ResponseReturnValue:
    if problem:
        add_error(form.file, problem)
    columns = {name: ", ".join(kind.columns) for name, kind in KINDS.items()}
    status = REFUSED if form.errors else 200
    page = render_template(
        "imports/upload.html", form=form, columns=columns, kinds=KIND_CHOICES, earlier=_find_upload()
    )
    return page, status


@blueprint.route("/check", methods=["GET", "POST"])
@needs_admin
def check() -> ResponseReturnValue:
    """How far the dry run is, then its report; sent as a form it becomes real."""
    form = Form()
    upload = _find_upload()
    if upload is None:
        blank = UploadForm(formdata=None)
        return _show(blank, GONE) if form.is_submitted() else redirect(url_for("imports.upload"))
    run = find_run(_directory() / upload["id"])
    if run is None or (run.dry_run and run.stopped(time.time())):
        run = _run(upload, dry_run=True)
    elif run.stopped(time.time()):
        run = replace(run, error=STOPPED)
    if form.validate_on_submit() and run.ended:
        run = _run(upload, dry_run=False)
    return _tell(form, upload, run)


def _tell(form: Form, upload: dict[str, str], run: ImportRun) -> ResponseReturnValue:
    if run.error and run.dry_run:
        return _refuse(upload, run.error)
    if run.report is None:
        return render_template("imports/progress.html", form=form, run=run, upload=upload)
    if not run.dry_run and not run.report.refused:
        _drop(upload)
    return render_template("imports/report.html", form=form, report=run.report, upload=upload)


@blueprint.get("/refused.csv")
@needs_admin
def refused() -> ResponseReturnValue:
    """The refused rows with their reasons, to mend and send again."""
    upload = _find_upload()
    run = find_run(_directory() / upload["id"]) if upload else None
    if upload is None or run is None or run.report is None:
        return redirect(url_for("imports.upload"))
    headers = {"Content-Disposition": f'attachment; filename="refused-{upload["kind"]}.csv"'}
    return Response("\ufeff" + run.report.refused_csv(), mimetype="text/csv", headers=headers)


def _run(upload: dict[str, str], *, dry_run: bool) -> ImportRun:
    """Starts a run; a short one has ended when this returns."""
    path = _directory() / upload["id"]
    file = Upload(path, upload["kind"], upload["name"], get_user().email)
    start_run(get_database(), file, dry_run=dry_run, now=request_now()).join(current_app.config["PATIENCE"])
    return find_run(path) or ImportRun(dry_run, time.time())


def _find_upload() -> dict[str, str] | None:
    """The file this browser sent, while it is kept."""
    upload: Any = session.get("upload")
    if not isinstance(upload, dict) or not UPLOAD.fullmatch(str(upload.get("id"))):
        return None
    return upload if (_directory() / upload["id"]).exists() and upload.get("kind") in KINDS else None


def _drop(upload: dict[str, str]) -> None:
    drop_upload(_directory() / upload["id"])
    session.pop("upload", None)


def _directory() -> Path:
    directory = get_settings().data_dir / "uploads"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def _delete_old(now: datetime) -> None:
    for path in _directory().iterdir():
        if path.stat().st_mtime < (now - KEPT_FOR).timestamp():
            path.unlink(missing_ok=True)
