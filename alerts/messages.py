"""Messages: the facts of an alert in words, for Slack and for SMS. Pure.

Everything that came from a website, an import or a far end is cut, and its control and direction
characters are dropped, before it stands in a sentence; Slack's own signs are escaped at the end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from alerts import words
from alerts.gsm import cut_to_units, parts, to_gsm, units
from alerts.message import Message
from alerts.story import CompanyStory, PersonStory, Recipient, Story

NAME_LENGTH = 80
SECTION_LENGTH = 3000
FIELD_LENGTH = 2000
MAX_FIELDS = 10
SMS_PARTS = 2
SMS_UNITS = 305  # in two parts of 153, one place of which a character of two may leave empty
SMS_NAME_LENGTH = 30
# Who calls at once must know that the visitor is no longer on the page.
LATE = timedelta(minutes=5)

_SAY: Mapping[str, Mapping[str, str]] = {
    "en": {
        "reading": "{who} is reading {page}",
        "ideal": "{who} is on the site: {page}",
        "back": "{who} is back: {page}",
        "product": "{who} looks at {page}, which they don't own",
        "probably": "Probably {name}",
        "claimed": "someone who says they are {name}",
        "contact": "a known contact",
        "at": "{name} at {company}",
        "ideal_customer": "ideal customer",
        "on_list": "on the list {name}",
        "lost_deal": "lost deal",
        "nobody": "Nobody owns them yet.",
        "yours": "You own it.",
        "owned_by": "{name} owns it.",
        "pages": "{pages} in {minutes}",
        "page_count": "{n} page|{n} pages",
        "minutes": "{n} min",
        "via": "came by {source}",
        "came": "came directly",
        "sms_via": "from {source}",
        "visits": "{n} visit in 30 days|{n} visits in 30 days",
        "first": "first {day}",
        "last": "last {day}",
        "first_visit": "First visit, nothing older",
        "Deal": "Deal",
        "Before": "Before",
        "Looked at": "Looked at",
        "People": "People",
        "Visitor": "Visitor",
        "Sure why": "Why this company",
        "state_open": "open",
        "state_won": "won",
        "state_lost": "lost",
        "claimed_badge": "claimed",
        "to_you": "To you because {why}.",
        "rule": "Rule: {rule}.",
        "why_link": "Why and full history",
        "company_link": "Company",
        "repeat": "Possible repeat",
        "late": "Late: this was {span} ago",
        "test": "Test",
        "nobody_known": "Someone",
    },
    "sv": {
        "reading": "{who} läser {page}",
        "ideal": "{who} är på webbplatsen: {page}",
        "back": "{who} är tillbaka: {page}",
        "product": "{who} tittar på {page}, som de inte har",
        "probably": "Troligen {name}",
        "claimed": "någon som säger sig vara {name}",
        "contact": "en känd kontakt",
        "at": "{name} på {company}",
        "ideal_customer": "idealkund",
        "on_list": "på listan {name}",
        "lost_deal": "förlorad affär",
        "nobody": "Ingen äger kontakten än.",
        "yours": "Din kund.",
        "owned_by": "{name} är ägare.",
        "pages": "{pages} på {minutes}",
        "page_count": "{n} sida|{n} sidor",
        "minutes": "{n} min",
        "via": "kom via {source}",
        "came": "kom direkt",
        "sms_via": "via {source}",
        "visits": "{n} besök på 30 dagar|{n} besök på 30 dagar",
        "first": "först {day}",
        "last": "senast {day}",
        "first_visit": "Första besöket, inget äldre",
        "Deal": "Affär",
        "Before": "Tidigare",
        "Looked at": "Tittade på",
        "People": "Personer",
        "Visitor": "Besökare",
        "Sure why": "Varför detta företag",
        "state_open": "öppen",
        "state_won": "vunnen",
        "state_lost": "förlorad",
        "claimed_badge": "egen uppgift",
        "to_you": "Till dig eftersom {why}.",
        "rule": "Regel: {rule}.",
        "why_link": "Varför och hela historiken",
        "company_link": "Företag",
        "repeat": "Möjlig upprepning",
        "late": "Försenat: för {span} sedan",
        "test": "Test",
        "nobody_known": "Någon",
    },
}
_SURE = ((90, {"en": "Sure", "sv": "Säker"}), (80, {"en": "Likely", "sv": "Trolig"}))
_POSSIBLE = {"en": "Possible", "sv": "Möjlig"}


def clean(text: str, length: int = NAME_LENGTH) -> str:
    """The text on one line without control, direction and other invisible characters, cut with dots."""
    bare = "".join(" " if char in "\t\r\n\v\f\u2028\u2029" else char for char in text)
    kept = "".join(char for char in bare if not unicodedata.category(char).startswith("C"))
    line = " ".join(kept.split())
    return line if len(line) <= length else line[: length - 3].rstrip() + "..."


def escape(text: str) -> str:
    """Text that is inert in Slack's markup: no mention, link or channel, and no bold, strike or code."""
    for sign, inert in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("*", "∗"), ("~", "∼"), ("`", "'")):
        text = text.replace(sign, inert)
    return text


