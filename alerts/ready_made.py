"""The four rules that every installation is offered, as YAML gives them.

They name page groups, target lists and channels that an admin may call something else; the form and
`config apply` say so where a name is missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

READY_MADE: tuple[Mapping[str, Any], ...] = (
    {
        "name": "MQL on a buying page",
        "when": {"stage": ["mql"], "page_group": ["pricing", "contact", "cases"]},
        "send": [{"channel": "sales"}],
        "repeat_after": "24h",
    },
    {
        "name": "Ideal customer on the site",
        "when": {"target_list": ["Ideal customers"]},
        "send": [{"channel": "sms", "to": "owner"}],
        "repeat_after": "7d",
    },
    {
        "name": "Lost deal is back",
        "when": {"deal": ["lost"]},
        "send": [{"channel": "sales", "to": "deal_owner"}],
        "repeat_after": "24h",
    },
    {
        "name": "Customer looks at a product they do not own",
        "when": {"stage": ["customer"], "product": ["not_owned"]},
        "send": [{"channel": "sales", "to": "owner"}],
        "repeat_after": "7d",
    },
)
