"""Five hundred hostile strings through the whole way: collector, visits, rules, pages, messages and CSV."""

from __future__ import annotations

import csv
import io
import json
import re
from datetime import datetime

import pytest
from flask import Flask
from sqlalchemy import select, update

from alerts.engine import decide_waiting
from alerts.messages import slack_message, sms_message
from alerts.models import Alert, Rule
from alerts.story import Recipient, read_story
from enrichment.company_names import name_key
from enrichment.identify import identify_waiting
from enrichment.imports import import_rows
from enrichment.models import Company, Contact, Deal, NetworkOverride
from enrichment.providers import make_providers
from enrichment.text import clean_text
from tests.conftest import Cast
from tests.hostile import HOSTILE, intruders
from tests.stand import AGENT
from tests.web.conftest import Browser
from tests.web.test_hostile_text import FORMS, GOOD
from tracker.db import Database
from tracker.ingest import ingest_waiting
from tracker.ledger import get_ledger
from tracker.settings import Settings

NETWORK = "81.2.69.0/24"
SLACK_LINK = re.compile(r"<http://bell\.acme\.test/[\w/-]+\|[^<>|]*>")


def report(site: str, number: int, text: str, now: datetime) -> bytes:
    """A page view and an action with the text in every field that takes one."""
    moment = int(now.timestamp() * 1000)
    hits = [
        {
            "n": "pageview",
            "id": f"h-{number}",
            "t": moment,
            "u": f"https://www.ours.test/pricing/{text}?utm_source={text}&utm_campaign={text}",
            "r": f"https://www.google.com/?q={text}",
            "ti": text,
            "p": {"key": text, text[:64]: "value"},
        },
        {
            "n": f"did {text}"[:64],
            "id": f"a-{number}",
            "t": moment,
            "u": "https://www.ours.test/",
            "p": {"x": text},
        },
    ]
    return json.dumps({"s": site, "v": 1, "at": moment, "c": "n", "z": text[:35], "b": hits}).encode()


def enough(database: Database) -> tuple[str, ...]:
    """All of them once; what the other database adds is its own refusals, and a fifth shows those."""
    return HOSTILE if database.is_sqlite else HOSTILE[::5]


@pytest.fixture
def visited(app: Flask, database: Database, settings: Settings, cast: Cast, now: datetime) -> list[int]:
    """Everything sent, taken, identified and decided on; the statuses of the answers."""
    client: Browser = app.test_client()  # type: ignore[assignment]
    with database.write() as session:
        session.add(
            NetworkOverride(
                network=NETWORK,
                kind="company",
                organisation="Acme AB",
                domain="acme.test",
                created_at=now,
            )
        )
        session.add(
            Rule(
                name="<b>Ideal</b>",
                state="on",
                when={"target_list": ["Ideal customers"]},
                created_at=now,
                updated_at=now,
            )
        )
        for number, text in enumerate(HOSTILE[::10]):
            kept = clean_text(text)[:200] or "x"
            email = f"p{number}@acme.test"
            company_id = cast.acme.id
            session.add(Contact(email=email, name=kept, role=kept, company_id=company_id, created_at=now))
            session.add(Deal(external_id=f"E{number}", name=kept, company_id=company_id, state="open"))
    statuses = [
        client.post(
            "/s/e",
            data=report(cast.site.key, number, text, now),
            headers={
                "User-Agent": AGENT,
                "X-Forwarded-For": text.encode("ascii", "ignore").decode().split("\n")[0].split("\r")[0],
            },
            environ_base={"REMOTE_ADDR": f"81.2.69.{number % 250}"},
            csrf=False,
        ).status_code
        for number, text in enumerate(HOSTILE)
    ]
    while ingest_waiting(database, settings.inbox_dir, now):
        pass
    identify_waiting(database, make_providers(settings, database), now)
    while decide_waiting(database, settings, now):
        pass
    return statuses