def headline(story: Story, recipient: Recipient, name_length: int = NAME_LENGTH) -> str:
    """The first sentence of every message, without its full stop: who, in which state, does what where."""
    say = _SAY[words.language(recipient.language)]
    who = _who(story, say, name_length)
    state = _state(story, recipient.language, say)
    page = clean(story.product if story.headline == "product" and story.product else story.page, name_length)
    said = say[story.headline].format(who=f"{who} ({state})" if state else who, page=page)
    # A company is written as it writes itself: iZettle.
    return said if story.company else f"{said[:1].upper()}{said[1:]}"


def ownership(story: Story, recipient: Recipient) -> str:
    """Whose it is, as a sentence; empty for a person without a company."""
    say = _SAY[words.language(recipient.language)]
    if story.owner_id is None:
        return say["nobody"] if story.company else ""
    if story.owner_id == recipient.user_id:
        return say["yours"]
    return say["owned_by"].format(name=clean(story.owner))


def slack_message(story: Story, recipient: Recipient) -> Message:
    """Text and blocks within Slack's limits; text and first block begin with the same sentence."""
    say = _SAY[words.language(recipient.language)]
    first = headline(story, recipient)
    text = " ".join(
        part for part in (*_marks(story, recipient, say), f"{first}.", ownership(story, recipient)) if part
    )
    blocks: list[dict[str, Any]] = [_section("what", _what(story, recipient, first))]
    fields = _fields(story, recipient)
    if fields:
        blocks.append({"type": "section", "block_id": "facts", "fields": fields})
    blocks.append(
        {"type": "context", "block_id": "why", "elements": [_markup(_why(story, recipient), SECTION_LENGTH)]}
    )
    return Message(escape(text), tuple(blocks))


def sms_message(story: Story, recipient: Recipient) -> Message:
    """At most two parts of GSM-7 with the link. Too long: people go first, then source, then history."""
    say = _SAY[words.language(recipient.language)]
    story = _legible(story)
    for name_length in (60, SMS_NAME_LENGTH):
        for choice in _sms_choices(story, recipient, say, name_length):
            text = to_gsm(" ".join(part for part in choice if part))
            if parts(f"{text} {story.alert_url}") <= SMS_PARTS:
                return Message(f"{text} {story.alert_url}")
    room = max(SMS_UNITS - 1 - units(story.alert_url), 0)
    return Message(f"{cut_to_units(text, room)} {story.alert_url}")


def _legible(story: Story) -> Story:
    """The story with the company's domain for its name, where SMS has hardly a letter of the name."""
    company = story.company
    if company is None or not company.domain:
        return story
    letters = [char for char in company.name if char.isalnum()]
    lost = sum(to_gsm(char) == "?" for char in letters)
    if 2 * lost < max(len(letters), 1):
        return story
    return msgspec.structs.replace(story, company=msgspec.structs.replace(company, name=company.domain))


