"""The fields of a user's form that a user and an admin both may change, and what they must look like."""

from __future__ import annotations

import re
from functools import cache
from zoneinfo import available_timezones

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from markupsafe import Markup
from wtforms import RadioField, SelectField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from tracker.models import User
from web.forms import Form, Text

LANGUAGES = [SelectChoice("en", "English"), SelectChoice("sv", "Swedish")]
THEMES = [
    SelectChoice("", "As my device is set"),
    SelectChoice("light", "Light"),
    SelectChoice("dark", "Dark"),
]
SLACK_ID = re.compile(r"[UW][A-Z0-9]{4,38}")
CLOCK = re.compile(r"([01]?\d|2[0-3])[:.]?([0-5]\d)")
PHONE_EXAMPLE = "+46 70 174 06 05"


class PersonForm(Form):
    """Name and ways to reach somebody. The attributes are named as the columns of `users`."""

    name = Text("Name", needed="Write a name")
    slack_id = Text(
        "Slack member ID",
        most=40,
        description="In Slack: your picture, Profile, the three dots, Copy member ID. Such as U024BE7LH.",
    )
    phone = Text(
        "Mobile phone", most=40, description=f"For SMS, with the country code, such as {PHONE_EXAMPLE}."
    )
    language = SelectField("Language", choices=LANGUAGES, description="Of numbers, dates and messages.")
    time_zone = Text("Time zone", most=60, description="Such as Europe/Stockholm.")
    quiet_from = Text("Quiet from", most=5, description="No SMS from this hour, such as 20:00; it waits.")
    quiet_to = Text("Quiet until", most=5, description="Such as 07:00.")

    def validate_phone(self, field: Text) -> None:
        if field.data:
            field.data = read_phone(field.data)

    def validate_slack_id(self, field: Text) -> None:
        field.data = (field.data or "").upper()
        if field.data and not SLACK_ID.fullmatch(field.data):
            raise ValidationError("Write a Slack member ID: U or W and then capital letters and digits")

    def validate_time_zone(self, field: Text) -> None:
        field.data = field.data or "UTC"
        if field.data not in time_zones():
            raise ValidationError("Write a time zone as a region and a city, such as Europe/Stockholm")

    def validate_quiet_from(self, field: Text) -> None:
        field.data = read_clock(field.data or "")

    def validate_quiet_to(self, field: Text) -> None:
        field.data = read_clock(field.data or "")
        if bool(field.data) != bool(self.quiet_from.data):
            raise ValidationError("Write both hours or neither")


class ProfileForm(PersonForm):
    theme = RadioField("Colours", choices=THEMES)


@cache
def time_zones() -> tuple[str, ...]:
    """All time zones by region and city."""
    return tuple(sorted(name for name in available_timezones() if "/" in name or name == "UTC"))


@cache
def zone_options() -> Markup:
    """The options of the list below the field: some five hundred, the same for everybody."""
    return Markup("").join(Markup('<option value="{}"></option>').format(zone) for zone in time_zones())


def read_phone(text: str) -> str:
    """A phone number in E.164. Raises ValidationError, saying what would be right."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException as error:
        raise ValidationError(f"Write the number with its country code, such as {PHONE_EXAMPLE}") from error
    if not phonenumbers.is_valid_number(number):
        raise ValidationError(f"No such number exists; write it such as {PHONE_EXAMPLE}")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def read_clock(text: str) -> str:
    """A time of day as HH:MM; empty stays empty. Raises ValidationError."""
    if not text:
        return ""
    match = CLOCK.fullmatch(text)
    if not match:
        raise ValidationError("Write a time of day such as 20:00")
    return f"{int(match[1]):02}:{match[2]}"


def read_email(text: str) -> str:
    """An e-mail address in lower case. Raises ValidationError."""
    try:
        return validate_email(text, check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise ValidationError("Write an e-mail address such as eva@acme.com") from error


def fill_user(user: User, form: PersonForm) -> None:
    """Moves what the form holds into the row."""
    names = ["name", "phone", "slack_id", "time_zone", "language", "quiet_from", "quiet_to"]
    for name in [*names, *(["theme"] if "theme" in form else [])]:
        setattr(user, name, form[name].data or "")
