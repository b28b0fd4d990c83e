"""Published ranges of hosters, crawlers, VPNs and Tor, as the `iporigin` package carries them."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from typing import Self

import iporigin

from enrichment.kinds import Kind
from enrichment.providers.address import Address
from enrichment.providers.base import Evidence, Sources

# A content network is hosting to us: nobody browses from it as an employee of anyone.
KINDS = {
    iporigin.HOSTING: Kind.HOSTING,
    iporigin.CDN: Kind.HOSTING,
    iporigin.VPN: Kind.VPN,
    iporigin.TOR: Kind.TOR,
    iporigin.BOT: Kind.BOT,
}
# A carrier in a list of hosters: companies are its customers too.
CARRIERS = frozenset({"Cogent"})
WEIGHTS = {Kind.HOSTING: 0.9}
WEIGHT = 0.95


class KnownRanges:
    """The operators' own published ranges, and well-kept community lists of them."""

    def __init__(self) -> None:
        built_at = iporigin.dataset_info()["built_at"]  # type: ignore[no-untyped-call]
        self.data_date = datetime.fromtimestamp(built_at, UTC).date().isoformat()
        # The package reads its address anew each time, which costs more than all our own look-ups.
        self.lookup = lru_cache(maxsize=20_000)(self._lookup)

    @classmethod
    def open(cls, sources: Sources) -> Self:
        return cls()

    def _lookup(self, address: Address) -> Evidence | None:
        origin = iporigin.classify(address)  # type: ignore[no-untyped-call]
        kind = KINDS.get(origin.kind)
        if kind is None or origin.provider in CARRIERS:
            return None
        return Evidence(
            source="published ranges",
            basis="iporigin",
            kind=kind,
            weight=WEIGHTS.get(kind, WEIGHT),
            why=f"in the published ranges of {origin.provider}",
            data_date=self.data_date,
            raw_name=origin.provider,
        )
