"""Roles in buying, from titles in six languages."""

from __future__ import annotations

import pytest

from enrichment.roles import BuyingRole, buying_role, rank, role_label

TITLES = {
    "ceo": "CEO|VD|Verkställande direktör|Daglig leder|Adm. dir.|Administrerende direktør|Direktør|"
    "Toimitusjohtaja|Geschäftsführer|Managing Director|CEO & Founder|VD, Acme AB|Owner|Inhaberin",
    "cfo": "CFO|Chief Financial Officer|Ekonomichef|Økonomisjef|Økonomichef|Talousjohtaja|Finanzchef|"
    "Head of Finance|Leiter Finanzen|Finance manager",
    "it": "CIO|CTO|IT-chef|IT Manager|Head of IT|IKT-leder|Tietohallintojohtaja|IT-Leiter|IT-päällikkö|"
    "Director of Information Technology|Teknisk chef|VP Engineering",
    "marketing": "CMO|Marknadschef|Markedssjef|Marketingchef|Markkinointijohtaja|Marketingleiter|"
    "Marketing Director|Head of Marketing|Leiterin Marketing|Marknads- och kommunikationschef",
    "purchasing": "Inköpschef|Inköpare|Innkjøpssjef|Indkøbschef|Ostopäällikkö|Hankintajohtaja|Einkaufsleiter|"
    "Purchasing Manager|Head of Procurement|Strategic sourcing director|Leiter Einkauf|Einkäuferin",
    "sales": "Försäljningschef|Salgssjef|Salgsdirektør|Myyntijohtaja|Vertriebsleiter|Sales Director|VP Sales",
    "coo": "COO|Produktionschef|Fabrikschef|Driftssjef|Tuotantojohtaja|Produktionsleiter|Plant Manager",
    "hr": "HR-chef|Personalchef|HR Director|Henkilöstöjohtaja|Personalleiter|Head of People",
}
CASES = [(title, BuyingRole(role)) for role, titles in TITLES.items() for title in titles.split("|")]
NOBODY = (
    "",
    " ",
    "Assistant to the CEO",
    "VD-assistent",
    "Marketing coordinator",
    "Marketing intern",
    "Former CEO",
    "Product owner",
    "Utvecklare",
    "Software engineer",
    "Projektledare IT",
    "Werkstudent Marketing",
    "Account executive",
    "Sjuksköterska",
    "it",
)


@pytest.mark.parametrize(("title", "role"), CASES)
def test_a_title_is_understood(title: str, role: BuyingRole) -> None:
    assert buying_role(title) is role


@pytest.mark.parametrize("title", NOBODY)
def test_a_title_that_decides_nothing_is_no_decision_maker(title: str) -> None:
    assert buying_role(title) is None


def test_decision_makers_come_first_and_ones_own_before_a_vendors() -> None:
    people = [("Developer", "import"), ("CEO", "vendor"), ("Inköpschef", "import"), ("CFO", "form")]
    assert [title for title, _ in sorted(people, key=lambda one: rank(*one))] == [
        "CFO",
        "Inköpschef",
        "CEO",
        "Developer",
    ]


def test_a_role_has_a_word() -> None:
    assert (role_label("Inköpschef"), role_label("Developer")) == ("Purchasing", "")
