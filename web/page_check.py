"""Looks at a page of a site: is the snippet in it, and would a browser run it?"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urljoin

from tracker.clean import find_host
from tracker.models import Site
from tracker.outbound import OutboundError, get
from tracker.script import read_scripts
from tracker.settings import Settings
from web.page_findings import (
    MOST_BYTES,
    Finding,
    Look,
    Page,
    all_well,
    is_at,
    judge_page,
    leads_elsewhere,
    no_script,
    unreachable,
)
from web.page_tags import read_tags
from web.stray_keys import has_host

MOST_REDIRECTS = 3


class Elsewhere(Exception):
    """The page leads to a host that is none of the site's."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.url = url


def guess_page(site: Site) -> str:
    """The front page of the site's first host; empty when no host is named."""
    host = next((host for host in site.hosts if not host.startswith("*.")), "")
    scheme = "http" if host.startswith("localhost") else "https"
    return f"{scheme}://{host}/" if host else ""


def read_address(text: str, site: Site) -> str:
    """The address of a page of the site. Raises ValueError that says what to write."""
    url = text if "://" in text else f"https://{text}"
    host = find_host(url)
    if not host:
        raise ValueError("Write the address of a page, such as https://www.acme.com/")
    if site.hosts and not has_host(site, host):
        raise ValueError(f"{host} is none of this site's hosts: {', '.join(site.hosts)}")
    return url


def check_page(url: str, look: Look, settings: Settings) -> list[Finding]:
    """Fetches the page, and the script where it comes through a proxy, and says what is wrong."""
    try:
        page = fetch_page(url, look.site, settings)
    except Elsewhere as error:
        return [leads_elsewhere(look.site, error.url)]
    except OutboundError as error:
        return [unreachable(str(error))]
    findings = judge_page(page, look)
    if not any(finding.tone == "bad" for finding in findings):
        findings += _check_script(page, look, settings)
    return findings or [all_well(look.site)]


def fetch_page(url: str, site: Site, settings: Settings) -> Page:
    """The page, after at most three redirects within the site. Raises OutboundError and Elsewhere."""
    headers = {"Accept": "text/html,*/*;q=0.5"}
    for _ in range(MOST_REDIRECTS + 1):
        reply = get(url, settings, headers=headers, most=MOST_BYTES)
        place = reply.headers.get("location", "")
        if not (300 <= reply.status < 400 and place):
            return Page(url, reply)
        url = urljoin(url, place)
        if site.hosts and not has_host(site, find_host(url)):
            raise Elsewhere(url)
    raise OutboundError("the page redirects again and again", sent=True)


def _check_script(page: Page, look: Look, settings: Settings) -> list[Finding]:
    """Whether the script comes where the page has it from; only asked where a proxy of the site stands."""
    found = read_tags(page.reply.text, page.url)
    tag = next((tag for tag in found.tags if tag.key == look.site.key), None)
    if tag is None or is_at(tag.src, look.base_url):
        return []
    try:
        reply = get(tag.src, settings, most=MOST_BYTES)
    except OutboundError as error:
        return [no_script(tag, str(error))]
    if reply.status != 200:
        return [no_script(tag, f"it answered {reply.status}")]
    known = {script.bodies["identity"] for script in look.scripts.values()}
    return [] if reply.text.encode() in known else [no_script(tag, "something else came")]


def make_look(site: Site, base_url: str, snippet: str, names: Mapping[str, str]) -> Look:
    """`snippet`: the line to copy; `names`: of all sites, by key."""
    return Look(site, base_url, snippet, names, read_scripts())
