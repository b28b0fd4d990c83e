"""The pages on rules and channels describe what there is, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from alerts.channels import CHANNELS, channel_class
from alerts.channels.sms import PROVIDERS
from alerts.conditions import CONDITIONS
from alerts.rules import Names, parse_rule, read_back

DOCS = Path(__file__).parent.parent.parent / "docs"
RULES = (DOCS / "rules.md").read_text()
CHANNELS_PAGE = (DOCS / "channels.md").read_text()


def section(heading: str) -> str:
    found = re.search(rf"\n### {heading}\n(.*?)(?=\n##|\Z)", RULES, re.S)
    assert found, f"docs/rules.md has no heading for {heading}"
    return found[1]


def test_the_page_has_a_heading_for_every_condition_in_order() -> None:
    assert re.findall(r"\n### (\w+)\n", RULES) == list(CONDITIONS)


@pytest.mark.parametrize("key", CONDITIONS)
def test_every_example_of_a_condition_can_be_used(key: str) -> None:
    examples = re.findall(rf"`({key}: [^`]+)`", section(key))
    assert examples
    for example in examples:
        CONDITIONS[key].parse(yaml.safe_load(example)[key])


@pytest.mark.parametrize("key", ["stage", "kind", "deal"])
def test_every_choice_is_named(key: str) -> None:
    assert all(re.search(rf"\b{choice}\b", section(key)) for choice in CONDITIONS[key].choices)


def test_the_first_example_reads_as_the_page_says() -> None:
    example = re.search(r"```yaml\n(.*?)```", RULES, re.S)
    sentence = re.search(r"```\n\n\*(When .*?\.)\*\n", RULES, re.S)
    assert example and sentence
    [data] = yaml.safe_load(example[1])["rules"]
    names = Names(channels={"sales": ("slack", "#sales"), "sms": ("sms", "")})
    said = " ".join(sentence[1].replace("\\*", "*").split())
    assert read_back(parse_rule(data, channels=["sales", "sms"]), names) == said


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_field_of_a_channel_is_described(kind: str) -> None:
    assert all(f"| `{field.name}` |" in CHANNELS_PAGE for field in channel_class(kind).fields)


def test_every_provider_of_sms_is_named() -> None:
    assert all(f"`{provider}`" in CHANNELS_PAGE for provider in PROVIDERS)
