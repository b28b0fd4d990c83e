"""The form of a vendor: whether, for which sites and how often it is asked, and the fields it declares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from wtforms import BooleanField, DecimalField, IntegerField, PasswordField, SelectMultipleField
from wtforms import Field as FormField
from wtforms.validators import InputRequired, NumberRange, ValidationError
from wtforms.widgets import CheckboxInput, ListWidget

from enrichment.vendors.base import Field, Vendor
from tracker.settings import Settings
from web.forms import Form, Text, add_error, strip

PREFIX = "set_"
KEPT = "Saved. Leave empty to keep it as it is."


class VendorForm(Form):
    enabled = BooleanField("Ask this vendor")
    sites = SelectMultipleField(
        "Sites",
        description="Only addresses of visitors to these sites are sent.",
        widget=ListWidget(prefix_label=False),
        option_widget=CheckboxInput(),
    )
    daily_budget = IntegerField(
        "Requests a day",
        validators=[
            InputRequired("Write a whole number"),
            NumberRange(0, 10_000_000, "Write a whole number from 0 to 10,000,000"),
        ],
        description="The day begins at midnight UTC.",
    )
    price = DecimalField(
        "Price of an answer",
        places=None,
        validators=[NumberRange(0, 1_000_000, "Write a price such as 0.05")],
        description="What the vendor takes for one company it names; the page adds it up.",
    )
    currency = Text("Currency", most=3, description="Three letters: EUR, SEK.")

    confirmed = BooleanField(
        "I have read what the registries forbid, and we may use their databases all the same",
        description="Your e-mail address and the time are kept with it.",
    )

    def validate_currency(self, field: Text) -> None:
        field.data = (field.data or "").upper()
        if field.data and not (len(field.data) == 3 and field.data.isascii() and field.data.isalpha()):
            raise ValidationError("Write three letters, such as EUR")


def make_form(kind: type[Vendor], values: Mapping[str, Any], sites: Sequence[tuple[str, str]]) -> VendorForm:
    """The form with the vendor's own fields; secrets are kept but never written into the page."""
    own: Mapping[str, Any] = values["settings"]
    fields = {PREFIX + field.name: _form_field(field, bool(own.get(field.name))) for field in kind.fields}
    form_class: type[VendorForm] = type("VendorFormOfKind", (VendorForm,), fields)
    shown = {PREFIX + field.name: own.get(field.name, "") for field in kind.fields if not field.secret}
    form = form_class(data={**values, **shown})
    if not kind.terms:
        del form.confirmed
    else:
        form.enabled.label.text = "Ask the registries"
        del form.price, form.currency
    form.sites.choices = list(sites)
    return form


def _form_field(field: Field, has_value: bool) -> FormField:
    if field.secret:
        help_text = f"{field.help} {KEPT}".strip() if has_value else field.help
        return PasswordField(
            field.label, description=help_text, render_kw={"autocomplete": "off"}, filters=[strip]
        )
    return Text(field.label, most=500, description=field.help)


def read_settings(form: VendorForm, kind: type[Vendor], old: Mapping[str, Any]) -> dict[str, Any]:
    """The vendor's own fields as typed; a secret that was left empty stays what it was."""
    typed = {field.name: form[PREFIX + field.name].data or "" for field in kind.fields}
    for field in kind.fields:
        if field.secret and not typed[field.name]:
            typed[field.name] = old.get(field.name, "")
    return {name: value for name, value in typed.items() if value}


def check_settings(
    form: VendorForm, kind: type[Vendor], values: Mapping[str, Any], settings: Settings
) -> bool:
    """Whether the vendor can be asked with these fields; one that stays off may wait for its key."""
    if form.enabled.data:
        for name, text in kind.check(values, settings):
            add_error(form[PREFIX + name], text)
        if not form.sites.data:
            add_error(form.sites, "Choose at least one site, or leave the vendor off")
        if kind.terms and not form.confirmed.data:
            add_error(form.confirmed, "Confirm this, or leave the registries off")
    return not form.errors


def as_price(value: Any) -> Decimal:
    try:
        return Decimal(value or 0)
    except InvalidOperation:
        return Decimal(0)
