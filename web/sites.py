"""Sites: the snippet to copy, whether it works, hosts, staff and page groups."""

from __future__ import annotations

import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import escape
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tracker.address import is_inside, read_address
from tracker.models import Site
from tracker.pages import find_page_group
from tracker.settings import Network
from web.context import (
    get_database,
    get_settings,
    is_fragment,
    needs_admin,
    request_now,
    visitor_address,
)
from web.forms import REFUSED, Form, strip
from web.install_check import Check, Drops, decide_check, get_drops
from web.install_problems import Problem, get_problems
from web.page_check import guess_page
from web.server_keys import get_server_keys
from web.shell import get_reader
from web.site_forms import NewSiteForm, SiteForm, check_host, make_key, read_group, write_group
from web.stray_keys import get_stray_keys

blueprint = Blueprint("sites", __name__, url_prefix="/sites")

DEBUG_FOR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Tried:
    """What `try a URL` says: the page group of an address, empty for none."""

    url: str
    group: str


@blueprint.get("")
@needs_admin
def index() -> ResponseReturnValue:
    with get_database().read() as db:
        sites = db.scalars(select(Site).order_by(func.lower(Site.name), Site.id)).all()
        checks = [(site, _check(db, site)[0], site_problems(db, site)) for site in sites]
        strays = get_stray_keys(db, sites, request_now())
    return render_template("sites/list.html", checks=checks, strays=strays)


@blueprint.route("/new", methods=["GET", "POST"])
@needs_admin
def new() -> ResponseReturnValue:
    form = NewSiteForm()
    if not form.validate_on_submit():
        return render_template("sites/new.html", form=form), REFUSED if form.is_submitted() else 200
    return redirect(url_for("sites.show", site_id=add_site(form)))


def add_site(form: NewSiteForm) -> int:
    """Saves a new site under a key made from its name; returns its id."""
    with get_database().write() as db:
        site = Site(
            key=make_key(form.name.data, db.scalars(select(Site.key))),
            name=form.name.data,
            hosts=form.hosts.data,
            secret=secrets.token_hex(32),
            created_at=request_now(),
        )
        db.add(site)
        db.flush()
        return site.id


@blueprint.get("/<int:site_id>")
@needs_admin
def show(site_id: int) -> ResponseReturnValue:
    return render_site(site_id)


def render_site(site_id: int, **looked: Any) -> str:
    """The page of a site; `looked` is what a look at one of its pages has found."""
    with get_database().read() as db:
        site = get_site(db, site_id)
        check, drops = _check(db, site)
        problems = site_problems(db, site)
        keys = get_server_keys(db, site_id)
    own = visitor_address()
    return render_template(
        "sites/show.html",
        site=site,
        check=check,
        drops=drops,
        problems=problems,
        snippet=write_snippet(site),
        own_address=own,
        is_staff=is_staff(site, own),
        tried=_try_url(site),
        keys=keys,
        form=Form(),
        **{"page_url": guess_page(site), "page_error": "", "findings": ()} | looked,
    )


@blueprint.get("/<int:site_id>/check")
@needs_admin
def check(site_id: int) -> ResponseReturnValue:
    """The part of the page that renews itself."""
    if not is_fragment():
        return redirect(url_for("sites.show", site_id=site_id))
    with get_database().read() as db:
        site = get_site(db, site_id)
        verdict, drops = _check(db, site)
        problems = site_problems(db, site)
    return render_template(
        "sites/check.html", site=site, check=verdict, drops=drops, problems=problems, form=Form()
    )


def site_problems(db: Session, site: Site) -> tuple[Problem, ...]:
    """What is wrong with the snippet on this site, now."""
    settings = get_settings()
    return get_problems(db, site, settings.trusted_proxies, settings.base_url, request_now())


def _check(db: Session, site: Site) -> tuple[Check, Drops]:
    drops = get_drops(db, site.id, start_of_day(request_now()))
    return decide_check(site, drops, visitor_address(), request_now()), drops


def start_of_day(now: datetime) -> datetime:
    """Midnight in the reader's zone, in UTC."""
    return (
        now.astimezone(get_reader().zone).replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
    )


