"""Words that several pages share."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from flask.sansio.app import App

# What stands behind an address nobody was identified from.
KIND_WORDS: Mapping[str, str] = {
    "isp": "Home or mobile network",
    "hosting": "Hosting",
    "education": "School or university",
    "government": "Public authority",
    "bot": "Bot",
    "vpn": "VPN",
    "tor": "Tor",
    "reserved": "Private address",
    "unknown": "Unknown network",
    "company": "A company we cannot name surely",
}
DELIVERY_WORDS: Mapping[str, str] = {
    "waiting": "Waiting",
    "sending": "Being sent",
    "delivered": "Delivered",
    "failed": "Failed",
    "unknown": "Not sure it arrived",
}
OUTCOME_WORDS: Mapping[str, str] = {"alert": "Rang", "held": "Held back", "no": "Did not hold"}
PROOF_WORDS: Mapping[str, str] = {"claimed": "claimed", "proved": "proved"}


def mail_link(email: str) -> str:
    """The address of a mail to someone; what could add more to it is escaped."""
    return "mailto:" + quote(email, safe="@")


def phone_link(number: str) -> str:
    """The address of a call: digits and a plus, whatever else was typed into the number."""
    return "tel:" + "".join(sign for sign in number if sign.isdigit() or sign == "+")


def capital(text: str) -> str:
    """A reason as a sentence of its own."""
    return text[:1].upper() + text[1:]


def add_words(app: App) -> None:
    """Puts the tables of words where templates find them."""
    app.jinja_env.filters["capital"] = capital
    app.jinja_env.globals.update(
        KIND_WORDS=KIND_WORDS,
        DELIVERY_WORDS=DELIVERY_WORDS,
        OUTCOME_WORDS=OUTCOME_WORDS,
        PROOF_WORDS=PROOF_WORDS,
        mail_link=mail_link,
        phone_link=phone_link,
    )
