"""The form of a channel, built from the fields its kind declares."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wtforms import Field as FormField
from wtforms import PasswordField, SelectField
from wtforms.fields.choices import SelectChoice

from alerts.channels import ChannelKind, Field
from tracker.settings import Settings
from web.forms import Form, Text, add_error, strip

# Stands before a kind's own names, which may be words that a form has a use of its own for.
PREFIX = "set_"
KEPT = "Saved. Leave empty to keep it as it is."


class ChannelForm(Form):
    name = Text(
        "Name",
        most=100,
        needed="Give the channel a name",
        description="What rules call it: sales, on-call.",
    )


def make_form(kind: type[ChannelKind], values: Mapping[str, Any]) -> ChannelForm:
    """A form with the kind's fields; secrets in `values` are kept but never written into the page."""
    fields = {PREFIX + field.name: _form_field(field, bool(values.get(field.name))) for field in kind.fields}
    fields["target"] = _form_field(kind.target_field, has_value=False)
    form_class: type[ChannelForm] = type("ChannelFormOfKind", (ChannelForm,), fields)
    shown = {PREFIX + field.name: values.get(field.name, "") for field in kind.fields if not field.secret}
    return form_class(data=shown | {"target": values.get("target", ""), "name": values.get("name", "")})


def _form_field(field: Field, has_value: bool) -> FormField:
    if field.secret:
        help_text = f"{field.help} {KEPT}".strip() if has_value else field.help
        return PasswordField(
            field.label,
            description=help_text,
            render_kw={"autocomplete": "off"},
            filters=[strip],
        )
    if field.choices:
        empty = [] if field.required else [SelectChoice("", "Not chosen")]
        choices = [*empty, *(SelectChoice(one, one) for one in field.choices)]
        return SelectField(field.label, description=field.help, choices=choices)
    return Text(field.label, most=500, description=field.help)


def read_values(form: ChannelForm, kind: type[ChannelKind], old: Mapping[str, Any]) -> dict[str, Any]:
    """The kind's own fields as typed; a secret that was left empty stays what it was."""
    typed = {field.name: form[PREFIX + field.name].data or "" for field in kind.fields}
    for field in kind.fields:
        if field.secret and not typed[field.name]:
            typed[field.name] = old.get(field.name, "")
    return {name: value for name, value in typed.items() if value}


def check_values(
    form: ChannelForm, kind: type[ChannelKind], values: Mapping[str, Any], settings: Settings
) -> bool:
    """Whether the kind accepts its fields; what it does not stands at them afterwards."""
    for name, text in kind.check(values, form["target"].data or "", settings):
        place = name if name in ("target", "name") else PREFIX + name
        add_error(form[place] if place in form else form["name"], text)
    return not form.errors