def test_there_are_five_hundred_strings() -> None:
    assert len(set(HOSTILE)) >= 500


def test_the_collector_takes_or_refuses_them_and_the_books_balance(
    visited: list[int], database: Database, settings: Settings
) -> None:
    assert set(visited) <= {202, 400, 413}
    ledger = get_ledger(database, settings.inbox_dir)
    assert ledger.quarantined == 0
    assert ledger.balances
    assert ledger.page_views > 400


def test_no_page_lets_them_out_unescaped(
    visited: list[int], database: Database, as_admin: Browser, cast: Cast
) -> None:
    with database.read() as session:
        alert = session.scalars(select(Alert)).first()
    assert alert is not None
    pages = [
        "/live",
        "/companies",
        f"/companies/{cast.acme.id}",
        f"/a/{alert.public_id}",
        "/alerts",
        "/rules",
    ]
    for page in (*pages, "/contacts/1", "/health", f"/sites/{cast.site.id}", "/"):
        answer = as_admin.get(page, follow_redirects=True)
        assert answer.status_code == 200, page
        assert intruders(answer.text) == [], page


@pytest.mark.parametrize("page", ["/live", "/companies", "/alerts"])
def test_searching_for_them_breaks_nothing(as_admin: Browser, database: Database, page: str) -> None:
    for text in enough(database):
        answer = as_admin.get(page, query_string={"q": text.encode("utf-8", "replace")})
        assert answer.status_code == 200, text
        assert intruders(answer.text) == [], text


@pytest.mark.parametrize("path", FORMS)
def test_a_form_full_of_them_is_refused_or_kept_as_text(
    as_admin: Browser, cast: Cast, database: Database, path: str
) -> None:
    filled = path.format(bob=cast.bob.id, site=cast.site.id)
    for text in enough(database):
        fields = dict.fromkeys(FORMS[path], text.encode("utf-8", "surrogatepass"))
        answer = as_admin.post(filled, data=GOOD | fields)
        assert answer.status_code in (200, 302, 413, 422, 429), text
        assert intruders(answer.text) == [], text


def test_no_message_lets_them_act(visited: list[int], database: Database, cast: Cast) -> None:
    with database.read() as session:
        alert = session.scalars(select(Alert)).first()
    assert alert is not None
    for text in HOSTILE:
        plain = json.loads(json.dumps(alert.story))
        plain |= {"page": text, "title": text, "rule": text, "source": text, "owner": text}
        plain["company"] |= {"name": text, "domain": text}
        story, recipient = read_story(plain), Recipient(why=text)
        slack = slack_message(story, recipient)
        said = json.dumps([slack.text, *(dict(block) for block in slack.blocks)], ensure_ascii=False)
        assert "<" not in SLACK_LINK.sub("", said), text
        sms = sms_message(story, recipient).text
        assert sms.isprintable(), text


def test_a_csv_of_refused_rows_runs_no_formula(database: Database, cast: Cast, now: datetime) -> None:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(["domain", "name", "country"])
    writer.writerows([[text, text, text] for text in HOSTILE])
    file = io.BytesIO(out.getvalue().encode("utf-8", "replace"))
    report = import_rows(database, "companies", file, dry_run=True, now=now, changed_by="a test")
    assert report.refused > 400
    for row in csv.reader(io.StringIO(report.refused_csv())):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for cell in row), row


def test_hostile_company_names_stay_text(
    database: Database, as_admin: Browser, cast: Cast, now: datetime
) -> None:
    with database.write() as session:
        for number, text in enumerate(HOSTILE):
            name = clean_text(text)[:200] or "x"
            session.add(
                Company(
                    domain=f"h{number}.test",
                    name=name,
                    name_key=name_key(name)[:200],
                    created_at=now,
                    last_seen_at=now,
                )
            )
        session.execute(update(Company).values(industry="<img src=x>"))
    answer = as_admin.get("/companies")
    assert answer.status_code == 200
    assert intruders(answer.text) == []
