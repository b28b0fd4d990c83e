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
ROUNDS = 31
MOST_MS = 5.0
MOST_BODY_BYTES = 350
START = ("v8.run", "v8.compile")
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
        ours, least = measure_starts(browser, recorder)
        browser.close()
    print_figures(ours, least, recorder)
    recorder.close()
    return 0


def measure_starts(browser: Browser, recorder: ScriptServer) -> tuple[list[float], list[float]]:
    """Processor time (ms) of the main thread, on a slow machine, for starting our script and the least one.

    In turns, so that both meet the machine in the same moods. Measured at full speed and multiplied: the
    browser's own brake stops the thread for whole slices of time, which makes a start of a few milliseconds
    ten times as long or not longer at all.
    """
    ours: list[float] = []
    least: list[float] = []
    for _ in range(ROUNDS):
        for script, times in ((NEXT_TO_NOTHING, least), (None, ours)):
            recorder.script = script
            times.append(measure_start(browser, recorder) * SLOWER)
    return ours, least


def measure_start(browser: Browser, recorder: Recorder) -> float:
    """Milliseconds of processor time the main thread spends on compiling and running the script once."""
    recorder.received.clear()
    recorder.put_page("/", f"<!doctype html><title>Prices</title>{recorder.tag()}<p>Prices")
    page = browser.new_page()
    trace = Trace(page.context.new_cdp_session(page))
    page.goto(recorder.address("/"))
    recorder.wait_for("pageview")
    trace.stop()
    while not trace.complete:
        page.wait_for_timeout(20)
    page.close()
    return sum(float(event.get("tdur", 0)) for event in trace.seen if is_start(event)) / 1000


class Trace:
    """What V8 tells of itself. The browser's timeline would cost as much as the script."""

    def __init__(self, cdp: CDPSession) -> None:
        self.seen: list[dict[str, Any]] = []
        self.complete = False
        self._cdp = cdp
        cdp.on("Tracing.dataCollected", lambda part: self.seen.extend(part["value"]))
        cdp.on("Tracing.tracingComplete", self._end)
        cdp.send("Tracing.start", {"categories": "v8"})

    def stop(self) -> None:
        self._cdp.send("Tracing.end")

    def _end(self, _: object) -> None:
        self.complete = True


def is_start(event: dict[str, Any]) -> bool:
    return event["name"] in START and "/s/v.js" in json.dumps(event.get("args", {}))


def print_figures(ours: list[float], least: list[float], recorder: Recorder) -> None:
    sizes = json.loads((STATIC / "manifest.json").read_text())
    methods = [(request.method, request.path) for request in recorder.received]
    body = len(recorder.posts[0].body)
    best, middle, fetch = min(ours), statistics.median(ours), statistics.median(least)
    print(
        f"main thread at start, {SLOWER}x slower, {ROUNDS} rounds: median {middle:.1f} ms, best {best:.1f} ms"
    )
    print(
        f"  {middle / MOST_MS:.0%} of the {MOST_MS:.0f} ms allowed; {middle / fetch:.1f} times a single fetch"
    )
    print(f"page view: {body} bytes, {body / MOST_BODY_BYTES:.0%} of the {MOST_BODY_BYTES} allowed")
    print(
        f"requests: {methods.count(('GET', '/s/v.js'))} script, {len(recorder.hits('pageview'))} view, ",
        end="",
    )
    print(f"{sum(method == 'OPTIONS' for method, _ in methods)} preflights")
    print(f"brotli: full {sizes['sizes']['brotli']}, lite {sizes['lite']['sizes']['brotli']} bytes")


if __name__ == "__main__":
    sys.exit(main())
