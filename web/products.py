"""Products: what we sell, and the pages that are about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from flask import Blueprint, abort, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from enrichment.models import DealProduct, Product
from tracker.pages import check_pattern
from web.context import get_database, needs_admin
from web.forms import REFUSED, Form, Lines, Text, add_error

blueprint = Blueprint("products", __name__, url_prefix="/products")


class ProductForm(Form):
    name = Text("Name", needed="Write a name")
    pages = Lines(
        "Pages about it",
        check=check_pattern,
        most=500,
        description="One pattern a line, such as /products/crm*. * stands for anything.",
    )


@dataclass(frozen=True, slots=True)
class ProductRow:
    product: Product
    deals: int


@blueprint.get("")
@needs_admin
def index() -> ResponseReturnValue:
    with get_database().read() as db:
        rows = list_products(db)
    return render_template("products/list.html", rows=rows)


def list_products(db: Session) -> Sequence[ProductRow]:
    counted = select(DealProduct.product_id, func.count()).group_by(DealProduct.product_id)
    deals = {row[0]: row[1] for row in db.execute(counted)}
    products = db.scalars(select(Product).order_by(func.lower(Product.name), Product.id))
    return [ProductRow(product, deals.get(product.id, 0)) for product in products]


@blueprint.route("/new", methods=["GET", "POST"])
@needs_admin
def new() -> ResponseReturnValue:
    form = ProductForm()
    if form.validate_on_submit() and _save(form, None):
        flash(f"{form.name.data} is added.", "good")
        return redirect(url_for("products.index"))
    page = render_template("products/edit.html", form=form, product=None)
    return page, REFUSED if form.is_submitted() else 200


@blueprint.route("/<int:product_id>", methods=["GET", "POST"])
@needs_admin
def edit(product_id: int) -> ResponseReturnValue:
    with get_database().read() as db:
        product = _get(db, product_id)
    form = ProductForm(obj=product)
    if form.validate_on_submit() and _save(form, product_id):
        flash(f"{form.name.data} is saved.", "good")
        return redirect(url_for("products.index"))
    page = render_template("products/edit.html", form=form, product=product)
    return page, REFUSED if form.is_submitted() else 200


def _save(form: ProductForm, product_id: int | None) -> bool:
    with get_database().write() as db:
        namesake = db.scalar(select(Product).where(Product.name == form.name.data))
        if namesake and namesake.id != product_id:
            add_error(form.name, "There is a product with this name already")
            return False
        product = _get(db, product_id) if product_id else Product()
        product.name, product.pages = form.name.data, form.pages.data
        db.add(product)
    return True


@blueprint.route("/<int:product_id>/delete", methods=["GET", "POST"])
@needs_admin
def remove(product_id: int) -> ResponseReturnValue:
    """Asks first: deals forget that they were about it."""
    form = Form()
    with get_database().read() as db:
        product = _get(db, product_id)
        deals = db.scalar(select(func.count()).where(DealProduct.product_id == product_id)) or 0
    if not form.validate_on_submit():
        return render_template("products/delete.html", form=form, product=product, deals=deals)
    with get_database().write() as db:
        db.execute(delete(DealProduct).where(DealProduct.product_id == product_id))
        db.execute(delete(Product).where(Product.id == product_id))
    flash(f"{product.name} is deleted.", "good")
    return redirect(url_for("products.index"))


def _get(db: Session, product_id: int) -> Product:
    return db.get(Product, product_id) or abort(404)
