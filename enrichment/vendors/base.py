"""What every vendor of company data declares and answers.

A vendor gets a visitor's address, so nothing here is asked unless an admin has switched it on.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from urllib.parse import quote

import msgspec

from enrichment.classify import classify_name
from enrichment.domain_names import registered_domain
from enrichment.kinds import NEVER_NAMED, ORGANISATIONS, Kind
from enrichment.providers.address import Address
from enrichment.text import clean_text
from tracker.outbound import (
    AddressRefused,
    OutboundError,
    Reply,
    check_url,
    get,
    post,
    read_retry_after,
    redact,
)
from tracker.settings import Settings

# Whatever a vendor says of itself, an address is no proof.
VENDOR_CAP = 0.9
SURE = 0.9
FUZZY = 0.6
PROVIDER_WEIGHT = 0.9
QUEUED_SECONDS = 15.0
TROUBLE_SECONDS = 60.0
RATE_SECONDS = 600.0
# The words that vendors have for what an address is.
KINDS: Mapping[str, Kind] = {
    "business": Kind.COMPANY,
    "company": Kind.COMPANY,
    "enterprise": Kind.COMPANY,
    "education": Kind.EDUCATION,
    "government": Kind.GOVERNMENT,
    "isp": Kind.ISP,
    "consumer": Kind.ISP,
    "residential": Kind.ISP,
    "mobile": Kind.ISP,
    "hosting": Kind.HOSTING,
    "cdn": Kind.HOSTING,
    "vpn": Kind.VPN,
    "tor": Kind.TOR,
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a vendor's form. A secret is written, never shown again."""

    name: str
    label: str
    help: str = ""
    required: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Term:
    """What those forbid whose data a source uses, in our words; an admin confirms it before it is asked."""

    who: str
    text: str
    url: str


