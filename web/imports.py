"""Import of a file: what it would change, then the same for real, then the refused rows as CSV.

Between the two looks the file lies in the data directory under a random name; the browser's session
says whose it is.
"""

from __future__ import annotations

import logging
import re
import secrets
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.file import FileField
from wtforms import RadioField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from enrichment.imports import KINDS, ImportError_, ImportReport, import_rows
from web.context import get_database, get_settings, get_user, needs_admin, request_now
from web.forms import REFUSED, Form, add_error, strip

logger = logging.getLogger(__name__)
blueprint = Blueprint("imports", __name__, url_prefix="/import")

KIND_CHOICES = (
    ("companies", "Companies"),
    ("contacts", "Contacts"),
    ("deals", "Deals"),
    ("targets", "Target lists"),
)
KEPT_FOR = timedelta(days=1)
UPLOAD = re.compile(r"[A-Za-z0-9_-]{43}")
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
    report = _read(form, session["upload"])
    return redirect(url_for("imports.check")) if report else _show(form)


def _read(form: UploadForm, upload: dict[str, str]) -> ImportReport | None:
    """The report of a dry run; None when the file cannot be read, which the form then says."""
    try:
        return _run(upload, dry_run=True)
    except ImportError_ as error:
        _drop(upload)
        add_error(form.file, f"This file cannot be read: {error}")
        return None


def _show(form: UploadForm, problem: str = "") -> ResponseReturnValue:
    if problem:
        add_error(form.file, problem)
    columns = {name: ", ".join(kind.columns) for name, kind in KINDS.items()}
    status = REFUSED if form.errors else 200
    return render_template("imports/upload.html", form=form, columns=columns, kinds=KIND_CHOICES), status


@blueprint.route("/check", methods=["GET", "POST"])
@needs_admin
def check() -> ResponseReturnValue:
    """The dry run; sent as a form it becomes real."""
    form = Form()
    upload = _find_upload()
    if upload is None:
        blank = UploadForm(formdata=None)
        return _show(blank, GONE) if form.is_submitted() else redirect(url_for("imports.upload"))
    try:
        applied = form.validate_on_submit()
        report = _run(upload, dry_run=not applied)
    except ImportError_ as error:
        return _show(UploadForm(formdata=None), f"This file cannot be read: {error}")
    if applied and not report.refused:
        _drop(upload)
    return render_template("imports/report.html", form=form, report=report, upload=upload)


@blueprint.get("/refused.csv")
@needs_admin
def refused() -> ResponseReturnValue:
    """The refused rows with their reasons, to mend and send again."""
    upload = _find_upload()
    if upload is None:
        return redirect(url_for("imports.upload"))
    report = _run(upload, dry_run=True)
    headers = {"Content-Disposition": f'attachment; filename="refused-{upload["kind"]}.csv"'}
    return Response("\ufeff" + report.refused_csv(), mimetype="text/csv", headers=headers)


def _run(upload: dict[str, str], *, dry_run: bool) -> ImportReport:
    return import_rows(
        get_database(),
        upload["kind"],
        _directory() / upload["id"],
        dry_run=dry_run,
        now=request_now(),
        changed_by=get_user().email,
        file_name=upload["name"],
    )


def _find_upload() -> dict[str, str] | None:
    """The file this browser sent, while it is kept."""
    upload: Any = session.get("upload")
    if not isinstance(upload, dict) or not UPLOAD.fullmatch(str(upload.get("id"))):
        return None
    return upload if (_directory() / upload["id"]).exists() and upload.get("kind") in KINDS else None


def _drop(upload: dict[str, str]) -> None:
    (_directory() / upload["id"]).unlink(missing_ok=True)
    session.pop("upload", None)


def _directory() -> Path:
    directory = get_settings().data_dir / "uploads"
    directory.mkdir(mode=0o700, exist_ok=True)
    return directory


def _delete_old(now: datetime) -> None:
    for path in _directory().iterdir():
        if path.stat().st_mtime < (now - KEPT_FOR).timestamp():
            path.unlink(missing_ok=True)
