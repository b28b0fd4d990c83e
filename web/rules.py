"""Rules: what is watched, and the form that makes them from the table of conditions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from alerts.channels import DeliveryError
from alerts.models import Rule, RuleState
from alerts.names import read_known, read_names
from alerts.ready_made import READY_MADE
from alerts.sentences import Names, Piece, read_back_pieces
from alerts.specs import Known, RuleError, RuleSpec, fill_row, parse_rule, spec_of
from web.arguments import MAX_ID
from web.context import (
    get_database,
    get_settings,
    get_user,
    is_fragment,
    needs_admin,
    needs_user,
    request_now,
)
from web.forms import REFUSED
from web.rule_form import Checked, Draft, Problem, change_draft, check_draft, draft_of, read_draft
from web.rule_rows import get_rules
from web.rule_sample import send_sample
from web.rule_trial import Trial, try_on_past
from web.rule_view import view_form

blueprint = Blueprint("rules", __name__)

STATES = {"save": RuleState.ON, "draft": RuleState.DRAFT}
UNNAMED = "New rule"


@dataclass(frozen=True, slots=True)
class World:
    """The names that a rule may use, read once for a form."""

    known: Known
    names: Names

    def check(self, draft: Draft, state: str = RuleState.DRAFT) -> Checked:
        return check_draft(draft, state, list(self.names.channels), self.known)


@blueprint.get("/rules")
@needs_user
def rules() -> ResponseReturnValue:
    with get_database().read() as db:
        found = get_rules(db, get_user().language, request_now())
        names = read_names(db)
    made = {row.name for row in found}
    ready = [
        (place, one["name"], _ready_sentence(one, names))
        for place, one in enumerate(READY_MADE)
        if one["name"] not in made
    ]
    return render_template("rules/list.html", rules=found, ready=ready)


def _ready_sentence(one: Mapping[str, Any], names: Names) -> list[Piece]:
    spec = _parse_ready(one, names)
    return read_back_pieces(spec, names, get_user().language)


def _parse_ready(one: Mapping[str, Any], names: Names) -> RuleSpec:
    """A ready-made rule; a channel that is called something else here is the first one there is."""
    first = next(iter(names.channels), "")
    send = [dict(line) | {"channel": _fit(line["channel"], names, first)} for line in one["send"]]
    sends = [line for line in send if line["channel"]]
    return parse_rule({**one, "send": sends}, channels=list(names.channels))


def _fit(channel: str, names: Names, first: str) -> str:
    return channel if channel in names.channels else first


@blueprint.route("/rules/new", methods=["GET", "POST"])
@needs_admin
def new() -> ResponseReturnValue:
    if request.method == "POST":
        return _posted(None)
    with get_database().read() as db:
        world = _read_world(db)
    return _show(None, _first_draft(world.names), world)


def _first_draft(names: Names) -> Draft:
    """An empty form, or one of the ready-made rules to start from."""
    ready = request.args.get("ready", "")
    if ready.isascii() and ready.isdigit() and int(ready[:3]) < len(READY_MADE):
        return replace(draft_of(_parse_ready(READY_MADE[int(ready[:3])], names)), version=0)
    draft, _ = change_draft(Draft(), "add:send")
    return draft


@blueprint.route("/rules/<int:rule_id>", methods=["GET", "POST"])
@needs_admin
def edit(rule_id: int) -> ResponseReturnValue:
    with get_database().read() as db:
        rule = _get_rule(db, rule_id)
        world = _read_world(db)
    if request.method == "POST":
        return _posted(rule)
    try:
        return _show(rule, draft_of(spec_of(rule)), world)
    except RuleError as error:
        return render_template("rules/broken.html", rule=rule, errors=error.errors)


def _posted(rule: Rule | None) -> ResponseReturnValue:
    """Draws the changed form again, or saves it; only `save` and `draft` change anything."""
    draft = read_draft(request.form)
    do = request.form.get("do", "check")
    with get_database().read() as db:
        world = _read_world(db)
    if do not in STATES and do != "test":
        changed, focus = change_draft(draft, do)
        return _show(rule, changed, world, focus=focus)
    draft, _ = change_draft(draft, "")
    checked = world.check(draft, STATES.get(do, RuleState.DRAFT))
    if checked.rule is None:
        return _show(rule, draft, world, checked.problems)
    if do == "test":
        _send_to_me(checked.rule)
        return _show(rule, draft, world)
    with get_database().write() as db:
        problem = _save(db, rule.id if rule else 0, draft.version, checked.rule)
    if problem:
        return _show(rule, draft, world, (problem,))
    state = "is on" if do == "save" else "is saved as a draft and sends nothing"
    flash(f"{checked.rule.name} {state}.", "good" if do == "save" else "brass")
    return redirect(url_for("rules.rules"), 303)


def _send_to_me(rule: RuleSpec) -> None:
    try:
        flash(send_sample(get_database(), get_settings(), rule, get_user(), request_now()), "good")
    except DeliveryError as error:
        flash(f"Nothing was sent. {error}", "bad")


def _save(session: Session, rule_id: int, version: int, spec: RuleSpec) -> Problem | None:
    """Saves unless the name is taken or a colleague was faster; then what to say of it."""
    same = session.scalar(select(Rule.id).where(Rule.name == spec.name))
    if same is not None and same != rule_id:
        return Problem("name", "Another rule has this name; choose another")
    now = request_now()
    row = Rule(created_at=now, version=1) if not rule_id else _claim(session, rule_id, version)
    if row is None:
        return Problem("version", "A colleague changed this rule while you did; open theirs to compare")
    fill_row(row, spec)
    row.updated_at, row.updated_by = now, get_user().email
    session.add(row)
    return None


def _claim(session: Session, rule_id: int, version: int) -> Rule | None:
    """The rule with its next version, if it still has the one that the form was opened on."""
    mine = update(Rule).where(Rule.id == rule_id, Rule.version == version).values(version=version + 1)
    if not session.execute(mine).rowcount:  # type: ignore[attr-defined]
        return None
    return session.get_one(Rule, rule_id, populate_existing=True)


def _show(
    rule: Rule | None,
    draft: Draft,
    world: World,
    problems: tuple[Problem, ...] = (),
    focus: str = "",
) -> ResponseReturnValue:
    checked = world.check(replace(draft, name=draft.name or UNNAMED))
    language = get_user().language
    sentence = read_back_pieces(checked.rule, world.names, language) if checked.rule else []
    trial = _try(replace(checked.rule, id=rule.id if rule else 0)) if checked.rule else None
    page = render_template(
        "rules/form.html",
        rule=rule,
        draft=draft,
        view=view_form(draft, world.known, world.names, problems, language),
        problems=problems,
        said=defaultdict(str, {problem.field: problem.text for problem in problems}),
        focus=focus,
        sentence=sentence,
        trial=trial,
        unfinished=checked.problems,
        whole=not is_fragment(),
    )
    return page, REFUSED if problems else 200


def _try(rule: RuleSpec) -> Trial:
    with get_database().read() as db:
        return try_on_past(db, rule, request_now())


@blueprint.post("/rules/<int:rule_id>/pause")
@needs_admin
def pause(rule_id: int) -> ResponseReturnValue:
    return _set_state(rule_id, RuleState.PAUSED, "is paused and sends nothing", "brass")


@blueprint.post("/rules/<int:rule_id>/on")
@needs_admin
def switch_on(rule_id: int) -> ResponseReturnValue:
    return _set_state(rule_id, RuleState.ON, "is on", "good")


def _set_state(rule_id: int, state: RuleState, words: str, tone: str) -> ResponseReturnValue:
    with get_database().write() as db:
        rule = _get_rule(db, rule_id)
        rule.state = state
        rule.version += 1
        rule.updated_at, rule.updated_by = request_now(), get_user().email
    flash(f"{rule.name} {words}.", tone)
    return redirect(url_for("rules.rules"), 303)


@blueprint.route("/rules/<int:rule_id>/delete", methods=["GET", "POST"])
@needs_admin
def delete(rule_id: int) -> ResponseReturnValue:
    """A page that says what is lost, then the deed."""
    with get_database().write() as db:
        rule = _get_rule(db, rule_id)
        if request.method == "POST":
            db.delete(rule)
            flash(f"{rule.name} is deleted. Its alerts stay.", "good")
            return redirect(url_for("rules.rules"), 303)
    return render_template("rules/delete.html", rule=rule)


def _read_world(session: Session) -> World:
    return World(read_known(session), read_names(session))


def _get_rule(session: Session, rule_id: int) -> Rule:
    rule = session.get(Rule, rule_id) if rule_id <= MAX_ID else None
    if rule is None:
        abort(404)
    return rule
