"""What is wrong with a site's snippet, as far as it can be told, and what to do about it."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from tracker.address import is_inside, read_address
from tracker.models import Site, Visit
from tracker.notes import REFUSED_HOST, SCRIPT, get_noted
from tracker.origin import is_host_allowed
from tracker.settings import Network
from web.stray_keys import get_wrong_keys

# A host that was refused longer ago has been mended or was a stranger's.
REFUSED_WITHIN = timedelta(days=1)
# The script is kept by browsers for an hour, so that even a busy site fetches it seldom.
FETCHED_WITHIN = timedelta(days=7)
RECENT = timedelta(days=7)
RECENT_VISITS = 100
# Fewer visits say nothing about whether anybody ever agrees.
ENOUGH_VISITS = 20
SHOWN_HOSTS = 5
PATIENCE = timedelta(minutes=10)

LOOK = '"Look at a page", on the page of the site, tells.'

# Where no visitor of a public site comes from. Documentation networks are left out: they stand in examples.
INSIDE: tuple[Network, ...] = tuple(
    map(
        ipaddress.ip_network,
        (
            *(
                "10.0.0.0/8",
                "100.64.0.0/10",
                "127.0.0.0/8",
                "169.254.0.0/16",
                "172.16.0.0/12",
                "192.168.0.0/16",
            ),
            *("::1/128", "fc00::/7", "fe80::/10"),
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and what to do. `host`: may be allowed by a button."""

    kind: str
    title: str
    advice: str
    host: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known about the pages of a site. `addresses` and `agreed` are of its latest visits."""

    refused: Sequence[str] = ()
    wrong_keys: Sequence[tuple[str, str]] = ()  # key and host
    fetched: Sequence[str] = ()
    addresses: Sequence[str] = ()
    agreed: Sequence[bool] = ()


def get_problems(
    session: Session, site: Site, proxies: Sequence[Network], base_url: str, now: datetime
) -> tuple[Problem, ...]:
    """What is wrong with the snippet on this site."""
    return decide_problems(site, get_seen(session, site, now), proxies, base_url, now)


def get_seen(session: Session, site: Site, now: datetime) -> Seen:
    visits = session.execute(
        select(Visit.address, Visit.consent)
        .where(Visit.site_id == site.id, Visit.ended_at >= now - RECENT)
        .where(Visit.quiet.is_(False), Visit.merged_into_id.is_(None), Visit.address != "")
        .order_by(Visit.id.desc())
        .limit(RECENT_VISITS)
    ).all()
    return Seen(
        refused=get_noted(session, site.key, REFUSED_HOST, now - REFUSED_WITHIN),
        wrong_keys=get_wrong_keys(session, site, now - REFUSED_WITHIN),
        fetched=get_noted(session, "", SCRIPT, now - FETCHED_WITHIN),
        addresses=[visit.address for visit in visits],
        agreed=[visit.consent for visit in visits],
    )


def decide_problems(
    site: Site, seen: Seen, proxies: Sequence[Network], base_url: str, now: datetime
) -> tuple[Problem, ...]:
    """All that can be told, the most certain first."""
    found = [
        *_refused(site, seen),
        *_wrong_keys(site, seen),
        _hidden_address(seen, proxies),
        _silent_script(site, seen, base_url, now),
        _no_consent(seen),
    ]
    return tuple(problem for problem in found if problem)


def _refused(site: Site, seen: Seen) -> list[Problem]:
    hosts = [host for host in seen.refused if site.hosts and not is_allowed(host, site.hosts)]
    return [
        Problem(
            "refused_host",
            f"Page views from {host} are refused: the host is not allowed",
            "Allow it if the pages there are yours. If they are not, somebody has copied your snippet.",
            host,
        )
        for host in hosts[:SHOWN_HOSTS]
    ]


def _wrong_keys(site: Site, seen: Seen) -> list[Problem]:
    return [
        Problem(
            "wrong_key",
            f"Pages of {host} report with the key {key}, which is not this site's",
            f'Put the snippet of this site on them; it has data-site="{site.key}".',
        )
        for key, host in seen.wrong_keys[:SHOWN_HOSTS]
    ]


def is_allowed(host: str, entries: Sequence[str]) -> bool:
    return any(is_host_allowed(host, entry) for entry in entries)


def _hidden_address(seen: Seen, proxies: Sequence[Network]) -> Problem | None:
    """All visits from inside: that is what a collector sees behind a proxy which does not say for whom."""
    latest = next(iter(seen.addresses), "")
    if not latest:
        return None
    if all(_is_in(address, proxies) for address in seen.addresses):
        return Problem(
            "hidden_address",
            f"Your proxy {latest} does not say which address a visitor has",
            "Let it append the visitor's address to X-Forwarded-For; docs/proxy.md shows how. Until then no "
            "company can be identified.",
        )
    if all(_is_in(address, INSIDE) for address in seen.addresses):
        return Problem(
            "hidden_address",
            f"All visits seem to come from inside, such as {latest}",
            "A proxy in front of Doorbell hides the visitors' addresses. Name its network in "
            "DOORBELL_TRUSTED_PROXIES; docs/proxy.md shows how. Until then no company can be identified.",
        )
    return None


def _is_in(text: str, networks: Sequence[Network]) -> bool:
    address = read_address(text)
    return address is not None and is_inside(address, networks)


def _silent_script(site: Site, seen: Seen, base_url: str, now: datetime) -> Problem | None:
    if site.first_hit_at is not None or seen.refused or seen.wrong_keys or now - site.created_at < PATIENCE:
        return None
    host = next((host for host in seen.fetched if not site.hosts or is_allowed(host, site.hosts)), "")
    if host:
        return Problem(
            "no_hit",
            f"A page of {host} fetched the script, but no page view has come",
            f"Perhaps the page's Content-Security-Policy forbids it: connect-src must allow {base_url}. Or "
            f"the snippet waits for consent that nobody gave. {LOOK}",
        )
    return Problem(
        "no_script",
        "No page has fetched the script yet",
        f"Is the snippet in your pages? {LOOK} If it is, the page's Content-Security-Policy may forbid it: "
        f"script-src must allow {base_url}. Or a blocker of advertisements stops it in your browser.",
    )


def _no_consent(seen: Seen) -> Problem | None:
    if len(seen.agreed) < ENOUGH_VISITS or any(seen.agreed):
        return None
    return Problem(
        "no_consent",
        f"None of the latest {len(seen.agreed)} visitors agreed to be recognised",
        "Each of them counts as new every day. If your pages ask for consent, their answer does not reach "
        "the snippet; docs/snippet.md shows how. If they do not ask, all is well.",
    )
