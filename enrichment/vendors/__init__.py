"""The table of vendors that know companies by address: a new one is one file here and one line in it."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from enrichment.vendors.base import Vendor
from tracker.settings import Settings

# In the order in which they are asked: those that name customers first.
VENDORS: dict[str, str] = {
    "albacross": "enrichment.vendors.albacross.Albacross",
    "dealfront": "enrichment.vendors.dealfront.Dealfront",
    "snitcher": "enrichment.vendors.snitcher.Snitcher",
    "bigpicture": "enrichment.vendors.bigpicture.BigPicture",
    "people_data_labs": "enrichment.vendors.people_data_labs.PeopleDataLabs",
    "ipinfo_company": "enrichment.vendors.ipinfo_company.IpinfoCompany",
    "maxmind": "enrichment.vendors.maxmind.Maxmind",
    "ipdata": "enrichment.vendors.ipdata.Ipdata",
    "ipinfo_lite": "enrichment.vendors.ipinfo_lite.IpinfoLite",
    "rdap": "enrichment.vendors.rdap.Rdap",
}
# Asked last, in a job of their own; their word only supports what better sources say.
REGISTRIES = frozenset({"rdap"})


def vendor_class(kind: str) -> type[Vendor]:
    """The class of a kind; raises KeyError for an unknown one."""
    module, _, name = VENDORS[kind].rpartition(".")
    return getattr(import_module(module), name)  # type: ignore[no-any-return]


def make_vendor(kind: str, values: Mapping[str, Any], settings: Settings) -> Vendor:
    """A vendor that can be asked; `values` are its own fields."""
    return vendor_class(kind)(values, settings)