def _sms_choices(
    story: Story, recipient: Recipient, say: Mapping[str, str], name_length: int
) -> tuple[tuple[str, ...], ...]:
    """The parts of an SMS from the fullest to the barest."""
    first = unlinked(headline(story, recipient, name_length))
    seen = _seen(story, say)
    source = (
        f"{seen}, {say['sms_via'].format(source=unlinked(clean(story.source, 40)))}" if story.source else seen
    )
    # "Scania is on the site: Pricing" has its colon already.
    link = ". " if story.headline in ("ideal", "back") else ": "
    begin = _marks(story, recipient, say)
    sure = _sureness(story.company, recipient.language) if story.company else ""
    nobody = say["nobody"] if story.company and story.owner_id is None else ""
    people = unlinked(clean(_people(story.people[:2]), 60))
    history = _history(story, recipient)
    why = unlinked(_to_you(story, recipient, say))
    end = (why, say["rule"].format(rule=unlinked(clean(story.rule, name_length))))
    who_else = f"{say['People']}: {people}." if people else ""
    return (
        (*begin, f"{first}{link}{source}.", sure, history, who_else, nobody, *end),
        (*begin, f"{first}{link}{source}.", sure, history, nobody, *end),
        (*begin, f"{first}{link}{seen}.", sure, history, nobody, *end),
        (*begin, f"{first}{link}{seen}.", sure, *end),
        (*begin, f"{first}.", *end),
        (*begin, f"{first}.", end[0]),
    )


def _seen(story: Story, say: Mapping[str, str]) -> str:
    """How much of the site was seen: 4 pages in 6 min."""
    pages = _count(say["page_count"], story.pages)
    minutes = say["minutes"].format(n=story.minutes)
    return say["pages"].format(pages=pages, minutes=minutes) if story.minutes else pages


def _who(story: Story, say: Mapping[str, str], name_length: int) -> str:
    if story.company:
        name = clean(story.company.name, name_length)
        return say["probably"].format(name=name) if story.company.confidence < 90 else name
    if story.contact:
        return _person(story.contact, say, name_length)
    return say["nobody_known"]


def _person(person: PersonStory, say: Mapping[str, str], name_length: int) -> str:
    name = clean(person.name, name_length) or say["contact"]
    if person.company:
        name = say["at"].format(name=name, company=clean(person.company, name_length))
    return say["claimed"].format(name=name) if person.proof == "claimed" else name


def _state(story: Story, locale: str, say: Mapping[str, str]) -> str:
    if story.headline == "back":
        return say["lost_deal"]
    if story.headline == "ideal":
        ideal = story.list_name.casefold() in ("ideal customers", "ideal customer", "idealkunder")
        return say["ideal_customer"] if ideal else say["on_list"].format(name=clean(story.list_name))
    stage = story.company.stage if story.company else ""
    stage = stage or (story.contact.stage if story.contact else "")
    if stage not in words.STAGES:
        return ""
    word = words.say(words.STAGES[stage], locale)
    return word if word.isupper() else word.lower()


def _marks(story: Story, recipient: Recipient, say: Mapping[str, str]) -> tuple[str, ...]:
    """What stands before the first sentence: that this is a test, that it may come twice, that it is late."""
    late = _lateness(story, recipient)
    told = (
        (f"[{say['test']}]", story.test),
        (f"({say['repeat']})", recipient.possible_repeat),
        (f"({say['late'].format(span=words.rough_span(late, recipient.language))})", late >= LATE),
    )
    return tuple(mark for mark, wanted in told if wanted)


def _lateness(story: Story, recipient: Recipient) -> timedelta:
    """How long ago the page was seen when the message leaves."""
    return recipient.sent_at - story.seen_at if recipient.sent_at else timedelta(0)


def _what(story: Story, recipient: Recipient, first: str) -> str:
    """The first block: the sentence in bold and linked, then the visit and how sure we are."""
    say = _SAY[words.language(recipient.language)]
    marks = escape(" ".join(_marks(story, recipient, say)))
    bold = f"*{_link(story.company_url or story.alert_url, first)}*"
    seen = [_seen(story, say)]
    seen.append(say["via"].format(source=clean(story.source)) if story.source else say["came"])
    line = ", ".join(seen) + "."
    sure = f" {_sureness(story.company, recipient.language)}" if story.company else ""
    owner = ownership(story, recipient)
    told = escape(f"{line}{sure}{' ' if owner else ''}{owner}")
    return f"{marks}{' ' if marks else ''}{bold}\n{told}"