def _try_url(site: Site) -> Tried | None:
    url = strip(request.args.get("url"))[:2048]
    return Tried(url, find_page_group(url, site.page_groups)) if url else None


def write_snippet(site: Site) -> str:
    """The tag to put on every page."""
    names = escape(", ".join(site.query_parameters))
    query = f' data-query="{names}"' if names else ""
    return f'<script defer src="{get_settings().base_url}/s/v.js" data-site="{site.key}"{query}></script>'


def is_staff(site: Site, address: str) -> bool:
    found = read_address(address)
    return found is not None and is_inside(found, _networks(site.staff_networks))


def _networks(texts: list[str]) -> list[Network]:
    """Those of the saved networks that can be read; the collector leaves the others out too."""
    networks = []
    for text in texts:
        with suppress(ValueError):
            networks.append(ip_network(text, strict=False))
    return networks


@blueprint.route("/<int:site_id>/edit", methods=["GET", "POST"])
@needs_admin
def edit(site_id: int) -> ResponseReturnValue:
    with get_database().read() as db:
        site = get_site(db, site_id)
    groups = [write_group(name, patterns) for name, patterns in site.page_groups]
    form = SiteForm(
        data={
            "name": site.name,
            "hosts": site.hosts,
            "staff_networks": site.staff_networks,
            "page_groups": groups,
            "query_parameters": site.query_parameters,
            "do_not_track": site.do_not_track,
            "sender_consent": site.sender_consent,
        }
    )
    if not form.validate_on_submit():
        page = render_template("sites/edit.html", form=form, site=site, own_address=visitor_address())
        return page, REFUSED if form.is_submitted() else 200
    _save(site_id, form)
    flash(f"{form.name.data} is saved. It holds from now on.", "good")
    return redirect(url_for("sites.show", site_id=site_id))


def _save(site_id: int, form: SiteForm) -> None:
    with get_database().write() as db:
        site = get_site(db, site_id)
        site.name = form.name.data
        site.hosts = form.hosts.data
        site.staff_networks = form.staff_networks.data
        site.query_parameters = form.query_parameters.data
        site.do_not_track = form.do_not_track.data
        site.sender_consent = form.sender_consent.data
        site.page_groups = [list(read_group(line)) for line in form.page_groups.data]


@blueprint.post("/<int:site_id>/hosts")
@needs_admin
def allow_host(site_id: int) -> ResponseReturnValue:
    """Adds a host that was refused to those that may report."""
    try:
        host = check_host(strip(request.form.get("host")))
    except ValueError:
        abort(400)
    with get_database().write() as db:
        site = get_site(db, site_id)
        if site.hosts and host not in site.hosts:
            site.hosts = [*site.hosts, host]
    flash(f"Page views from {host} are taken from now on.", "good")
    return redirect(url_for("sites.show", site_id=site_id))


@blueprint.post("/<int:site_id>/staff")
@needs_admin
def add_own_address(site_id: int) -> ResponseReturnValue:
    """Counts the address this browser comes from as staff."""
    own = visitor_address()
    with get_database().write() as db:
        site = get_site(db, site_id)
        if own and not is_staff(site, own):
            site.staff_networks = [*site.staff_networks, own]
    flash(f"Visits from {own} are not counted any more.", "good")
    return redirect(safe_return(site_id))


def safe_return(site_id: int) -> str:
    """Back to the step of the setup, if that is where the button stood."""
    step = request.form.get("step") == "staff"
    return url_for("setup.staff") if step else url_for("sites.show", site_id=site_id)


@blueprint.post("/<int:site_id>/debug")
@needs_admin
def debug(site_id: int) -> ResponseReturnValue:
    """For an hour the collector tells the browser why a hit will be dropped."""
    with get_database().write() as db:
        get_site(db, site_id).debug_until = request_now() + DEBUG_FOR
    return redirect(url_for("sites.show", site_id=site_id))


def get_site(db: Session, site_id: int) -> Site:
    return db.get(Site, site_id) or abort(404)