class Found(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a vendor knows of an address. `network` is the one that all of it holds for, if the vendor says.

    `profile` has values by field, shaped as in enrichment/profile.py.
    """

    kind: Kind
    organisation: str = ""
    domain: str = ""
    confidence: float = 0.0
    network: str = ""
    country: str = ""
    profile: dict[str, Any] = {}

    @property
    def is_company(self) -> bool:
        return self.kind in ORGANISATIONS and bool(self.organisation or self.domain)


@dataclass(frozen=True, slots=True)
class NotFound:
    """The vendor knows nothing of the address."""


@dataclass(frozen=True, slots=True)
class Retry:
    """No answer yet. `queued`: the vendor works on this address; otherwise it is in trouble itself."""

    after: float
    reason: str
    queued: bool = False


@dataclass(frozen=True, slots=True)
class Quota:
    """The vendor answers no more; `after` in seconds when it says so or only slows us down, else tomorrow."""

    reason: str
    after: float | None = None


@dataclass(frozen=True, slots=True)
class AuthError:
    """The key is wrong or may not do this; an admin has to look."""

    reason: str


Answer = Found | NotFound | Retry | Quota | AuthError


class Vendor(Protocol):
    """A kind of vendor, made from its fields."""

    kind: str
    label: str
    fields: tuple[Field, ...]
    knows_ipv6: bool
    terms: tuple[Term, ...]

    def __init__(self, values: Mapping[str, Any], settings: Settings) -> None: ...

    @classmethod
    def check(cls, values: Mapping[str, Any], settings: Settings) -> list[tuple[str, str]]: ...

    def lookup(self, address: Address) -> Answer: ...


class HttpVendor:
    """A vendor that is asked by one HTTP request; a subclass says how, and reads the answer."""

    kind: ClassVar[str]
    label: ClassVar[str]
    url: ClassVar[str]  # {ip} stands for the address
    method: ClassVar[str] = "GET"
    key_help: ClassVar[str] = ""
    fields: ClassVar[tuple[Field, ...]] = ()
    knows_ipv6: ClassVar[bool] = True
    terms: ClassVar[tuple[Term, ...]] = ()
    # What a status means where it differs from vendor to vendor.
    not_found: ClassVar[frozenset[int]] = frozenset({204, 404})
    over_quota: ClassVar[frozenset[int]] = frozenset({402})
    refused: ClassVar[frozenset[int]] = frozenset({401, 403})

    def __init_subclass__(cls) -> None:
        own = cls.__dict__.get("fields", ())
        key = Field("key", "Key", cls.key_help, required=True, secret=True)
        place = Field("url", "Address", f"Empty for {cls.url}")
        cls.fields = (*own, key, place)

    def __init__(self, values: Mapping[str, Any], settings: Settings) -> None:
        self.values = values
        self.settings = settings

    @classmethod
    def check(cls, values: Mapping[str, Any], settings: Settings) -> list[tuple[str, str]]:
        """What is wrong with the fields: pairs of the field's name and what would be right."""
        errors = [
            (field.name, f"{field.label} is needed")
            for field in cls.fields
            if field.required and not values.get(field.name)
        ]
        return errors + _check_place(str(values.get("url") or ""), settings)

    @property
    def key(self) -> str:
        return str(self.values["key"])

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def login(self) -> tuple[str, str] | None:
        return None

    def place(self, address: Address) -> str:
        return str(self.values.get("url") or self.url).replace("{ip}", quote(str(address), safe=""))

    def lookup(self, address: Address) -> Answer:
        """One request at most; never raises for what a far end does."""
        if address.version == 6 and not self.knows_ipv6:
            return NotFound()
        headers = {"Accept": "application/json"} | self.headers()
        ask = post if self.method == "POST" else get
        try:
            reply = ask(self.place(address), self.settings, headers=headers, login=self.login())
        except AddressRefused as error:
            return AuthError(self._clean(str(error)))
        except OutboundError as error:
            return Retry(TROUBLE_SECONDS, self._clean(str(error)))
        return self.understand(reply)

    def understand(self, reply: Reply) -> Answer:
        """What the status means; only a 200 is read."""
        status = reply.status
        if status == 200:
            return self._read(reply)
        if status in self.not_found:
            return NotFound()
        if status == 202:
            return Retry(self._wait(reply, QUEUED_SECONDS), f"{self.label} queued the address", queued=True)
        if status == 429:
            return Quota(self._said(reply), self._wait(reply, RATE_SECONDS))
        if status in self.over_quota:
            return Quota(self._said(reply))
        if status in self.refused:
            return AuthError(self._said(reply))
        if 400 <= status < 500:
            # A request it does not take will not be taken later either.
            return NotFound() if status in (400, 422) else AuthError(self._said(reply))
        return Retry(TROUBLE_SECONDS, f"{self.label} is in trouble ({status})")

    def read(self, data: Mapping[str, Any]) -> Answer:
        """The answer in the body of a 200."""
        raise NotImplementedError

    def _read(self, reply: Reply) -> Answer:
        try:
            data = json.loads(reply.text)
        except ValueError:
            data = None
        if not isinstance(data, dict):
            return Retry(TROUBLE_SECONDS, f"{self.label} answered in a way that cannot be read")
        return self.read(data)

    def _wait(self, reply: Reply, otherwise: float) -> float:
        said = reply.headers.get("retry-after")
        return read_retry_after(said) if said else otherwise

    def _said(self, reply: Reply) -> str:
        return self._clean(f"{self.label} says {reply.status}: {clean_text(reply.text)[:200]}")

    def _clean(self, text: str) -> str:
        return redact(text, [str(self.values.get("key") or "")])[:300]


def _check_place(url: str, settings: Settings) -> list[tuple[str, str]]:
    if not url:
        return []
    if "{ip}" not in url:
        return [("url", "write {ip} where the visitor's address stands")]
    try:
        check_url(url.replace("{ip}", "192.0.2.1"), settings)
    except AddressRefused as error:
        return [("url", str(error))]
    return []


def dig(data: Any, *path: str) -> Any:
    """What stands under the names one in another; None where anything is missing or of another shape."""
    for name in path:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def text_at(data: Any, *path: str, most: int = 200) -> str:
    value = dig(data, *path)
    return clean_text(value)[:most] if isinstance(value, str) else ""


def read_kind(word: str) -> Kind:
    return KINDS.get(word.casefold(), Kind.UNKNOWN)


def make_found(kind: Kind, name: str, domain: str, confidence: float, **more: Any) -> Answer:
    """A finding. What a vendor calls a business passes our own classifier: some sell a provider's name."""
    if kind in ORGANISATIONS:
        domain = registered_domain(domain) or ""
        ours = classify_name(name, "", str(more.get("country", ""))).kind if name else kind
        if ours is Kind.ISP or ours in NEVER_NAMED:
            return Found(ours, organisation=name, confidence=PROVIDER_WEIGHT, network=more.get("network", ""))
        return (
            Found(kind, name, domain, min(confidence, VENDOR_CAP), **more) if name or domain else NotFound()
        )
    if kind is Kind.UNKNOWN:
        return NotFound()
    return Found(kind, organisation=name, confidence=PROVIDER_WEIGHT, network=more.get("network", ""))
