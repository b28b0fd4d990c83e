"""What is wrong with the snippet on a page, by its text and headers. Pure; page_check.py fetches."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urljoin

from tracker.clean import find_host
from tracker.models import Site
from tracker.outbound import Reply
from tracker.script import Script
from web.csp import CONNECT, SCRIPT, Load, Policy, find_missing, read_policies
from web.page_tags import PageTags, Tag, read_tags
from web.stray_keys import has_host

MOST_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. `tone` is good, brass or bad; `line` is to be copied."""

    kind: str
    tone: str
    title: str
    advice: str = ""
    line: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it came: its address after redirects."""

    url: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class Look:
    """What is needed to judge a page. `names`: of all sites, by key; `scripts`: ours, by file name."""

    site: Site
    base_url: str
    snippet: str
    names: Mapping[str, str]
    scripts: Mapping[str, Script]


def judge_page(page: Page, look: Look) -> list[Finding]:
    """What is wrong with a page, the first thing to mend first; empty: nothing."""
    if page.reply.status != 200:
        return [unreachable(f"the page answered {page.reply.status}")]
    found = read_tags(page.reply.text, page.url)
    if not found.tags:
        return [_not_found(page, found, look)]
    tag = next((tag for tag in found.tags if tag.key == look.site.key), found.tags[0])
    if not find_host(tag.src):
        return [_not_this_doorbell(tag, look)]
    headers = page.reply.headers.get("content-security-policy", "")
    policies = read_policies([headers, *found.policies])
    judged = [
        _wrong_host(tag, page, look),
        _wrong_key(tag, look),
        _mixed(tag, page),
        _wrong_hash(tag, look),
        *_forbidden(tag, page, policies, look),
        _waits(tag),
        _lost_parameters(tag, look.site),
    ]
    return _without_repeats(finding for finding in judged if finding)


def _without_repeats(findings: Iterable[Finding]) -> list[Finding]:
    """The line to copy stands with the first finding that it mends."""
    lines: set[str] = set()
    kept = []
    for finding in findings:
        kept.append(replace(finding, line="") if finding.line in lines else finding)
        lines.add(finding.line)
    return kept


def all_well(site: Site) -> Finding:
    """Nothing was found that is wrong."""
    return Finding(
        "found",
        "good",
        f"The snippet is on the page, with the key {site.key}, and nothing there keeps it from working",
        "Open the page in your browser: its page view should be here within seconds. If it is not, a blocker "
        "of advertisements in your browser may stop it; docs/proxy.md shows what helps.",
    )


def unreachable(why: str) -> Finding:
    """The page did not come."""
    return Finding(
        "unreachable",
        "brass",
        f"The page could not be looked at: {why}",
        "Is the address right, and can it be seen from the internet without signing in? Your visitors' "
        "browsers may see it all the same.",
    )


def leads_elsewhere(site: Site, url: str) -> Finding:
    """The page is a redirect out of the site."""
    host = find_host(url)
    return Finding(
        "elsewhere",
        "bad",
        f"The page leads to {host or 'an address that is none'}, which is none of this site's hosts",
        f"Page views of {host} are refused. Add it to the allowed hosts if its pages are yours, or look at "
        f"another page. Allowed are {', '.join(site.hosts)}.",
    )


def _not_found(page: Page, found: PageTags, look: Look) -> Finding:
    if look.site.first_hit_at is not None:
        return Finding(
            "not_found",
            "brass",
            "The snippet is not in the page's HTML",
            "Page views of this site have come, so a tag manager or your app may add it later, which cannot "
            "be seen from here. If this page lacks it, put this line on, between <head> and </head>.",
            look.snippet,
        )
    return Finding(
        "not_found", "bad", "The snippet is not on the page", _how_to_add(page, found), look.snippet
    )


def _how_to_add(page: Page, found: PageTags) -> str:
    advice = "Put this line on every page, between <head> and </head>."
    if found.has_tag_manager:
        return "What the page's tag manager adds cannot be seen from here. If nothing, put this line on."
    if len(page.reply.text.encode()) >= MOST_BYTES:
        return f"Only the first megabyte of the page was read. {advice}"
    return advice


def _wrong_host(tag: Tag, page: Page, look: Look) -> Finding | None:
    host = find_host(tag.src)
    if tag.file and (is_at(tag.src, look.base_url) or _is_own(host, page, look.site)):
        return None
    return _not_this_doorbell(tag, look)


def _not_this_doorbell(tag: Tag, look: Look) -> Finding:
    return Finding(
        "wrong_host",
        "bad",
        f"The snippet loads {tag.src[:200] or 'an address that is none'}, which is not this Doorbell",
        f"This one is at {look.base_url}.",
        look.snippet,
    )


def is_at(url: str, base_url: str) -> bool:
    """Whether an address is of this Doorbell itself, without a proxy of the site."""
    return find_host(url) == find_host(base_url) and url.startswith(f"{base_url}/s/")


def _is_own(host: str, page: Page, site: Site) -> bool:
    """Whether a host is the page's own or another of the site's: a proxy there may pass requests on."""
    return bool(host) and (host == find_host(page.url) or has_host(site, host))


def _wrong_key(tag: Tag, look: Look) -> Finding | None:
    if tag.key == look.site.key:
        return None
    other = look.names.get(tag.key)
    whose = f"the key of {other}" if other else "a key that no site has"
    title = f"The snippet has {whose}: {tag.key[:60]}"
    title = title if tag.key else "The snippet has no key: data-site is missing"
    return Finding("wrong_key", "bad", title, f"The key of this site is {look.site.key}.", look.snippet)


def _mixed(tag: Tag, page: Page) -> Finding | None:
    if not (page.url.startswith("https://") and tag.src.startswith("http://")):
        return None
    return Finding(
        "mixed",
        "bad",
        "The page comes by https and the script by http, which browsers refuse",
        "Serve Doorbell by https, and write https:// in the snippet.",
    )


def _wrong_hash(tag: Tag, look: Look) -> Finding | None:
    script = look.scripts.get(tag.file)
    if not tag.integrity or script is None:
        return None
    line = _pinned(script, tag.file, look.base_url)
    if not _has_hash(tag.integrity, script):
        return Finding(
            "wrong_hash",
            "bad",
            "The integrity of the snippet is not that of the script: browsers refuse to run it",
            "The script has changed since. Write these attributes; this name never changes.",
            line,
        )
    if not tag.is_cors and find_host(tag.src) == find_host(look.base_url):
        return Finding(
            "no_cors",
            "bad",
            "The snippet has integrity but not crossorigin: browsers refuse to run it",
            "Add crossorigin to the tag.",
            line,
        )
    return None if script.hash in tag.file else _hash_will_change(line)


def _pinned(script: Script, file: str, base_url: str) -> str:
    """The attributes that name this very build."""
    hashed = file if script.hash in file else file.replace(".js", f".{script.hash}.js")
    integrity = make_integrity(script)
    return f'src="{base_url}/s/{hashed}" integrity="{integrity}" crossorigin="anonymous"'


def _hash_will_change(line: str) -> Finding:
    return Finding(
        "hash_will_change",
        "brass",
        "The integrity fits now, and will not after the next update of Doorbell",
        "Use the name of this very build, which never changes.",
        line,
    )


def make_integrity(script: Script) -> str:
    """The script's hash as it stands in a tag."""
    digest = hashlib.sha384(script.bodies["identity"]).digest()
    return f"sha384-{base64.b64encode(digest).decode()}"


