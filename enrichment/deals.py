"""The products that a deal holds."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.models import Deal, DealProduct


def set_products(session: Session, deal: Deal, product_ids: Collection[int]) -> None:
    """Makes the deal hold these products and no others."""
    rows = session.scalars(select(DealProduct).where(DealProduct.deal_id == deal.id))
    held = {row.product_id: row for row in rows}
    for product_id in set(held) - set(product_ids):
        session.delete(held[product_id])
    session.add_all(DealProduct(deal_id=deal.id, product_id=new) for new in set(product_ids) - set(held))
