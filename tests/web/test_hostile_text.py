"""Whatever is typed comes out as text, or is refused: no page breaks, nothing is unescaped."""

from __future__ import annotations

import pytest

from tests.conftest import Cast
from tests.web.conftest import Browser
from tests.web.hostile import HOSTILE, MARKUP
from tracker.db import Database
from tracker.models import DroppedHit, JobTick, Site

FORMS: dict[str, tuple[str, ...]] = {
    "/users/new": ("email", "name", "role"),
    "/users/{bob}": ("name", "slack_id", "phone", "time_zone", "language", "quiet_from", "quiet_to", "role"),
    "/profile": ("name", "slack_id", "phone", "time_zone", "language", "quiet_from", "quiet_to", "theme"),
    "/profile/password": ("old", "new"),
    "/sites/new": ("name", "hosts"),
    "/sites/{site}/edit": ("name", "hosts", "staff_networks", "page_groups"),
    "/products/new": ("name", "pages"),
    "/target-lists/new": ("name", "domains"),
    "/sign-in": ("email", "password"),
    "/import": ("kind",),
}
GOOD = {
    "name": "Good",
    "email": "good@ours.test",
    "role": "seller",
    "language": "en",
    "time_zone": "UTC",
    "theme": "",
}
LISTS = ("/users", "/sites", "/products", "/target-lists", "/profile", "/more", "/sites/{site}")


@pytest.mark.parametrize("path", FORMS)
def test_hostile_text_in_any_field_is_refused_or_kept_as_text(
    as_admin: Browser, cast: Cast, path: str
) -> None:
    filled = path.format(bob=cast.bob.id, site=cast.site.id)
    for field in FORMS[path]:
        for text in (*HOSTILE, "x" * 5_000):
            answer = as_admin.post(filled, data=GOOD | {field: text.encode("utf-8", "surrogatepass")})
            assert answer.status_code in (200, 302, 422), (field, text)
            assert not any(markup in answer.text for markup in MARKUP), (field, text)
    for page in LISTS:
        answer = as_admin.get(page.format(site=cast.site.id))
        assert answer.status_code == 200
        assert not any(markup in answer.text for markup in MARKUP), page


def test_hostile_text_from_visitors_is_shown_as_text(
    as_admin: Browser, cast: Cast, database: Database, now: object
) -> None:
    with database.write() as db:
        moment = db.get_one(Site, cast.site.id).created_at
        for text in HOSTILE:
            kept = text.replace("\x00", "").encode("utf-8", "replace").decode()
            db.add(
                DroppedHit(
                    site_id=cast.site.id,
                    hit_id="h",
                    reason="bot",
                    received_at=moment,
                    address=kept[:45],
                    url=kept,
                    detail=kept[:200],
                )
            )
        db.add(JobTick(job="hits", ticked_at=moment, error=HOSTILE[0], worker=HOSTILE[1]))
    for page in (f"/sites/{cast.site.id}", "/health"):
        answer = as_admin.get(page)
        assert answer.status_code == 200
        assert not any(markup in answer.text for markup in MARKUP), page


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_addresses_open_no_hole(as_admin: Browser, cast: Cast, text: str) -> None:
    query = {"url": text.encode("utf-8", "replace")}
    answer = as_admin.get(f"/sites/{cast.site.id}", query_string=query)
    assert answer.status_code == 200
    assert not any(markup in answer.text for markup in MARKUP)
