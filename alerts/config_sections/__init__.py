"""The sections of the configuration file: one file here and one line in SECTIONS each."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.config_sections.base import Applying, Section, Values
from alerts.config_sections.channels import Channels
from alerts.config_sections.companies import Companies
from alerts.config_sections.contacts import Contacts
from alerts.config_sections.products import Products
from alerts.config_sections.rules import Rules
from alerts.config_sections.sites import Sites
from alerts.config_sections.target_lists import TargetLists
from alerts.config_sections.users import Users
from alerts.config_sections.vendors import Vendors

__all__ = ["SECTIONS", "Applying", "Channels", "Rules", "Section", "Values"]

# In this order they are applied and shown: what is referred to comes first.
SECTIONS: Sequence[Section] = (
    *(Sites(), Products(), TargetLists(), Users(), Channels(), Rules(), Vendors()),
    *(Companies(), Contacts()),
)
