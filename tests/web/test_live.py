"""The live list: what a row says, what the filters let through, and what the page's script gets."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import event, select

from tests.web.conftest import Browser
from tests.web.story import PRICING, Story
from tracker.db import Database
from tracker.models import Action, PageView
from web.live_rows import LiveFilter, LiveList, get_live_list

ALL = LiveFilter()


def get_rows(database: Database, story: Story, wanted: LiveFilter = ALL) -> LiveList:
    with database.read() as session:
        return get_live_list(session, wanted, story.eva.id, story.now)


def test_the_latest_visit_stands_first_with_company_page_and_source(database: Database, story: Story) -> None:
    row = get_rows(database, story).rows[0]
    assert (row.name, row.stage, row.page, row.page_count, row.source) == (
        "Scania AB",
        "opportunity",
        "Pricing",
        3,
        "LinkedIn",
    )
    assert row.is_ideal
    assert row.is_here


def test_a_row_says_who_was_told_and_how_fast(database: Database, story: Story) -> None:
    told = get_rows(database, story).rows[0].told[0]
    assert (told.whom, told.channel, told.state, told.seconds) == ("Eva Lind", "sales", "delivered", 0.608)


def test_a_row_without_an_alert_says_why_nobody_was_told(database: Database, story: Story) -> None:
    rows = {row.name: row for row in get_rows(database, story).rows}
    assert rows["Räddningstjänsten Väst"].why_not == "Confidence 64 %; the rule asks for 80 %"


def test_a_provider_is_shown_as_a_kind_and_never_as_a_company(as_eva: Browser, story: Story) -> None:
    text = as_eva.get("/live?show=unknown").text
    assert "Home or mobile network, Telia" in text
    assert "Not identified" in text
    assert ">Telia</a>" not in text


def test_each_filter_lets_its_visits_through(database: Database, story: Story) -> None:
    def names(show: str) -> set[str]:
        return {row.name for row in get_rows(database, story, LiveFilter(show)).rows}

    assert names("mine") == {"Scania AB"}
    assert names("ideal") == {"Scania AB"}
    assert names("unknown") == {""}
    assert "Räddningstjänsten Väst" not in names("buying")


def test_the_search_takes_signs_of_patterns_as_they_are(database: Database, story: Story) -> None:
    assert get_rows(database, story, LiveFilter(search="%")).rows == ()
    assert {row.name for row in get_rows(database, story, LiveFilter(search="TOPSOE.c")).rows} == {
        "Topsoe A/S"
    }


def test_the_filters_count_the_visits_of_a_day(database: Database, story: Story) -> None:
    counts = get_rows(database, story).counts
    assert counts == {"mine": 1, "all": 7, "buying": 5, "ideal": 1, "unknown": 2}


def test_older_visits_follow_without_a_gap(database: Database, story: Story) -> None:
    with database.write() as session:
        story.session = session
        for number in range(60):
            story.visit(story.topsoe, timedelta(days=1, minutes=number), [PRICING])
    first = get_rows(database, story)
    second = get_rows(database, story, LiveFilter(before=first.older))
    ids = [row.visit_id for row in (*first.rows, *second.rows)]
    assert len(first.rows) == 50
    assert len(ids) == len(set(ids)) == 17 + 60


def test_many_visits_cost_no_more_queries_than_few(database: Database, story: Story) -> None:
    def count() -> int:
        seen: list[str] = []

        def note(connection: object, cursor: object, statement: str, *more: object) -> None:
            seen.append(statement)

        event.listen(database.engine, "before_cursor_execute", note)
        get_rows(database, story)
        event.remove(database.engine, "before_cursor_execute", note)
        return len(seen)

    few = count()
    with database.write() as session:
        story.session = session
        for number in range(30):
            story.visit(story.topsoe, timedelta(hours=1, minutes=number), [PRICING])
    assert count() == few


def test_the_script_gets_only_the_rows(as_eva: Browser) -> None:
    answer = as_eva.get("/live", headers={"X-Fragment": "1"})
    assert answer.text.count("data-visit=") == 17
    assert "<html" not in answer.text


def test_unchanged_rows_are_answered_with_304(as_eva: Browser, story: Story, database: Database) -> None:
    mark = as_eva.get("/live", headers={"X-Fragment": "1"}).headers["ETag"]
    same = as_eva.get("/live", headers={"X-Fragment": "1", "If-None-Match": mark})
    with database.write() as session:
        story.session = session
        story.visit(story.topsoe, timedelta(seconds=1), [PRICING])
    changed = as_eva.get("/live", headers={"X-Fragment": "1", "If-None-Match": mark})
    assert (same.status_code, same.data) == (304, b"")
    assert changed.status_code == 200


def test_odd_arguments_count_as_absent(as_eva: Browser) -> None:
    assert as_eva.get("/live?show=nonsense&before=99999999999999999999&q=%00%F0").status_code == 200
    assert as_eva.get("/live?before=-1").status_code == 200


def test_an_empty_list_says_why(as_admin: Browser) -> None:
    text = as_admin.get("/live").text
    assert "The snippet has not reported anything so far." in text
    assert "Check the install" in text


EVIL = '<script>alert(1)</script>"><img src=x onerror=alert(2)>\u202e{{7*7}}'


def test_what_visitors_send_is_shown_as_plain_text(as_eva: Browser, story: Story, database: Database) -> None:
    with database.write() as session:
        visit = session.merge(story.scania_visit)
        visit.source_name = EVIL[:100]
        for view in session.scalars(select(PageView).where(PageView.visit_id == visit.id)):
            view.title, view.url, view.path = EVIL, f"javascript:alert(3)//{EVIL}", EVIL
        for action in session.scalars(select(Action)):
            action.name, action.props = EVIL[:64], {EVIL: EVIL}
    for path in (
        "/live",
        f"/companies/{story.scania.id}",
        f"/a/{story.scania_alert.public_id}",
        "/contacts/1",
    ):
        text = as_eva.get(path).text
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert 'href="javascript:' not in text
        assert "&lt;script&gt;" in text
