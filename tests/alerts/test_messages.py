from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alerts.gsm import parts, to_gsm
from alerts.messages import slack_message, sms_message
from alerts.story import CompanyStory, DealStory, PersonStory, Recipient, Story, plain_story, read_story
from tests.enrichment.hostile import HOSTILE as EVERYWHERE
from tests.fakes.slack import check_message

SEEN = datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
LINK = "https://bell.acme.test/a/7Kq2mXf0Qb3k9ZtY1sVw5A"
SCANIA = CompanyStory(
    id=12,
    name="Scania",
    confidence=92,
    stage="mql",
    evidence=("the network is theirs", "its mail comes from it"),
)
BASE = Story(
    headline="reading",
    rule="MQL on a buying page",
    reason="Scania is at stage MQL; /pricing is in Pricing",
    page="Pricing",
    path="/pricing",
    seen_at=SEEN,
    alert_url=LINK,
    company_url="https://bell.acme.test/companies/12",
    company=SCANIA,
    pages=4,
    minutes=6,
    source="Newsletter",
    looked_at=("Pricing", "Cases"),
    visits=11,
    last_visit=SEEN - timedelta(days=7),
    people=(PersonStory("Maria Ek", "CFO"),),
)
EVA = Recipient(user_id=3, language="en", why="you own Scania")
EVA_SV = Recipient(user_id=3, language="sv", why="du äger Scania")


def story(**changes: Any) -> Story:
    return msgspec.structs.replace(BASE, **changes)


FIRST_SENTENCES = [
    (
        {},
        "Scania (MQL) is reading Pricing. Nobody owns them yet.",
        "Scania (MQL) läser Pricing. Ingen äger kontakten än.",
    ),
    (
        {"headline": "ideal", "list_name": "Ideal customers", "owner_id": 3, "owner": "Eva"},
        "Scania (ideal customer) is on the site: Pricing. You own it.",
        "Scania (idealkund) är på webbplatsen: Pricing. Din kund.",
    ),
    (
        {"headline": "back", "owner_id": 4, "owner": "Bob"},
        "Scania (lost deal) is back: Pricing. Bob owns it.",
        "Scania (förlorad affär) är tillbaka: Pricing. Bob är ägare.",
    ),
    (
        {
            "headline": "product",
            "product": "Field app",
            "company": msgspec.structs.replace(SCANIA, stage="customer"),
        },
        "Scania (customer) looks at Field app, which they don't own. Nobody owns them yet.",
        "Scania (kund) tittar på Field app, som de inte har. Ingen äger kontakten än.",
    ),
    (
        {"company": msgspec.structs.replace(SCANIA, confidence=84)},
        "Probably Scania (MQL) is reading Pricing. Nobody owns them yet.",
        "Troligen Scania (MQL) läser Pricing. Ingen äger kontakten än.",
    ),
    (
        {"company": None, "contact": PersonStory("Anna Ek", proof="claimed", company="Scania", stage="mql")},
        "Someone who says they are Anna Ek at Scania (MQL) is reading Pricing.",
        "Någon som säger sig vara Anna Ek på Scania (MQL) läser Pricing.",
    ),
    (
        {"company": None, "contact": PersonStory("", proof="proved", company="Scania")},
        "A known contact at Scania is reading Pricing.",
        "En känd kontakt på Scania läser Pricing.",
    ),
]


def named(name: str) -> Story:
    return story(company=msgspec.structs.replace(SCANIA, name=name, domain="company.test"))


def test_a_company_is_written_as_it_writes_itself() -> None:
    assert slack_message(named("iZettle"), EVA).text.startswith("iZettle (MQL) is reading")


@pytest.mark.parametrize("name", ["Газпром нефть", "株式会社日立", "日立 AB"])
def test_an_sms_calls_a_company_it_cannot_write_by_its_domain(name: str) -> None:
    assert sms_message(named(name), EVA).text.startswith("company. test (MQL) is reading")


def test_a_deal_s_date_is_the_same_in_every_zone_and_says_its_year() -> None:
    deal = DealStory("Field service", "lost", closed_at=datetime(2024, 3, 12, tzinfo=UTC))
    reader = Recipient(time_zone="America/New_York")
    assert "Field service, lost 12 Mar 2024" in str(slack_message(story(deal=deal), reader).blocks)


def test_a_link_leads_where_the_address_says() -> None:
    blocks = slack_message(story(company_url="https://acme.test/~bell/companies/12"), EVA).blocks
    assert "<https://acme.test/~bell/companies/12|" in str(blocks)


