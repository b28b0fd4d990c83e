"""Made-up page views from real networks, for `doorbell demo`.

The addresses are in networks whose holders are public knowledge; nobody's real visit is shown. Chance
comes from a seeded generator, so that the same day gives the same demo.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tracker.records import Envelope, Hit, to_micros

SITE_KEY = "demo-site"
ORIGIN = "https://www.nordkvist.example"
WEBKIT = "(KHTML, like Gecko)"
AGENTS = (
    f"Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 {WEBKIT} Chrome/146.0.0.0 Safari/537.36",
    f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 {WEBKIT} Safari/605.1.15",
    f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 {WEBKIT} Mobile/15E148",
)
PAGES = (
    ("/", "Nordkvist Software"),
    ("/products/crm", "CRM"),
    ("/products/field-app", "Field app"),
    ("/blog/scoring-leads", "Scoring without guesswork"),
    ("/cases/atlas", "Customer case Atlas"),
    ("/pricing", "Pricing"),
    ("/contact", "Contact"),
)
REFERRERS = ("", "https://www.google.com/", "https://www.linkedin.com/", "https://www.bing.com/", "")
QUERIES = (
    "",
    "",
    "?utm_source=linkedin&utm_medium=paid_social&utm_campaign=autumn",
    "?utm_source=news&utm_medium=email",
)

TETRA_PAK, AXIS, DANFOSS, BESTSELLER = "151.183.22.163", "195.60.68.116", "194.175.35.131", "185.9.140.192"
COMPANIES = (
    TETRA_PAK,
    AXIS,
    DANFOSS,
    BESTSELLER,
    "148.2.71.144",
    "157.97.155.15",
    "212.64.238.224",
    "193.9.232.217",
)
HOMES = ("81.224.10.17", "90.224.61.8", "94.254.33.120", "80.216.77.3", "88.112.50.9", "79.138.4.55")
BOT = "66.249.79.178"


@dataclass(frozen=True, slots=True)
class Scene:
    """One of the four scenarios: who opens which pages."""

    title: str
    address: str
    pages: tuple[int, ...]


SCENES = (
    Scene("an MQL reads the prices", TETRA_PAK, (0, 5)),
    Scene("an ideal customer visits", AXIS, (0, 1)),
    Scene("a lost deal is back", DANFOSS, (0, 4)),
    Scene("a customer looks at a product it does not own", BESTSELLER, (2,)),
)


def plan_history(now: datetime, chance: random.Random, days: int = 30) -> Iterator[Envelope]:
    """Quiet page views of the days before `now`, oldest first, fewer at weekends."""
    for day in range(days, 0, -1):
        start = (now - timedelta(days=day)).replace(hour=7, minute=0, second=0, microsecond=0)
        visits = chance.randint(15, 30) if start.weekday() < 5 else chance.randint(2, 8)
        for _ in range(visits):
            yield from plan_visit(start + timedelta(minutes=chance.uniform(0, 600)), chance, now)


def plan_visit(start: datetime, chance: random.Random, now: datetime) -> Iterator[Envelope]:
    """The page views of one visitor, a few minutes apart."""
    address = chance.choice(COMPANIES if chance.random() < 0.35 else HOMES)
    agent = chance.choice(AGENTS)
    referrer, query = chance.choice(REFERRERS), chance.choice(QUERIES)
    moment = start
    for number in range(chance.choice((1, 1, 2, 3, 5))):
        path, title = chance.choice(PAGES)
        hit = Hit(
            name="pageview",
            id=f"demo-{chance.getrandbits(64):016x}",
            seen=to_micros(moment),
            url=ORIGIN + path + (query if number == 0 else ""),
            title=title,
            referrer=referrer if number == 0 else ORIGIN + "/",
        )
        yield Envelope(
            site=SITE_KEY,
            received=to_micros(now),
            address=address,
            hits=[hit],
            user_agent=agent,
            source="replay",
            quiet=True,
        )
        moment += timedelta(seconds=chance.uniform(10, 240))


def live_hit(page: int, moment: datetime) -> dict[str, object]:
    """A page view as the snippet would send it now."""
    path, title = PAGES[page]
    return {
        "n": "pageview",
        "id": uuid.uuid4().hex,
        "t": int(moment.timestamp() * 1000),
        "u": ORIGIN + path,
        "ti": title,
    }
