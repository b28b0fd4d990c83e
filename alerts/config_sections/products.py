"""Products and the pages that are about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from alerts.config_fields import Reader, read_page_patterns, read_text
from alerts.config_sections.base import Section, Values
from enrichment.models import Product


class Products(Section):
    name = "products"
    key = "name"
    fields: ClassVar[Mapping[str, Reader]] = {
        "name": read_text(200, empty=False),
        "pages": read_page_patterns,
    }

    def rows(self, session: Session) -> Mapping[str, Product]:
        return {product.name: product for product in session.scalars(select(Product).order_by(Product.id))}

    def values(self, session: Session, row: Product) -> Values:
        return {"name": row.name, "pages": tuple(row.pages or ())}

    def make(self, key: str, now: datetime) -> Product:
        return Product(name=key, pages=[])
