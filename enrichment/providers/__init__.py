"""The sources of "who has this address", in the order in which they are asked.

A new source is one file here and one line in `PROVIDERS`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from pathlib import Path

from enrichment.providers.base import Provider, Refreshable, Sources
from enrichment.providers.geoip_files import FOLDER, GeoipFolder
from enrichment.providers.overrides import Override, Overrides, load_overrides
from enrichment.providers.routing_table import open_routing_table
from tracker.db import Database
from tracker.settings import Settings

# Deny first, allow by evidence: sources of networks that must never be named stand before the others.
PROVIDERS = {
    "reserved": "enrichment.providers.reserved.Reserved",
    "overrides": "enrichment.providers.overrides.Overrides",
    "known_ranges": "enrichment.providers.known_ranges.KnownRanges",
    "geoip_anonymous": "enrichment.providers.geoip_anonymous.GeoipAnonymous",
    "denied_networks": "enrichment.providers.reviewed.DeniedNetworks",
    "geoip_connection": "enrichment.providers.geoip_connection.GeoipConnection",
    "geoip_organisation": "enrichment.providers.geoip_organisation.GeoipOrganisation",
    "reviewed_networks": "enrichment.providers.reviewed.ReviewedNetworks",
    "routes": "enrichment.providers.routes.Routes",
    "geoip_asn": "enrichment.providers.geoip_asn.GeoipAsn",
    "geoip_country": "enrichment.providers.geoip_country.GeoipCountry",
}


def open_providers(data_dir: Path | None) -> tuple[Provider, ...]:
    """All providers, in order. Without a data directory: the embedded data alone.

    Unpacks the embedded table on the first call (about a second); each look-up is offline.
    """
    sources = Sources(
        open_routing_table(data_dir), data_dir, GeoipFolder(data_dir / FOLDER if data_dir else None)
    )
    return tuple(_load(path).open(sources) for path in PROVIDERS.values())


def make_providers(settings: Settings, database: Database) -> tuple[Provider, ...]:
    """The providers of an installation, with the overrides an admin has saved so far."""
    with database.read() as session:
        return with_overrides(open_providers(settings.data_dir), load_overrides(session))


def refresh_providers(providers: Iterable[Provider]) -> bool:
    """Takes files that were swapped into use; whether any answer may be another now."""
    changed = [provider.refresh() for provider in providers if isinstance(provider, Refreshable)]
    return any(changed)


def _load(path: str) -> type[Provider]:
    module, _, name = path.rpartition(".")
    found: type[Provider] = getattr(importlib.import_module(module), name)
    return found


def with_overrides(providers: Iterable[Provider], rows: Iterable[Override]) -> tuple[Provider, ...]:
    """The same providers, with these overrides on top of those in the data directory's file."""
    kept = tuple(rows)
    return tuple(
        provider.with_rows(kept) if isinstance(provider, Overrides) else provider for provider in providers
    )


__all__ = [
    "PROVIDERS",
    "Provider",
    "make_providers",
    "open_providers",
    "refresh_providers",
    "with_overrides",
]
