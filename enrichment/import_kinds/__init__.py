"""The kinds of file that can be imported: one file here and one line in the table each."""

from __future__ import annotations

from enrichment.import_kinds.base import Book, Kind, Record, RowError, Saving, Values, load_known
from enrichment.import_kinds.companies import Companies
from enrichment.import_kinds.contacts import Contacts
from enrichment.import_kinds.deals import Deals
from enrichment.import_kinds.targets import Targets

__all__ = ["KINDS", "Book", "Kind", "Record", "RowError", "Saving", "Values", "load_known"]

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Companies(), Contacts(), Deals(), Targets())}
