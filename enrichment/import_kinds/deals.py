"""Files of deals: found again by the id that the CRM gave them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from enrichment.cells import (
    Reader,
    read_company_domain,
    read_currency,
    read_moment,
    read_money,
    read_owner,
    read_products,
    read_state,
    read_text,
)
from enrichment.deals import set_products
from enrichment.import_kinds.base import Book, Kind, Record, RowError, Saving, Values, owner_emails, set_plain
from enrichment.models import Company, Deal, DealProduct, Product


class Deals(Kind):
    name = "deals"
    columns: ClassVar[Mapping[str, Reader]] = {
        "id": read_text(100),
        "name": read_text(200),
        "company_domain": read_company_domain,
        "state": read_state,
        "amount": read_money,
        "currency": read_currency,
        "owner": read_owner,
        "products": read_products,
        "closed_at": read_moment,
    }
    needed = (("id",),)
    _plain = ("name", "state", "amount", "currency", "closed_at")

    def keys(self, values: Values) -> list[str]:
        return [values["id"]]

    def load(self, session: Session, rows: Sequence[Values], book: Book) -> None:
        wanted = {row["id"] for row in rows}
        emails = owner_emails(session)
        found = session.execute(
            select(Deal, Company.domain)
            .join(Company, Company.id == Deal.company_id)
            .where(Deal.external_id.in_(wanted))
        ).all()
        products = _held_products(session, [deal.id for deal, _ in found])
        for deal, domain in found:
            if deal.id not in book.ids:
                values: Values = {column: getattr(deal, column) for column in self._plain}
                values |= {"id": deal.external_id, "company_domain": domain or ""}
                values |= {"owner": emails.get(deal.owner_id or 0, ""), "products": products.get(deal.id, ())}
                book.add(Record(deal.id, values), [deal.external_id])

    def complete(self, values: Values, record: Record | None) -> Values:
        if record is not None:
            return values
        for column, right in (("company_domain", "the company's domain"), ("state", "open, won or lost")):
            if not values.get(column):
                raise RowError(f"{column}: is empty, and the deal is new; write {right}")
        return {"name": values["id"]} | values

    def save(self, saving: Saving, record_id: int | None, changes: Values) -> int:
        session = saving.session
        domain = changes.get("company_domain")
        company_id = saving.company_id(domain) if domain else None
        deal = session.get_one(Deal, record_id) if record_id else self._new(session, changes["id"])
        set_plain(deal, changes, self._plain)
        deal.company_id = company_id or deal.company_id
        if "owner" in changes:
            deal.owner_id = saving.known.users[changes["owner"]]
        session.add(deal)
        session.flush()
        if "products" in changes:
            set_products(session, deal, [saving.known.products[n.casefold()][1] for n in changes["products"]])
        return deal.id

    def _new(self, session: Session, external_id: str) -> Deal:
        found = session.scalar(select(Deal).where(Deal.external_id == external_id))
        return found or Deal(external_id=external_id)


def _held_products(session: Session, deal_ids: Sequence[int]) -> dict[int, tuple[str, ...]]:
    held: dict[int, tuple[str, ...]] = {}
    rows = session.execute(
        select(DealProduct.deal_id, Product.name)
        .join(Product, Product.id == DealProduct.product_id)
        .where(DealProduct.deal_id.in_(deal_ids))
    )
    for deal_id, name in rows:
        held[deal_id] = tuple(sorted((*held.get(deal_id, ()), name)))
    return held
