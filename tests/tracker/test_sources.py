"""Traffic channels, by example; the order of Google's table."""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.sources import CHANNEL_NAMES, CHANNELS, Traffic, classify, find_source, read_utm

DOCS = Path(__file__).parent.parent.parent / "docs" / "visits.md"
PAGE = "https://www.acme.test/"

# (query of the landing page, referrer, channel, source)
EXAMPLES = [
    ("", "", "Direct", ""),
    ("utm_source=(direct)&utm_medium=(none)", "", "Direct", ""),
    ("", "https://www.acme.test/other", "Direct", ""),
    ("", "https://shop.acme.test/", "Direct", ""),
    ("", "https://login.partner.test/", "Direct", ""),
    ("utm_source=google&utm_medium=cpc&utm_campaign=1-cross-network", "", "Cross-network", "Google"),
    ("utm_source=amazon&utm_medium=cpc", "", "Paid Shopping", "Amazon"),
    ("utm_source=x&utm_medium=ppc&utm_campaign=spring+shopping", "", "Paid Shopping", "X"),
    ("gclid=abc", "https://www.google.com/", "Paid Search", "Google"),
    ("msclkid=abc", "", "Paid Search", "Bing"),
    ("utm_source=Google&utm_medium=CPC", "", "Paid Search", "Google"),
    ("utm_source=linkedin&utm_medium=paid-social", "", "Paid Social", "LinkedIn"),
    ("li_fat_id=1", "https://www.linkedin.com/", "Paid Social", "LinkedIn"),
    ("utm_source=youtube&utm_medium=cpv+cpm+cpc", "", "Paid Video", "YouTube"),
    ("ttclid=1", "", "Paid Video", "TikTok"),
    ("dclid=1", "", "Display", "Google"),
    ("utm_source=news.test&utm_medium=banner", "", "Display", "news.test"),
    ("utm_source=capterra&utm_medium=cpc", "", "Paid Other", "capterra"),
    ("", "https://www.ebay.co.uk/itm/1", "Organic Shopping", "eBay"),
    ("", "https://lnkd.in/x", "Organic Social", "LinkedIn"),
    ("fbclid=1", "https://l.facebook.com/", "Organic Social", "Facebook"),
    ("utm_source=hootsuite&utm_medium=social", "", "Organic Social", "hootsuite"),
    ("", "https://www.youtube.com/watch", "Organic Video", "YouTube"),
    ("utm_source=wistia2&utm_medium=in-video", "", "Organic Video", "wistia2"),
    ("", "https://www.google.co.uk/", "Organic Search", "Google"),
    ("", "https://duckduckgo.com/", "Organic Search", "DuckDuckGo"),
    ("utm_source=somewhere&utm_medium=organic", "", "Organic Search", "somewhere"),
    ("", "https://chatgpt.com/", "AI Assistants", "ChatGPT"),
    ("utm_source=chatgpt.com", "", "AI Assistants", "ChatGPT"),
    ("", "https://gemini.google.com/app", "AI Assistants", "Gemini"),
    ("", "https://www.partner-blog.test/post", "Referral", "partner-blog.test"),
    ("", "https://google.partner-blog.test/post", "Referral", "google.partner-blog.test"),
    ("", "https://203.0.113.8/post", "Referral", "203.0.113.8"),
    ("utm_source=partner&utm_medium=referral", "", "Referral", "partner"),
    ("", "https://mail.google.com/mail/u/0/", "Email", "Gmail"),
    ("utm_source=june&utm_medium=email", "https://www.google.com/", "Email", "june"),
    ("utm_source=e-mail", "", "Email", "e-mail"),
    ("mc_cid=1", "", "Email", "Mailchimp"),
    ("utm_source=p1&utm_medium=affiliate", "", "Affiliates", "p1"),
    ("utm_source=pod&utm_medium=audio", "", "Audio", "pod"),
    ("utm_source=sms", "", "SMS", "sms"),
    ("utm_source=app&utm_medium=webpush", "", "Mobile Push Notifications", "app"),
    ("utm_source=firebase", "", "Mobile Push Notifications", "firebase"),
    ("utm_source=flyer", "", "Unassigned", "flyer"),
]


@pytest.mark.parametrize(("query", "referrer", "channel", "source"), EXAMPLES)
def test_a_visit_gets_its_traffic_channel(query: str, referrer: str, channel: str, source: str) -> None:
    traffic = classify(f"{PAGE}?{query}", referrer, ["www.acme.test", "login.partner.test"])
    assert (traffic.channel, traffic.source_name) == (channel, source)


def test_there_is_an_example_of_every_channel() -> None:
    assert {channel for _, _, channel, _ in EXAMPLES} == set(CHANNEL_NAMES)


def test_the_predicate_that_decided_is_named() -> None:
    assert classify(PAGE, "https://www.bing.com/") == Traffic("Organic Search", "Bing", "is_organic_search")


def test_the_docs_list_the_channels_in_their_order() -> None:
    text = DOCS.read_text()
    places = [text.index(f"| {name} |") for name, _ in CHANNELS]
    assert places == sorted(places)


def test_campaign_parameters_are_cut_and_cleaned() -> None:
    utm = read_utm(
        f"{PAGE}?utm_source=a%00b%0Ac&utm_term=%C3%A5&utm_content={'x' * 300}&UTM_Medium=m&utm_source=z"
    )
    assert (utm.source, utm.term, utm.medium, len(utm.content)) == ("abc", "å", "m", 200)


@pytest.mark.parametrize("referrer", ["https://[", "https://" + "a." * 1000, "https://xn--.com/", "x" * 3000])
def test_a_broken_referrer_raises_nothing(referrer: str) -> None:
    assert len(classify(PAGE, referrer).source_name) <= 100


def test_no_host_or_word_stands_twice_in_the_table_of_sources() -> None:
    lines = files("tracker").joinpath("data/sources.txt").read_text().splitlines()
    rows = [line.split("|") for line in lines if line and not line.startswith("#")]
    keys = Counter(key.strip() for row in rows for key in f"{row[2]},{row[3]}".split(","))
    assert [key for key, times in keys.items() if times > 1] == []
    assert {row[0].strip() for row in rows} == {"search", "social", "video", "shopping", "email", "ai"}


def test_a_known_host_stands_for_its_subdomains_but_not_for_longer_names() -> None:
    assert find_source("m.linkedin.com") is not None
    assert find_source("notlinkedin.com") is None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
def test_nothing_that_can_be_sent_makes_it_raise(url: str, referrer: str, own_hosts: list[str]) -> None:
    traffic = classify(f"https://www.acme.test/?utm_source={url}", f"https://{referrer}", own_hosts)
    assert traffic.channel in CHANNEL_NAMES
    assert classify(url, referrer, own_hosts).channel in CHANNEL_NAMES
