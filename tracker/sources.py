"""The traffic channel of a visit: Google Analytics' default channel groups, as ordered named predicates.

The definitions follow Google's published table for manually tagged traffic (support.google.com/analytics,
"Default channel group"); the list of known sources in data/sources.txt is our own. All pure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.resources import files
from urllib.parse import parse_qsl

from publicsuffixlist import PublicSuffixList

from tracker.pages import split_url

UTM_LENGTH = 200
NAME_LENGTH = 100
UNASSIGNED = "Unassigned"


@dataclass(frozen=True, slots=True)
class Utm:
    """The campaign parameters of an address, as they were written."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    term: str = ""
    content: str = ""


@dataclass(frozen=True, slots=True)
class KnownSource:
    """A line of data/sources.txt."""

    kind: str  # search, social, video, shopping, email, ai
    name: str


@dataclass(frozen=True, slots=True)
class Arrival:
    """How a visit came, in the words the predicates ask about; all in lower case."""

    source: str = ""
    medium: str = ""
    campaign: str = ""
    known: KnownSource | None = None

    def is_kind(self, kind: str) -> bool:
        return self.known is not None and self.known.kind == kind


@dataclass(frozen=True, slots=True)
class Traffic:
    """The class of a visit's source, the source in words, and the predicate that decided."""

    channel: str
    source_name: str
    decided_by: str


# Parameters that advertising systems and senders add to an address: the source and medium each stands for.
# Facebook adds its own to every link, paid or not, so it says no more than that the visit came from there.
CLICK_IDS: Mapping[str, tuple[str, str]] = {
    "gclid": ("google", "cpc"),
    "gbraid": ("google", "cpc"),
    "wbraid": ("google", "cpc"),
    "dclid": ("google", "display"),
    "msclkid": ("bing", "cpc"),
    "li_fat_id": ("linkedin", "cpc"),
    "twclid": ("twitter", "cpc"),
    "ttclid": ("tiktok", "cpc"),
    "fbclid": ("facebook", "social"),
    "mc_cid": ("mailchimp", "email"),
}

_MEDIUM_OF_REFERRER = {"search": "organic", "email": "email", "ai": "ai"}
_PAID = re.compile(r".*cp.*|ppc|retargeting|paid.*")
_SHOPPING_CAMPAIGN = re.compile(r"(.*[^a-df-z]|)shop.*|.*shopping.*")
_DISPLAY = {"display", "banner", "expandable", "interstitial", "cpm"}
_SOCIAL = {"social", "social-network", "social-media", "sm", "social network", "social media"}
_EMAIL = {"email", "e-mail", "e_mail", "e mail"}
_NOTHING = {"", "none", "(none)", "(not set)"}


def classify(url: str, referrer: str, own_hosts: Iterable[str] = ()) -> Traffic:
    """The traffic channel of a visit that began at `url`, coming from `referrer` (either may be empty).

    A referrer on the page's own registered domain or on one of `own_hosts` is no source.
    """
    arrival = read_arrival(url, referrer, own_hosts)
    for channel, is_it in CHANNELS:
        if is_it(arrival):
            return Traffic(channel, _name(arrival), is_it.__name__)
    return Traffic(UNASSIGNED, _name(arrival), "")


def read_utm(url: str) -> Utm:
    values = _parameters(url)
    return Utm(*(values.get(f"utm_{name}", "") for name in Utm.__slots__))


def read_arrival(url: str, referrer: str, own_hosts: Iterable[str] = ()) -> Arrival:
    """What is written in the address rules; then the click id; then the referrer."""
    values = _parameters(url)
    utm_source, utm_medium = values.get("utm_source", "").lower(), values.get("utm_medium", "").lower()
    click = next((CLICK_IDS[name] for name in CLICK_IDS if values.get(name)), ("", ""))
    host = split_url(referrer)[0] if referrer else ""
    if is_own(host, split_url(url)[0], own_hosts):
        host = ""
    source = utm_source or click[0] or host
    known = find_source(source)
    medium = utm_medium or click[1]
    if not medium and host and source == host:
        medium = _MEDIUM_OF_REFERRER.get(known.kind if known else "", "referral")
    return Arrival(source, medium, values.get("utm_campaign", "").lower(), known)


def is_direct(arrival: Arrival) -> bool:
    if arrival.source in ("direct", "(direct)"):
        return arrival.medium in _NOTHING
    return not (arrival.source or arrival.medium or arrival.campaign)


def is_cross_network(arrival: Arrival) -> bool:
    return "cross-network" in arrival.campaign


def is_paid_shopping(arrival: Arrival) -> bool:
    return _is_paid(arrival) and _is_shopping(arrival)


def is_paid_search(arrival: Arrival) -> bool:
    return _is_paid(arrival) and arrival.is_kind("search")


def is_paid_social(arrival: Arrival) -> bool:
    return _is_paid(arrival) and arrival.is_kind("social")


def is_paid_video(arrival: Arrival) -> bool:
    return _is_paid(arrival) and arrival.is_kind("video")


