"""What the snippet costs a page: main-thread time at its start on a slow processor, bytes and requests.

Needs Debian's Chromium and the test dependencies. Prints the figures and their limits.
"""

from __future__ import annotations

import json
import shutil
import statistics
import sys
from typing import Any

from playwright.sync_api import Browser, CDPSession, sync_playwright

from tests.browser.recorder import CORS, STATIC, TYPES, Answer, Received, Recorder
from tests.chromium import CHROMIUM_FLAGS

SLOWER = 4
ROUNDS = 9
MOST_MS = 5.0
MOST_BODY_BYTES = 350
START = ("EvaluateScript", "v8.compile")
# The least a script can do that reports a page: what this machine takes for it, it takes for any.
NEXT_TO_NOTHING = b"fetch('/s/e', {method: 'POST', body: JSON.stringify({b: [{n: 'pageview'}]})})"


class ScriptServer(Recorder):
    """Serves another script in the place of ours while `script` is set."""

    script: bytes | None = None

    def answer(self, request: Received) -> Answer:
        if request.path == "/s/v.js" and self.script is not None:
            return Answer(200, CORS | {"Content-Type": TYPES[".js"]}, self.script)
        return super().answer(request)


def main() -> int:
    path = shutil.which("chromium")
    if path is None:
        print("no chromium on this machine: apt-get install chromium")
        return 1
    recorder = ScriptServer()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        recorder.script = NEXT_TO_NOTHING
        least = min(measure_start(browser, recorder) for _ in range(ROUNDS))
        recorder.script = None
        times = [measure_start(browser, recorder) for _ in range(ROUNDS)]
        browser.close()
    print_figures(times, least, recorder)
    recorder.close()
    return 0


def measure_start(browser: Browser, recorder: Recorder) -> float:
    """Milliseconds of processor time the main thread spends on compiling and running the script once."""
    recorder.received.clear()
    recorder.put_page("/", f"<!doctype html><title>Prices</title>{recorder.tag()}<p>Prices")
    page = browser.new_page()
    cdp = page.context.new_cdp_session(page)
    cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
    events = trace(cdp)
    page.goto(recorder.address("/"))
    recorder.wait_for("pageview")
    cdp.send("Tracing.end")
    while not any(event is None for event in events):
        page.wait_for_timeout(20)
    page.close()
    mine = [event for event in events if event and event["name"] in START and is_ours(event)]
    return sum(float(event.get("tdur", 0)) for event in mine) / 1000


def trace(cdp: CDPSession) -> list[dict[str, Any] | None]:
    """The events of the trace as they come; None marks the end."""
    events: list[dict[str, Any] | None] = []
    cdp.on("Tracing.dataCollected", lambda part: events.extend(part["value"]))
    cdp.on("Tracing.tracingComplete", lambda _: events.append(None))
    cdp.send("Tracing.start", {"categories": "devtools.timeline,v8,disabled-by-default-v8.compile"})
    return events


def is_ours(event: dict[str, Any]) -> bool:
    data = event.get("args", {}).get("data") or {}
    return str(data.get("url", "")).endswith("/s/v.js")


def print_figures(times: list[float], least: float, recorder: Recorder) -> None:
    sizes = json.loads((STATIC / "manifest.json").read_text())
    methods = [(request.method, request.path) for request in recorder.received]
    body = len(recorder.posts[0].body)
    best, middle = min(times), statistics.median(times)
    print(f"main thread at start, {SLOWER}x slower: best {best:.1f} ms, median {middle:.1f} ms")
    print(f"  {best / MOST_MS:.0%} of the {MOST_MS:.0f} ms allowed; a single fetch takes {least:.1f} ms")
    print(f"page view: {body} bytes, {body / MOST_BODY_BYTES:.0%} of the {MOST_BODY_BYTES} allowed")
    print(
        f"requests: {methods.count(('GET', '/s/v.js'))} script, {len(recorder.hits('pageview'))} view, ",
        end="",
    )
    print(f"{sum(method == 'OPTIONS' for method, _ in methods)} preflights")
    print(f"brotli: full {sizes['sizes']['brotli']}, lite {sizes['lite']['sizes']['brotli']} bytes")


if __name__ == "__main__":
    sys.exit(main())
