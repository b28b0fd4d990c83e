"""What a company's deals say: their states, and the products that the won ones hold."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.models import Deal, DealProduct, DealState, Product


def get_deal_states(session: Session, company_id: int) -> frozenset[DealState]:
    states = session.scalars(select(Deal.state).where(Deal.company_id == company_id).distinct())
    return frozenset(DealState(state) for state in states)


def get_owned_products(session: Session, company_id: int) -> frozenset[str]:
    """Names of the products of the company's won deals."""
    names = (
        select(Product.name)
        .join(DealProduct, DealProduct.product_id == Product.id)
        .join(Deal, Deal.id == DealProduct.deal_id)
        .where(Deal.company_id == company_id, Deal.state == DealState.WON)
    )
    return frozenset(session.scalars(names))


def set_products(session: Session, deal: Deal, product_ids: Collection[int]) -> None:
    """Makes the deal hold these products and no others."""
    rows = session.scalars(select(DealProduct).where(DealProduct.deal_id == deal.id))
    held = {row.product_id: row for row in rows}
    for product_id in set(held) - set(product_ids):
        session.delete(held[product_id])
    session.add_all(DealProduct(deal_id=deal.id, product_id=new) for new in set(product_ids) - set(held))
