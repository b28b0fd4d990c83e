"""The whole way of a page view: a page with the snippet in Chromium, `doorbell serve`, Slack and 46elks.

The companies are real and found in the embedded address data; their addresses come to the collector as
from a trusted proxy. The page is on another port than Doorbell, as on a customer's site.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.proxy import Proxy
from tests.browser.recorder import Server
from tests.chromium import CHROMIUM_FLAGS
from tests.conftest import PostgresServer, wait_until
from tests.fakes.elks import PASSWORD, USERNAME, Fake46elks
from tests.fakes.slack import TOKEN, FakeSlack
from tests.stand import AGENT, Stand
from tracker.db import utc_now
from web.accounts import make_first_admin_link

TETRA_PAK, AXIS, DANFOSS, BESTSELLER = "151.183.22.163", "195.60.68.116", "194.175.35.131", "185.9.140.192"
TELIA_HOME = "81.224.10.17"
EVA_PHONE = "+46701740605"

pytestmark = pytest.mark.timeout(300)

CONFIG = f"""
sites:
  - key: acme-web
    name: Acme
    hosts: [www.acme.test]
    page_groups:
      pricing: ["/pricing*", "/priser*"]
      contact: ["/contact*", "/kontakt*"]
      cases: ["/cases/*", "/kundcase/*"]
products:
  - {{name: CRM, pages: ["/products/crm*"]}}
  - {{name: Field app, pages: ["/products/field-app*"]}}
target_lists:
  - {{name: Ideal customers, domains: [axis.com]}}
users:
  - {{email: eva@acme.test, name: Eva, role: seller, slack_id: U0EVA, phone: "{EVA_PHONE}"}}
  - {{email: jonas@acme.test, name: Jonas, role: seller, slack_id: U0JONAS}}
channels:
  - {{name: sales, kind: slack, token: {TOKEN}, target: "#sales"}}
  - {{name: sms, kind: sms, provider: 46elks, username: {USERNAME}, password: {PASSWORD}, from: Doorbell}}
rules:
  - name: MQL on a buying page
    when: {{stage: [mql], page_group: [pricing, contact, cases]}}
    send: [{{channel: sales}}]
    repeat_after: 24h
  - name: Ideal customer on the site
    when: {{target_list: Ideal customers}}
    send: [{{channel: sms, to: owner}}]
    repeat_after: 7d
  - name: Lost deal is back
    when: {{deal: lost}}
    send: [{{channel: sales, to: deal_owner}}]
    repeat_after: 24h
  - name: Customer looks at a product they do not own
    when: {{stage: [customer], product: not_owned}}
    send: [{{channel: sales, to: owner}}]
    repeat_after: 7d
"""
COMPANIES = """domain,name,stage,owner
tetrapak.com,Tetra Pak,mql,
axis.com,Axis Communications,,eva@acme.test
bestseller.com,Bestseller,customer,eva@acme.test
"""
DEALS = """id;name;company_domain;state;owner;products
D-1;Field service 2025;danfoss.com;lost;jonas@acme.test;Field app
D-2;CRM roll-out;bestseller.com;won;eva@acme.test;CRM
"""


@dataclass
class Scene:
    stand: Stand
    proxy: Proxy
    slack: FakeSlack
    sms: Fake46elks
    site: Server
    browser: Browser

    def visit(self, address: str, path: str) -> None:
        """A person behind `address` opens a page of the customer's site."""
        before = self.hits()
        self.proxy.address = address
        context = self.browser.new_context(user_agent=AGENT)
        context.new_page().goto(self.site.address(path, "www.acme.test"))
        wait_until(lambda: self.hits() > before, what="the page view")
        context.close()

    def hits(self) -> int:
        return int(self.stand.books()["page_views"])

    def told(self) -> int:
        return len(self.slack.accepted) + len(self.sms.accepted)

    def visit_all(self) -> None:
        self.visit(TETRA_PAK, "/pricing")
        self.visit(AXIS, "/")
        self.visit(DANFOSS, "/cases/atlas")
        self.visit(BESTSELLER, "/products/field-app")


@pytest.fixture(params=["sqlite", "postgresql"])
def scene(request: pytest.FixtureRequest, tmp_path: Path, playwright: Playwright) -> Iterator[Scene]:
    url = ""
    if request.param == "postgresql":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.address(server.new_database())
    browser = playwright.chromium.launch(
        executable_path=request.getfixturevalue("chromium_path"),
        # A person's browser does not say that it is driven by a program; ours must not either.
        args=[*CHROMIUM_FLAGS, "--disable-blink-features=AutomationControlled"],
    )
    site = Server()
    with FakeSlack() as slack, Fake46elks() as sms:
        stand = Stand(
            tmp_path,
            url,
            {"DOORBELL_SLACK_API_URL": slack.api_url, "DOORBELL_46ELKS_API_URL": sms.api_url},
        )
        proxy = Proxy(stand.port)
        stand.start()
        stand.configure(CONFIG)
        stand.import_text("companies", COMPANIES)
        stand.import_text("deals", DEALS)
        for path, title in (
            ("/", "Acme"),
            ("/pricing", "Pricing"),
            ("/cases/atlas", "Atlas"),
            ("/products/field-app", "Field app"),
        ):
            tag = f'<script defer src="{proxy.url}/s/v.js" data-site="acme-web"></script>'
            site.put_page(path, f"<!doctype html><title>{title}</title>{tag}<h1>{title}</h1>")
        yield Scene(stand, proxy, slack, sms, site, browser)
        proxy.close()
        stand.stop()
    site.close()
    browser.close()


def test_four_visits_ring_four_times_at_the_right_people_and_not_again(scene: Scene) -> None:
    scene.visit_all()
    scene.visit(TELIA_HOME, "/pricing")
    wait_until(lambda: scene.told() >= 4, what="four alerts")
    wait_until(scene.stand.drained, what="nothing waiting")

    assert sorted(
        (str(message["channel"]), str(message["text"]).split(" (")[0]) for message in scene.slack.accepted
    ) == [
        ("#sales", "Tetra Pak"),
        ("U0EVA", "Bestseller"),
        ("U0JONAS", "Danfoss A/S"),
    ]
    assert [(message["to"], message["message"].split(" (")[0]) for message in scene.sms.accepted] == [
        (EVA_PHONE, "Axis Communications")
    ]

    scene.visit_all()
    wait_until(scene.stand.drained, what="nothing waiting")
    assert scene.told() == 4, "the repeat interval was not kept"

    show_why(scene)


def show_why(scene: Scene) -> None:
    """The alert's page says why it rang, to whom, and that the second visit was held back."""
    page = sign_in(scene)
    page.goto(f"{scene.stand.url}/alerts")
    page.get_by_role("link", name="Danfoss").first.click()
    text = page.locator("main").inner_text()
    for part in ("Why it rang", "Lost deal is back", "Jonas", "Held back since", "may ring again"):
        assert part in text
    page.context.close()


def sign_in(scene: Scene) -> Page:
    """The first admin, by the one-time link."""
    link = make_first_admin_link(scene.stand.database, scene.stand.settings, utc_now())
    assert link is not None
    page = scene.browser.new_context().new_page()
    page.goto(link)
    page.get_by_label("E-mail").fill("alice@acme.test")
    page.get_by_label("Name").fill("Alice")
    page.locator("input[type=password]").fill("a long enough passphrase")
    page.get_by_role("button", name="Continue").click()
    page.wait_for_url("**/setup/site")
    return page
