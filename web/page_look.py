"""The button that looks at a page of a site and says what is wrong with the snippet there."""

from __future__ import annotations

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from tracker.models import Site
from web.context import get_database, get_settings, needs_admin
from web.forms import REFUSED, strip
from web.page_check import check_page, make_look, read_address
from web.sites import get_site, render_site, write_snippet

blueprint = Blueprint("page_look", __name__, url_prefix="/sites")


@blueprint.post("/<int:site_id>/look")
@needs_admin
def look(site_id: int) -> ResponseReturnValue:
    """Fetches the page that was asked for, if it is one of the site's, and shows what was found."""
    typed = strip(request.form.get("page"))[:2048]
    with get_database().read() as db:
        site = get_site(db, site_id)
        names = {site.key: site.name for site in db.scalars(select(Site))}
    try:
        url = read_address(typed, site)
    except ValueError as error:
        return render_site(site_id, page_url=typed, page_error=str(error)), REFUSED
    settings = get_settings()
    look = make_look(site, settings.base_url, write_snippet(site), names)
    return render_site(site_id, page_url=url, findings=check_page(url, look, settings))
