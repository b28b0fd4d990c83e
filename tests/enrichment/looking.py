"""A process that looks addresses up in two threads, as a worker does, until its standard input ends.

Each line on standard input makes it look at its files again; it answers with one line of JSON.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from pathlib import Path

from enrichment.chain import identify_address
from enrichment.providers import Provider, open_providers, refresh_providers

# The second is none of those that a new database is asked about before it is used.
ADDRESSES = (
    "66.92.181.240",
    "38.105.0.65",
    "148.2.71.144",
    "1.1.1.1",
    "2001:218::1",
    "81.2.69.160",
    "::ffff:2.125.160.216",
)
CUSTOMER = ADDRESSES[0]


class Looking(threading.Thread):
    """Looks addresses up as fast as it can; `errors` are what it raised."""

    def __init__(self, providers: tuple[Provider, ...]) -> None:
        super().__init__(daemon=True)
        self.providers = providers
        self.errors: list[str] = []
        self.rounds = 0

    def run(self) -> None:
        while True:
            try:
                for address in ADDRESSES:
                    identify_address(address, self.providers)
            except Exception as error:  # noqa: BLE001 - any error at all is what the test is about
                self.errors.append(repr(error))
            self.rounds += 1
            # The other tests want the machine too.
            time.sleep(0.0005)


def main(data_dir: Path) -> None:
    logging.basicConfig(format="%(message)s")
    providers = open_providers(data_dir)
    threads = [Looking(providers) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in sys.stdin:
        refresh_providers(providers)
        wait_for_a_round(threads)
        answer = {
            "customer": identify_address(CUSTOMER, providers).company,
            "errors": [text for thread in threads for text in thread.errors],
        }
        print(json.dumps(answer), flush=True)


def wait_for_a_round(threads: list[Looking]) -> None:
    """Until each thread has looked everything up in what is in use now."""
    wanted = [thread.rounds + 2 for thread in threads]
    while any(thread.rounds < least for thread, least in zip(threads, wanted, strict=True)):
        time.sleep(0.001)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
