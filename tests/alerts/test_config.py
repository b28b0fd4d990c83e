"""The configuration as text: read with every fault told, applied once, shown and applied again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from sqlalchemy import select

from alerts.config import ConfigError, apply_config, find_warnings, parse_config, show_config
from alerts.models import Channel, Rule
from enrichment.models import Company, Product, StageChange, TargetList, TargetListEntry
from tests.conftest import Cast
from tests.enrichment.hostile import HOSTILE
from tests.enrichment.lists import get_lists_of
from tracker.db import Database
from tracker.models import Site, User

EXAMPLE = """
sites:
  - key: acme-web2
    name: Acme
    hosts: [www.acme.test]
    staff_networks: [203.0.113.0/24]
    page_groups:
      pricing: ["/pricing*", "/priser*"]
      contact: ["/contact*", "/kontakt*"]
      cases: ["/cases/*", "/kundcase/*"]
products:
  - {name: CRM, pages: ["/products/crm*"]}
target_lists:
  - {name: Ideal customers, domains: [saab.com, scania.com]}
users:
  - {email: eva@acme.test, name: Eva, role: seller, slack_id: U024BE7LH, phone: "+46701740605"}
channels:
  - {name: sales, kind: slack, token: xoxb-secret-1, target: "#sales"}
  - {name: sms, kind: sms, provider: 46elks, username: u1, password: p-secret-2, from: Doorbell}
rules:
  - name: MQL on a buying page
    when: {stage: [mql], page_group: [pricing, contact, cases]}
    send: [{channel: sales}]
    repeat_after: 24h
  - name: Ideal customer on the site
    when: {target_list: Ideal customers}
    send: [{channel: sms, to: owner}]
    repeat_after: 7d
  - name: Lost deal is back
    when: {deal: lost}
    send: [{channel: sales, to: deal_owner}]
    repeat_after: 24h
  - name: Customer looks at a product they do not own
    when: {stage: [customer], product: not_owned}
    send: [{channel: sales, to: owner}]
    repeat_after: 30m