def is_display(arrival: Arrival) -> bool:
    return arrival.medium in _DISPLAY


def is_paid_other(arrival: Arrival) -> bool:
    return _is_paid(arrival)


def is_organic_shopping(arrival: Arrival) -> bool:
    return _is_shopping(arrival)


def is_organic_social(arrival: Arrival) -> bool:
    return arrival.is_kind("social") or arrival.medium in _SOCIAL


def is_organic_video(arrival: Arrival) -> bool:
    return arrival.is_kind("video") or "video" in arrival.medium


def is_organic_search(arrival: Arrival) -> bool:
    return arrival.is_kind("search") or arrival.medium == "organic"


def is_ai_assistant(arrival: Arrival) -> bool:
    return arrival.is_kind("ai")


def is_referral(arrival: Arrival) -> bool:
    return arrival.medium in ("referral", "app", "link")


def is_email(arrival: Arrival) -> bool:
    return arrival.source in _EMAIL or arrival.medium in _EMAIL


def is_affiliate(arrival: Arrival) -> bool:
    return arrival.medium == "affiliate"


def is_audio(arrival: Arrival) -> bool:
    return arrival.medium == "audio"


def is_sms(arrival: Arrival) -> bool:
    return "sms" in (arrival.source, arrival.medium)


def is_push(arrival: Arrival) -> bool:
    if arrival.source == "firebase" or arrival.medium.endswith("push"):
        return True
    return "mobile" in arrival.medium or "notification" in arrival.medium


# The first that holds names the channel. AI Assistants is ours, the others are Google's in Google's order.
CHANNELS: tuple[tuple[str, Callable[[Arrival], bool]], ...] = (
    ("Direct", is_direct),
    ("Cross-network", is_cross_network),
    ("Paid Shopping", is_paid_shopping),
    ("Paid Search", is_paid_search),
    ("Paid Social", is_paid_social),
    ("Paid Video", is_paid_video),
    ("Display", is_display),
    ("Paid Other", is_paid_other),
    ("Organic Shopping", is_organic_shopping),
    ("Organic Social", is_organic_social),
    ("Organic Video", is_organic_video),
    ("Organic Search", is_organic_search),
    ("AI Assistants", is_ai_assistant),
    ("Referral", is_referral),
    ("Email", is_email),
    ("Affiliates", is_affiliate),
    ("Audio", is_audio),
    ("SMS", is_sms),
    ("Mobile Push Notifications", is_push),
)

CHANNEL_NAMES: tuple[str, ...] = (*(name for name, _ in CHANNELS), UNASSIGNED)


def _is_paid(arrival: Arrival) -> bool:
    return _PAID.fullmatch(arrival.medium) is not None


def _is_shopping(arrival: Arrival) -> bool:
    return arrival.is_kind("shopping") or _SHOPPING_CAMPAIGN.fullmatch(arrival.campaign) is not None


def _name(arrival: Arrival) -> str:
    if is_direct(arrival):
        return ""
    if arrival.known:
        return arrival.known.name
    return arrival.source.removeprefix("www.")[:NAME_LENGTH]


def is_own(host: str, page_host: str, own_hosts: Iterable[str] = ()) -> bool:
    """Whether a referrer's host is the site itself: the same registered domain, or one of its hosts."""
    if not host or host == page_host:
        return True
    own = {own_host.lower().removeprefix("*.").rsplit(":", 1)[0] for own_host in own_hosts}
    if any(host == name or host.endswith("." + name) for name in own if name):
        return True
    domain = registered_domain(host)
    return domain != "" and domain == registered_domain(page_host)


@lru_cache(maxsize=8192)
def registered_domain(host: str) -> str:
    """The part of a host that somebody registered (acme.co.uk), or empty for an address or a bare name."""
    if host.rpartition(".")[2].isdigit() or ":" in host:
        return ""
    return _suffixes().privatesuffix(host) or ""


@lru_cache(maxsize=8192)
def find_source(source: str) -> KnownSource | None:
    """The known source that a host or a utm_source names."""
    if "." not in source:
        return _known().get(source)
    labels = source.split(".")
    for first in range(len(labels) - 1):
        if found := _known().get(".".join(labels[first:])):
            return found
    return _known().get(registered_domain(source).partition(".")[0] + ".*")


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()


@cache
def _known() -> dict[str, KnownSource]:
    """Hosts, "name.*" and words of data/sources.txt."""
    table: dict[str, KnownSource] = {}
    for line in files("tracker").joinpath("data/sources.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            kind, name, hosts, words = (field.strip() for field in line.split("|"))
            for key in f"{hosts},{words}".split(","):
                table[key.strip()] = KnownSource(kind, name)
    return table


def _parameters(url: str) -> dict[str, str]:
    """The first value of each parameter, cut, without what cannot be printed."""
    query = url.partition("#")[0].partition("?")[2]
    values: dict[str, str] = {}
    for name, value in parse_qsl(query):
        values.setdefault(name.lower(), "".join(filter(str.isprintable, value)).strip()[:UTM_LENGTH])
    return values
