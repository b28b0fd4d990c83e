"""46elks' `/a1/sms`: form POST, basic authentication, 200 with JSON, errors as a sentence."""

from __future__ import annotations

from tests.fakes.server import Answer, FakeServer, Received, json_answer, run_alone
from tests.fakes.twilio import basic, read_form

USERNAME = "u0123456789abcdef"
PASSWORD = "TheSecretApiPassword"


class Fake46elks(FakeServer):
    """An account."""

    name = "46elks"

    @property
    def api_url(self) -> str:
        return f"{self.url}/a1"

    def handle(self, request: Received) -> Answer:
        if request.headers.get("authorization") != basic(USERNAME, PASSWORD):
            return Answer(401, "API access requires Basic HTTP authentication")
        if request.path.lower() != "/a1/sms":
            return Answer(404, "Not found")
        form = read_form(request)
        for name in ("from", "to", "message"):
            if not form.get(name):
                return Answer(400, f"Missing key {name}")
        if not form["to"].startswith("+") or not form["to"][1:].isdigit():
            return Answer(400, "Invalid to number")
        self.accepted.append(form)
        reply = {
            "status": "created",
            "direction": "outgoing",
            "id": f"s{len(self.accepted):032d}",
            "created": "2026-11-21T14:30:00.000000",
            "from": form["from"],
            "to": form["to"],
            "message": form["message"],
            "parts": 1,
            "cost": 3500,
        }
        return json_answer(200, reply)


if __name__ == "__main__":
    run_alone(Fake46elks)