def _has_hash(integrity: str, script: Script) -> bool:
    """Whether one of the hashes is the script's; only those of the strongest kind count, as in browsers."""
    hashes = [text.partition("?")[0] for text in integrity.split()]
    kind = next((kind for kind in ("sha512", "sha384", "sha256") if _of_kind(hashes, kind)), "")
    if not kind:
        return True
    digest = base64.b64encode(hashlib.new(kind, script.bodies["identity"]).digest()).decode()
    return f"{kind}-{digest}" in hashes


def _of_kind(hashes: Iterable[str], kind: str) -> bool:
    return any(text.startswith(f"{kind}-") for text in hashes)


def _forbidden(tag: Tag, page: Page, policies: list[Policy], look: Look) -> list[Finding]:
    # Where the tag has to be mended anyway, it is the right one that the policy must let through.
    src = f"{look.base_url}/s/v.js" if _wrong_host(tag, page, look) else tag.src
    loads = (
        ("csp_script", "the script load", SCRIPT, Load(src, page.url, tag.nonce, tag.integrity)),
        ("csp_connect", "page views be reported", CONNECT, Load(urljoin(src, "e"), page.url)),
    )
    return [
        Finding(
            kind,
            "bad",
            f"The page's Content-Security-Policy does not let {what}",
            "Where the policy is set, write this in place of the directive of that name, or add it.",
            line,
        )
        for kind, what, names, load in loads
        if (line := find_missing(policies, names, load))
    ]


def _waits(tag: Tag) -> Finding | None:
    if tag.consent in ("", "cookieless", "granted"):
        return None
    return Finding(
        "waits",
        "brass",
        "The snippet waits for consent before it reports anything",
        'That is what data-consent="required" means. Nothing comes from visitors who have not agreed; '
        "docs/snippet.md shows how their answer reaches the snippet.",
    )


def _lost_parameters(tag: Tag, site: Site) -> Finding | None:
    lost = [name for name in site.query_parameters if name not in tag.query.replace(",", " ").split()]
    if not lost:
        return None
    return Finding(
        "lost_parameters",
        "brass",
        f"The snippet leaves out query parameters that this site keeps: {', '.join(map(str, lost))}",
        "Name them in data-query, as the line to copy does.",
    )


def no_script(tag: Tag, why: str) -> Finding:
    """Where the page has the script from, it does not come."""
    return Finding(
        "no_script",
        "bad",
        f"Doorbell's script does not come from {tag.src[:200]}: {why}",
        "Your web server must pass /s/ on to Doorbell; docs/proxy.md has tested configurations.",
    )
