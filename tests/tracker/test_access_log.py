"""Lines of an access log become page views."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tracker.access_log import BadLine, LogReader
from tracker.records import from_micros

LINE = (
    '138.106.0.5 - - [21/Nov/2026:15:30:00 +0100] "GET /pricing?utm_source=x&secret=y HTTP/1.1" 200 512 '
    '"https://www.google.com/" "Mozilla/5.0 (X11; Linux x86_64)"'
)


@pytest.fixture
def reader(now: datetime) -> LogReader:
    return LogReader("acme-web", "https://www.ours.test", now)


def test_a_page_view_has_address_time_url_referrer_and_agent(reader: LogReader) -> None:
    envelope = reader.read(LINE)
    assert envelope is not None
    assert envelope.address == "138.106.0.5"
    assert envelope.user_agent == "Mozilla/5.0 (X11; Linux x86_64)"
    hit = envelope.hits[0]
    assert from_micros(hit.seen) == datetime(2026, 11, 21, 14, 30, tzinfo=UTC)
    assert hit.url == "https://www.ours.test/pricing?utm_source=x"
    assert hit.referrer == "https://www.google.com/"


def test_page_views_of_a_log_are_quiet_unless_asked(reader: LogReader) -> None:
    envelope = reader.read(LINE)
    assert envelope is not None
    assert envelope.quiet


def test_the_same_file_read_again_gives_the_same_ids(now: datetime) -> None:
    def ids() -> list[str]:
        reader = LogReader("acme-web", "https://www.ours.test", now)
        return [envelope.hits[0].id for line in (LINE, LINE) if (envelope := reader.read(line))]

    assert ids() == ids()
    assert len(set(ids())) == 2


@pytest.mark.parametrize(
    "request_line",
    [
        "GET /style.css HTTP/1.1",
        "POST /pricing HTTP/1.1",
        "HEAD / HTTP/1.0",
        "-",
        "\\x16\\x03\\x01",
        "GET http://x/ HTTP/1.1",
    ],
)
def test_what_is_not_a_page_view_is_passed_over(reader: LogReader, request_line: str) -> None:
    line = LINE.replace("GET /pricing?utm_source=x&secret=y HTTP/1.1", request_line)
    assert reader.read(line) is None


def test_an_error_page_is_passed_over(reader: LogReader) -> None:
    assert reader.read(LINE.replace('" 200 ', '" 404 ')) is None


def test_an_ipv6_address_is_understood(reader: LogReader) -> None:
    envelope = reader.read(LINE.replace("138.106.0.5", "2a02:aa1::17"))
    assert envelope is not None
    assert envelope.address == "2a02:aa1::17"


def test_quotes_in_a_field_are_unescaped(reader: LogReader) -> None:
    envelope = reader.read(LINE.replace("Mozilla/5.0 (X11; Linux x86_64)", 'a \\"quoted\\" agent'))
    assert envelope is not None
    assert envelope.user_agent == 'a "quoted" agent'


@pytest.mark.parametrize(
    "line", ["", "garbage", LINE.replace("138.106.0.5", "a.host.test"), LINE.replace("Nov", "Foo")]
)
def test_a_bad_line_is_refused(reader: LogReader, line: str) -> None:
    with pytest.raises(BadLine):
        reader.read(line)