@pytest.mark.parametrize(("changes", "english", "swedish"), FIRST_SENTENCES)
def test_the_answer_is_in_the_first_line(changes: dict[str, Any], english: str, swedish: str) -> None:
    assert slack_message(story(**changes), EVA).text == english
    assert slack_message(story(**changes), EVA_SV).text == swedish


@pytest.mark.parametrize("changes", [case[0] for case in FIRST_SENTENCES])
def test_text_and_first_block_begin_with_the_same_sentence(changes: dict[str, Any]) -> None:
    message = slack_message(story(**changes), EVA)
    label = re.search(r"\|([^>]*)>", message.blocks[0]["text"]["text"])
    assert label
    assert message.text.startswith(label[1])


def test_a_slack_message_holds_who_what_why_and_who_else() -> None:
    deal = DealStory("Field service 2025", "lost", "SEK 420,000", SEEN - timedelta(days=250))
    whole = json.dumps(slack_message(story(deal=deal), EVA).blocks, ensure_ascii=False)
    for part in (
        "4 pages in 6 min, came by Newsletter. Sure, 92%.",
        "*Deal*\\nField service 2025, SEK 420,000, lost 16 Mar",
        "*Before*\\n11 visits in 30 days, last 14 Nov.",
        "*Looked at*\\nPricing, Cases",
        "*People*\\nMaria Ek, CFO",
        "*Why this company*\\nthe network is theirs; its mail comes from it",
        "To you because you own Scania. Rule: MQL on a buying page. Scania is at stage MQL; /pricing",
        f"<{LINK}|Why and full history>",
        "<https://bell.acme.test/companies/12|Company>",
    ):
        assert part in whole


def test_a_fallback_says_so_instead_of_because() -> None:
    fallback = Recipient(why="fallback: Acme has no owner")
    assert "Fallback: Acme has no owner. Rule:" in str(slack_message(BASE, fallback).blocks)


def test_a_possible_repeat_says_so_first() -> None:
    again = Recipient(possible_repeat=True)
    assert slack_message(BASE, again).text.startswith("(Possible repeat) Scania")
    assert sms_message(BASE, again).text.startswith("(Possible repeat) Scania")


def test_a_late_message_says_how_long_ago_it_was() -> None:
    late = msgspec.structs.replace(EVA, sent_at=SEEN + timedelta(hours=3, minutes=20))
    assert slack_message(BASE, late).text.startswith("(Late: this was 3 hours ago) Scania")
    assert sms_message(BASE, late).text.startswith("(Late: this was 3 hours ago) Scania")
    swedish = msgspec.structs.replace(late, language="sv")
    assert sms_message(BASE, swedish).text.startswith("(Försenat: för 3 timmar sedan) Scania")


def test_a_message_in_time_says_nothing_of_its_age() -> None:
    in_time = msgspec.structs.replace(EVA, sent_at=SEEN + timedelta(minutes=4))
    assert slack_message(BASE, in_time) == slack_message(BASE, EVA)


def test_an_sms_holds_the_same_in_english() -> None:
    assert sms_message(BASE, EVA).text == (
        "Scania (MQL) is reading Pricing: 4 pages in 6 min, from Newsletter. Sure, 92%. "
        "11 visits in 30 days, last 14 Nov. People: Maria Ek, CFO. Nobody owns them yet. "
        f"To you because you own Scania. Rule: MQL on a buying page. {LINK}"
    )


def test_an_sms_holds_the_same_in_swedish() -> None:
    ideal = story(headline="ideal", list_name="Ideal customers", owner_id=3, owner="Eva")
    assert sms_message(ideal, EVA_SV).text == (
        "Scania (idealkund) är på webbplatsen: Pricing. 4 sidor på 6 min, via Newsletter. Säker, 92 %. "
        "11 besök på 30 dagar, senast 14 nov. Personer: Maria Ek, CFO. "
        f"Till dig eftersom du äger Scania. Regel: MQL on a buying page. {LINK}"
    )


def test_a_long_sms_drops_source_then_history_and_never_state_or_link() -> None:
    long = story(
        company=msgspec.structs.replace(SCANIA, name="The very long name of an industrial company " * 3),
        page="A page with quite a long name, as pages of shops often have them " * 2,
        source="A newsletter with a long name",
        alert_url=LINK + "x" * 60,
    )
    text = sms_message(long, EVA).text
    assert parts(text) <= 2
    assert "(MQL)" in text
    assert text.endswith(LINK + "x" * 60)
    assert "newsletter" not in text


def test_a_stranger_s_words_are_no_link_in_an_sms() -> None:
    strange = story(page="Pay at http://evil.example/now or evil．example／now", source="evil․example")
    text = sms_message(strange, Recipient(why="you own evil.example AB")).text
    assert re.findall(r"\w\.\w", text.replace(LINK, "")) == []
    assert "://" not in text.replace(LINK, "")


