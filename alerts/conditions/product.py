"""The page is about a product the company owns or does not own, or about a certain one."""

from __future__ import annotations

from alerts.conditions.base import Check, Condition, Part, Source, any_of, not_known, phrases, texts
from alerts.facts import Facts
from alerts.values import ProductsKind, fold


def _product(facts: Facts, value: tuple[str, ...]) -> Check:
    about = facts.page.products
    if not about:
        return Check(False, f"{facts.page.path} is about no product")
    if value not in (("not_owned",), ("owned",)):
        return _named_product(about, value)
    if facts.company is None:
        return not_known("neither is what it owns")
    owned = [name for name in about if name in facts.company.owned_products]
    missing = [name for name in about if name not in facts.company.owned_products]
    if value == ("owned",):
        named, word = owned or missing, "owns" if owned else "does not own"
    else:
        named, word = missing or owned, "does not own" if missing else "owns"
    holds = bool(owned if value == ("owned",) else missing)
    return Check(holds, f"the page is about {named[0]}, which {facts.company.name} {word}", True)


def _named_product(about: tuple[str, ...], value: tuple[str, ...]) -> Check:
    wanted = {fold(item) for item in value}
    for name in about:
        if fold(name) in wanted:
            return Check(True, f"the page is about {name}")
    return Check(False, f"the page is about {about[0]}, the rule asks for {any_of(value, texts)}")


PRODUCT = Condition(
    key="product",
    label={"en": "Product", "sv": "Produkt"},
    help="The page is about a product the company does not own, owns, or about one of these products.",
    kind=ProductsKind("not_owned, owned or the name of a product"),
    source=Source.PRODUCTS,
    choices=ProductsKind.words,
    part=Part.HAPPENING,
    test=_product,
    show=texts,
    phrases=phrases(
        ("opens a page about {}", "it opens a page about {}"),
        ("öppnar en sida om {}", "det öppnar en sida om {}"),
    ),
)