"""


def put(database: Database, text: str, now: datetime) -> list[str]:
    """Applies the text; what changed, as section and key."""
    with database.write() as session:
        changes = apply_config(session, parse_config(text), now, "alice@ours.test")
    return [f"{change.section} {change.key}" for change in changes]


def faults(text: str) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_config(text)
    return caught.value.errors


def test_the_example_makes_all_that_it_names(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    with database.read() as session:
        site = session.scalars(select(Site)).one()
        assert (site.key, site.name, site.hosts) == ("acme-web2", "Acme", ["www.acme.test"])
        assert site.page_groups[0] == ["pricing", ["/pricing*", "/priser*"]]
        assert len(site.secret) == 64
        assert session.scalars(select(Product)).one().pages == ["/products/crm*"]
        assert get_lists_of(session, "scania.com") == ("Ideal customers",)
        eva = session.scalars(select(User)).one()
        assert (eva.email, eva.role, eva.phone, eva.time_zone) == (
            "eva@acme.test",
            "seller",
            "+46701740605",
            "UTC",
        )


def test_the_example_makes_channels_and_rules(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    with database.read() as session:
        sales = session.scalars(select(Channel).where(Channel.name == "sales")).one()
        assert (sales.kind, sales.target, sales.settings) == ("slack", "#sales", {"token": "xoxb-secret-1"})
        rules = session.scalars(select(Rule).order_by(Rule.id)).all()
        assert [rule.state for rule in rules] == ["on"] * 4
        assert [rule.repeat_after_seconds for rule in rules] == [86_400, 7 * 86_400, 86_400, 1800]
        assert {(rule.version, rule.updated_by) for rule in rules} == {(1, "alice@ours.test")}


def test_applied_again_it_changes_nothing(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    assert put(database, EXAMPLE, now + timedelta(days=1)) == []


def test_shown_and_applied_it_changes_nothing(database: Database, cast: Cast, now: datetime) -> None:
    put(database, EXAMPLE.replace("name: Lost", "state: paused\n    name: Lost"), now)
    with database.read() as session:
        text = show_config(session)
    assert put(database, text, now) == []
    with database.read() as session:
        assert show_config(session) == text


def test_shown_it_makes_the_same_in_an_empty_database(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    with database.write() as session:
        text = show_config(session)
        for table in (Rule, Channel, User, TargetListEntry, TargetList, Product, Site):
            for row in session.scalars(select(table)):
                session.delete(row)
            session.flush()
    put(database, text, now)
    with database.read() as session:
        assert show_config(session) == text


def test_without_secrets_none_is_shown_and_none_is_lost(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    with database.read() as session:
        text = show_config(session, with_secrets=False)
        secret = session.scalars(select(Site)).one().secret
    assert not any(word in text for word in ("xoxb-secret-1", "p-secret-2", secret))
    assert put(database, text, now) == []


def test_what_the_file_does_not_name_stays(database: Database, cast: Cast, now: datetime) -> None:
    put(database, "sites:\n  - {key: acme-web, hosts: [new.ours.test]}\n", now)
    with database.read() as session:
        site = session.get_one(Site, cast.site.id)
        assert (site.hosts, site.name, site.secret) == (["new.ours.test"], "Our site", "a-secret-of-the-site")
        assert session.get_one(User, cast.bob.id).slack_id == "UBOB"


@pytest.mark.parametrize("name", ["sender_consent", "do_not_track"])
def test_a_site_says_what_counts_as_consent(database: Database, cast: Cast, now: datetime, name: str) -> None:
    put(database, f"sites:\n  - {{key: acme-web, {name}: true}}\n", now)
    with database.read() as session:
        assert session.scalars(select(getattr(Site, name))).one()
        assert f"{name}: true" in show_config(session)


def test_a_changed_rule_gets_the_next_version(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    changed = put(database, EXAMPLE.replace("stage: [mql]", "stage: [mql, sql]"), now + timedelta(hours=1))
    assert changed == ["rules MQL on a buying page"]
    with database.read() as session:
        rules = session.scalars(select(Rule).order_by(Rule.id)).all()
        assert [rule.version for rule in rules] == [2, 1, 1, 1]
        assert rules[0].updated_at == now + timedelta(hours=1)


def test_what_a_rule_leaves_out_is_gone(database: Database, now: datetime) -> None:
    rule = "rules:\n  - name: R\n    when: {stage: mql}\n"
    put(database, rule + "    unless: {country: [NO]}\n", now)
    put(database, rule, now)
    with database.read() as session:
        assert session.scalars(select(Rule)).one().unless == {}


def test_a_target_list_holds_what_the_file_says(database: Database, cast: Cast, now: datetime) -> None:
    put(database, "target_lists:\n  - {name: Ideal customers, domains: [globex.test]}\n", now)
    with database.read() as session:
        assert get_lists_of(session, "acme.test") == ()
        assert get_lists_of(session, "globex.test") == ("Ideal customers",)


def test_a_channel_keeps_the_secret_the_file_leaves_out(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    put(database, 'channels:\n  - {name: sales, kind: slack, target: "#deals"}\n', now)
    with database.read() as session:
        sales = session.scalars(select(Channel).where(Channel.name == "sales")).one()
        assert (sales.target, sales.settings) == ("#deals", {"token": "xoxb-secret-1"})


def test_changes_are_told_without_secrets(database: Database, now: datetime) -> None:
    put(database, EXAMPLE, now)
    with database.write() as session:
        text = EXAMPLE.replace("xoxb-secret-1", "xoxb-secret-9").replace("name: Eva", "name: Eva Lind")
        changes = apply_config(session, parse_config(text), now, "")
    told = [str(field) for change in changes for field in change.fields]
    assert told == ["name: Eva -> Eva Lind", "token: (secret) -> (secret)"]


FAULTS = [
    ("[]", "the file is not a map of sections; it may have sites, products"),
    ("scoring: []", "scoring: there is no such section; there are sites, products, target_lists, users"),
    ("sites: {}", "sites: is not a list; begin each entry with a dash"),
    ("sites: [7]", "sites[0]: 7 is not a map; write it as {key: ...}"),
    ("sites: [{name: x}]", "sites[0].key: is missing; every entry of sites has it"),
    ("sites: [{key: a b}]", "sites[0].key: 'a b' does not fit; write 4 to 40 letters"),
    (
        "sites: [{key: acme, colour: red}]",
        "sites[0].colour: there is no such field; there are key, name, hosts",
    ),
    ("sites: [{key: acme}, {key: acme}]", "sites[1].key: sites[0] has the same key"),
    ("sites: [{key: acme, hosts: x.com}]", "sites[0].hosts: 'x.com' is not a list of at most 200"),
    ("sites: [{key: acme, hosts: [a.com, 'a b']}]", "sites[0].hosts[1]: 'a b' is not a host; write one"),
    (
        "sites: [{key: acme, hosts: ['a.com:99999']}]",
        "sites[0].hosts[0]: 'a.com:99999' has no port that exists",
    ),
    (
        "sites: [{key: acme, staff_networks: [10.0.0.0/99]}]",
        "sites[0].staff_networks[0]: '10.0.0.0/99' is not",
    ),
    (
        "sites: [{key: acme, page_groups: [x]}]",
        "sites[0].page_groups: ['x'] is not a map; write it as pricing",
    ),
    ("sites: [{key: acme, page_groups: {p: [a, 5]}}]", "sites[0].page_groups.p[1]: 5 is not a page pattern"),
    ("sites: [{key: acme, page_groups: {p: ['http://x/']}}]", "sites[0].page_groups.p[0]: leave out http"),
    ("sites: [{key: acme, page_groups: {'a:b': []}}]", "sites[0].page_groups.a:b: the name of a page group"),
    ("sites: [{key: acme, name: yes}]", "sites[0].name: True is not text; put it in quotes"),
    ("sites: [{key: acme, secret: short}]", "sites[0].secret: 'short' does not fit; write 16 to 64"),
    ("products: [{name: ''}]", "products[0].name: is empty; write a text"),
    ("target_lists: [{name: L, domains: [x]}]", "target_lists[0].domains[0]: 'x' is not a domain; write one"),
    ("users: [{email: eva}]", "users[0].email: 'eva' is not an e-mail address; write one such as"),
    (
        "users: [{email: e@x.com, role: boss}]",
        "users[0].role: 'boss' is not known; choose one of admin, seller",
    ),
    (
        "users: [{email: e@x.com, phone: +46701740605}]",
        "users[0].phone: 46701740605 is a number to YAML; put it",
    ),
    ("users: [{email: e@x.com, phone: '12'}]", "users[0].phone: '12' is not a telephone number"),
    (
        "users: [{email: e@x.com, slack_id: eva}]",
        "users[0].slack_id: 'eva' does not fit; write a Slack member",
    ),
    (
        "users: [{email: e@x.com, time_zone: Mars}]",
        "users[0].time_zone: 'Mars' is not a time zone; write one",
    ),
    (
        "users: [{email: e@x.com, quiet_from: '25:00'}]",
        "users[0].quiet_from: '25:00' does not fit; write a time",
    ),
    ("channels: [{name: c}]", "channels[0].kind: is missing; every entry of channels has it"),
    (
        "channels: [{name: c, kind: fax, number: 1}]",
        "channels[0].kind: 'fax' is not known; choose one of slack",
    ),
    ("channels: [{name: c, kind: [slack]}]", "channels[0].kind: ['slack'] is not text; put it in quotes"),
    ("channels: [{name: c, kind: slack, pin: 1}]", "channels[0].pin: there is no such field; there are name"),
    (
        "rules: [{name: R, when: {stage: [hot]}}]",
        "rules[0].when.stage: 'hot' is not a lifecycle stage; choose",
    ),
    (
        "rules: [{name: R, when: {mood: good}}]",
        "rules[0].when.mood: there is no such condition; there are stage",
    ),
    (
        "rules: [{name: R, when: {stage: mql}, send: [{to: owner}]}]",
        "rules[0].send[0]: write {channel: NAME}",
    ),
    ("rules: [{name: R, when: {stage: mql}, repeat_after: often}]", "rules[0].repeat_after: "),
    ("rules: [{when: {stage: mql}}]", "rules[0].name: "),
    ("a: [", "line 1, column 5: "),
    ("a: 1\na: 2", "line 2, column 1: the key a is there twice"),
    ("a: &x [1]\nb: *x", "line 2, column 4: aliases (*name) are not read here; write the value out"),
    ("a: !!python/object:os.system []", "line 1, column 4: could not determine a constructor"),
    ("[" * 5000, "the file is nested too deeply"),
    ("a: " + "9" * 5000, "the file is not YAML: "),
    ("a: \x00", "the file is not YAML: "),
    ("? [1]\n: 2", "line 1, column 3: found unhashable key"),
]


@pytest.mark.parametrize(("text", "fault"), FAULTS)
def test_a_fault_is_told_with_its_place_and_what_is_right(text: str, fault: str) -> None:
    assert faults(text)[0].startswith(fault)


def test_all_faults_are_told_at_once() -> None:
    assert len(faults("sites: [{key: x}, {key: acme, hosts: ['a b', 'c d']}]\nmore: 1\n")) == 4


def test_an_unknown_channel_in_a_rule_changes_nothing(database: Database, now: datetime) -> None:
    text = EXAMPLE.replace("send: [{channel: sales}]", "send: [{channel: sale}]")
    with pytest.raises(
        ConfigError, match=r"rules\[0\].send\[0\].channel: there is no channel 'sale'; there are"
    ):
        put(database, text, now)
    with database.read() as session:
        assert session.scalars(select(Site)).all() == []


def test_a_new_channel_without_its_token_is_refused(database: Database, now: datetime) -> None:
    with pytest.raises(ConfigError, match=r"channels\[0\].token: "):
        put(database, "channels: [{name: c, kind: slack}]", now)


def test_names_that_nothing_has_yet_are_told_as_notes(database: Database, now: datetime) -> None:
    config = parse_config("rules: [{name: R, when: {target_list: Nobody}}]")
    with database.write() as session:
        apply_config(session, config, now, "")
        warnings = find_warnings(session, config)
    assert len(warnings) == 1
    assert warnings[0].startswith("rules[0].when.target_list: there is no target list Nobody")


def test_hostile_names_are_kept_or_refused_by_place(database: Database, now: datetime) -> None:
    names = [{"name": text, "pages": ["/x"]} for text in HOSTILE if len(text) < 200]
    kept = []
    for entry in names:
        text = yaml.safe_dump({"products": [entry]}, allow_unicode=True)
        try:
            kept += put(database, text, now)
        except ConfigError as error:
            assert error.errors[0].startswith("products[0].name: ")
    assert len(kept) > 100
    with database.read() as session:
        text = show_config(session)
    assert put(database, text, now) == []


def test_a_stage_set_by_the_file_leaves_a_receipt_once(database: Database, cast: Cast, now: datetime) -> None:
    text = "companies: [{domain: acme.test, stage: mql}]\ncontacts: [{email: Ann@acme.test, stage: lead}]\n"
    assert put(database, text, now) == ["companies acme.test", "contacts ann@acme.test"]
    assert put(database, text, now) == []
    with database.read() as session:
        receipts = session.scalars(select(StageChange).order_by(StageChange.id)).all()
        assert [(row.new_stage, row.reason) for row in receipts] == [
            ("mql", "configuration"),
            ("lead", "configuration"),
        ]
        assert session.get_one(Company, cast.acme.id).stage == "mql"
        assert "companies" not in show_config(session)


def blocks() -> list[str]:
    page = Path(__file__).parents[2] / "docs" / "config.md"
    return re.findall(r"```yaml\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.parametrize("number", range(len(blocks())))
def test_every_example_of_the_docs_can_be_applied(database: Database, now: datetime, number: int) -> None:
    assert put(database, blocks()[number], now)
    assert put(database, blocks()[number], now) == []


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
def test_a_rule_with_a_condition_of_another_version_is_shown_whole(database: Database, now: datetime) -> None:
    any_of, unless = [{"a condition of tomorrow": 1}], {"country": ["US"]}
    with database.write() as session:
        row = Rule(name="Odd", state="on", any=any_of, unless=unless, send=[], created_at=now, updated_at=now)
        session.add(row)
        session.flush()
        [shown] = yaml.safe_load(show_config(session))["rules"]
    assert (shown["any"], shown["unless"]) == (any_of, unless)
