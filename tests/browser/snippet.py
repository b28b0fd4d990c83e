"""What tests do with a page that carries the snippet."""

from __future__ import annotations

import re
from typing import Any, Protocol

from playwright.sync_api import BrowserContext, Page

from tests.browser.recorder import Recorder

ACME = "www.acme.test"

# What a page needs to get anywhere: the settling time of addresses, twice and more.
SETTLED = "() => new Promise(done => setTimeout(done, 400))"
# After the call has its answer: going back at once may take the page away before that.
BACK = "() => { setTimeout(() => history.back()) }"


class Open(Protocol):
    """Opens a page that carries the tag; `head` comes before the tag, `body` after it."""

    def __call__(
        self,
        path: str = "/pricing",
        *,
        attributes: str = "",
        head: str = "",
        body: str = "",
        title: str = "Pricing",
    ) -> Page: ...


def call(page: Page, *arguments: Any) -> None:
    page.evaluate("call => window.doorbell(...call)", list(arguments))


def drain(page: Page, collector: Recorder, name: str = "drained") -> None:
    """Reports an action and waits for it: what was to be reported before is here by then."""
    page.evaluate(SETTLED)
    call(page, "track", name)
    collector.wait_for(name)


def storage(page: Page, context: BrowserContext) -> list[str]:
    stored = page.evaluate("() => [...Object.keys(localStorage), ...Object.keys(sessionStorage)]")
    return [*stored, *(cookie["name"] for cookie in context.cookies())]


def paths(collector: Recorder) -> list[str]:
    """Addresses of the views so far, without the host."""
    return [re.sub(r"^https?://[^/]+", "", hit["u"]) for hit in collector.hits("pageview")]
