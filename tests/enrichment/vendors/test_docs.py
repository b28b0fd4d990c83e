"""The page on vendors describes what there is."""

from __future__ import annotations

from pathlib import Path

import pytest

from enrichment.vendors import VENDORS, vendor_class

PAGE = (Path(__file__).parents[3] / "docs" / "vendors.md").read_text()


@pytest.mark.parametrize("kind", VENDORS)
def test_every_vendor_and_its_fields_are_described(kind: str) -> None:
    assert f"| `{kind}` |" in PAGE
    assert all(f"`{field.name}`" in PAGE for field in vendor_class(kind).fields)