HOSTILE = [
    *EVERYWHERE,
    "<!channel>",
    "<@U0ALICE>",
    "<https://evil.test|Scania>",
    "a|b>c<d&e;",
    "*bold* ~strike~ `code` ```block```",
    "\u202eevil\u202c \u2066x\u2069 \u200f",
    "line\nbreak\r\n\x00\x07\x1b[31m\x85\u2028\u2029",
    "😀" * 500,
    "&" * 5000,
    "<" * 5000,
    "A" * 5000,
    "\ud800".encode("utf-8", "replace").decode(),
    "=cmd|' /C calc'!A0",
    "https://evil.test/\\x00",
    "&lt;script&gt;",
    "\\u003cscript\\u003e",
    "%3Cscript%3E",
    "",
    " ",
    "\u200b",
    "東京" * 100,
    "@here @channel #general",
    "{} {0} {who} %s %(x)s",
    "</script><img src=x onerror=alert(1)>",
]


def hostile(text: str, headline: str) -> Story:
    """The text in every field that comes from elsewhere."""
    return story(
        headline=headline,
        rule=text,
        reason=text,
        page=text,
        path=text,
        title=text,
        product=text,
        list_name=text,
        company=CompanyStory(id=1, name=text, confidence=92, domain=text, stage=text, evidence=(text,) * 9),
        contact=PersonStory(text, text, "claimed", text, text),
        deal=DealStory(text, text, text, SEEN),
        source=text,
        looked_at=(text,) * 6,
        people=(PersonStory(text, text),) * 5,
        owner_id=4,
        owner=text,
    )


HEADLINES = ["reading", "ideal", "back", "product"]


@pytest.mark.parametrize("headline", HEADLINES)
def test_hostile_text_is_inert_in_slack(headline: str) -> None:
    for text in HOSTILE:
        _check_inert(text, headline)


def _check_inert(text: str, headline: str) -> None:
    message = slack_message(hostile(text, headline), Recipient(why=text))
    own = {f"<{LINK}|", "<https://bell.acme.test/companies/12|"}
    for said in [message.text, *_texts(message.blocks)]:
        bare = said
        for link in own:
            bare = bare.replace(link, "")
        assert "<" not in bare
        assert re.findall(r"&(?!amp;|lt;|gt;)", said) == []
        assert bare.count("*") in (0, 2)
        assert not re.search(r"[~`\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200e\u200f]", said)


@pytest.mark.parametrize("headline", HEADLINES)
def test_hostile_text_stays_within_slack_s_limits(headline: str) -> None:
    for text in HOSTILE:
        message = slack_message(hostile(text, headline), Recipient(why=text))
        assert check_message({"text": message.text, "blocks": list(message.blocks)}) == ""
        assert all(block.get("block_id") for block in message.blocks)
        assert len(message.text) < 3000


@pytest.mark.parametrize("headline", HEADLINES)
def test_hostile_text_fits_in_two_parts_of_an_sms(headline: str) -> None:
    for text in HOSTILE:
        message = sms_message(hostile(text, headline), Recipient(why=text))
        assert parts(message.text) <= 2
        assert to_gsm(message.text) == message.text
        assert message.text.endswith(LINK)
        assert "\n" not in message.text


def test_untrusted_words_in_slack_make_no_links_of_their_own() -> None:
    message = slack_message(BASE, EVA)
    texts = [block.get("text") or block for block in message.blocks]
    objects = [one for block in texts for one in (block.get("fields") or block.get("elements") or [block])]
    assert all(one["verbatim"] for one in objects)


def test_a_story_is_the_same_after_it_was_stored() -> None:
    full = story(contact=PersonStory("Anna", proof="claimed"), deal=DealStory("D", "won", closed_at=SEEN))
    assert read_story(json.loads(json.dumps(plain_story(full)))) == full


def _texts(blocks: tuple[Any, ...]) -> list[str]:
    found = []
    for block in blocks:
        objects = [block["text"]] if "text" in block else []
        objects += [*block.get("fields", []), *block.get("elements", [])]
        found += [one["text"] for one in objects]
    return found


@settings(max_examples=120, deadline=None)
@given(text=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=400))
def test_any_text_is_inert_in_slack_and_fits_in_an_sms(text: str) -> None:
    for headline in HEADLINES:
        _check_inert(text, headline)
        told = slack_message(hostile(text, headline), Recipient(why=text))
        assert check_message({"text": told.text, "blocks": list(told.blocks)}) == ""
        sms = sms_message(hostile(text, headline), Recipient(why=text, language="sv"))
        assert parts(sms.text) <= 2
        assert to_gsm(sms.text) == sms.text