def _sureness(company: CompanyStory, locale: str) -> str:
    word = next((said for least, said in _SURE if company.confidence >= least), _POSSIBLE)
    return f"{words.say(word, locale)}, {words.per_cent(company.confidence, locale)}."


def _fields(story: Story, recipient: Recipient) -> list[dict[str, Any]]:
    say = _SAY[words.language(recipient.language)]
    told = (
        ("Visitor", _person(story.contact, say, NAME_LENGTH) if story.contact and story.company else ""),
        ("Deal", _deal(story, recipient, say)),
        ("Before", _history(story, recipient) or say["first_visit"]),
        ("Looked at", ", ".join(clean(name) for name in story.looked_at)),
        ("People", _people(story.people)),
        ("Sure why", "; ".join(clean(text, 200) for text in story.company.evidence) if story.company else ""),
    )
    fields = [_markup(f"*{say[key]}*\n{escape(text)}", FIELD_LENGTH) for key, text in told if text]
    return fields[:MAX_FIELDS]


def _deal(story: Story, recipient: Recipient, say: Mapping[str, str]) -> str:
    deal = story.deal
    if deal is None:
        return ""
    # A deal is closed on a date, whatever the reader's zone; one of another year says so.
    closed = words.day(deal.closed_at, recipient.language) if deal.closed_at else ""
    if deal.closed_at and deal.closed_at.year != story.seen_at.year:
        closed += f" {deal.closed_at.year}"
    state = " ".join(part for part in (say.get(f"state_{deal.state}", ""), closed) if part)
    return ", ".join(part for part in (clean(deal.name), clean(deal.amount), state) if part)


def _history(story: Story, recipient: Recipient) -> str:
    """Earlier visits as a sentence; empty when this is the first."""
    say = _SAY[words.language(recipient.language)]
    if story.last_visit is None:
        return ""
    last = say["last"].format(day=words.day(story.last_visit, recipient.language, recipient.time_zone))
    return f"{_count(say['visits'], story.visits)}, {last}."


def _people(people: Sequence[PersonStory]) -> str:
    named = [", ".join(clean(part) for part in (person.name, person.role) if part) for person in people]
    return "; ".join(name for name in named if name)


def _to_you(story: Story, recipient: Recipient, say: Mapping[str, str]) -> str:
    """Why this reader: a reason of their own, or the sentence of a fallback."""
    why = clean(recipient.why, 120)
    if why.startswith(("fallback:", "reservväg:")):
        return f"{why[:1].upper()}{why[1:]}."
    return say["to_you"].format(why=why) if why else ""


def _why(story: Story, recipient: Recipient) -> str:
    """The last line: why you, which rule and what it saw, and where to read on."""
    say = _SAY[words.language(recipient.language)]
    told = [
        _to_you(story, recipient, say),
        say["rule"].format(rule=clean(story.rule)),
        clean(story.reason, 250),
    ]
    links = [_link(story.alert_url, say["why_link"])]
    if story.company_url:
        links.append(_link(story.company_url, say["company_link"]))
    return " ".join([*(escape(text) for text in told if text), *links])


def _link(url: str, label: str) -> str:
    address = url.replace("&", "&amp;").replace("<", "%3C").replace(">", "%3E").replace("|", "%7C")
    return f"<{address}|{escape(label).replace('|', '/')}>"


def _section(block_id: str, text: str) -> dict[str, Any]:
    return {"type": "section", "block_id": block_id, "text": _markup(text, SECTION_LENGTH)}


def _markup(text: str, length: int) -> dict[str, Any]:
    """A text object in Slack's markup; verbatim, so that addresses and names in it do not become links."""
    # A cut must not leave half of an escaped sign behind.
    cut = text if len(text) <= length else re.sub(r"&[a-z]{0,3}$", "", text[:length])
    return {"type": "mrkdwn", "text": cut, "verbatim": True}


def _count(forms: str, count: int) -> str:
    one, many = forms.split("|")
    return (one if count == 1 else many).format(n=count)


def unlinked(text: str) -> str:
    """Words of a stranger must not become a link on a telephone: no dot or colon-slash between letters.

    In GSM-7, for which a dot of another script becomes a plain one.
    """
    return re.sub(r"(?<=\w)\.(?=\w)", ". ", re.sub(r":?//+", " ", to_gsm(text)))
