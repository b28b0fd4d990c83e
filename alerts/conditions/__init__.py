"""The table of conditions: one file and one line each.

A new condition is a file like `deal.py` beside this one, a line in the table, a test and a heading in
docs/rules.md. Its key is what YAML and the form use; its test is pure and gives its reason for yes and
for no.
"""

from __future__ import annotations

from alerts.conditions.base import Check, Condition, Part, Source
from alerts.conditions.company import COMPANY
from alerts.conditions.confidence import CONFIDENCE
from alerts.conditions.country import COUNTRY
from alerts.conditions.deal import DEAL
from alerts.conditions.employees import EMPLOYEES
from alerts.conditions.kind import KIND
from alerts.conditions.page import PAGE
from alerts.conditions.page_group import PAGE_GROUP
from alerts.conditions.page_views import PAGE_VIEWS
from alerts.conditions.product import PRODUCT
from alerts.conditions.stage import STAGE
from alerts.conditions.target_list import TARGET_LIST
from alerts.conditions.traffic_channel import TRAFFIC_CHANNEL
from alerts.conditions.visits import VISITS

__all__ = ["CONDITIONS", "Check", "Condition", "Part", "Source"]

CONDITIONS: dict[str, Condition] = {
    condition.key: condition
    for condition in (
        STAGE,
        PAGE_GROUP,
        PAGE,
        TARGET_LIST,
        DEAL,
        PRODUCT,
        COUNTRY,
        EMPLOYEES,
        TRAFFIC_CHANNEL,
        VISITS,
        PAGE_VIEWS,
        COMPANY,
        KIND,
        CONFIDENCE,
    )
}
