"""Twilio's Messages resource: form POST, basic authentication, 201 with JSON, errors with a code."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

from tests.fakes.server import Answer, FakeServer, Received, json_answer, run_alone

ACCOUNT = "AC00000000000000000000000000000001"
PASSWORD = "TheSecretAuthToken"


class FakeTwilio(FakeServer):
    """An account; numbers in `invalid` and `opted_out` are refused as Twilio refuses them."""

    name = "twilio"

    def __init__(self, port: int = 0, log: Path | None = None) -> None:
        super().__init__(port, log)
        self.invalid: set[str] = set()
        self.opted_out: set[str] = set()

    def handle(self, request: Received) -> Answer:
        if request.headers.get("authorization") != basic(ACCOUNT, PASSWORD):
            return error(401, 20003, "Authenticate")
        if request.path != f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json":
            return error(404, 20404, "The requested resource was not found")
        form = read_form(request)
        if not form.get("Body"):
            return error(400, 21602, "Message body is required.")
        to = form.get("To", "")
        if to in self.invalid or not to.startswith("+"):
            return error(400, 21211, f"Invalid 'To' Phone Number: {to}")
        if to in self.opted_out:
            return error(400, 21610, "Attempt to send to unsubscribed recipient")
        self.accepted.append(form)
        return json_answer(201, self._message(form))

    def _message(self, form: dict[str, str]) -> dict[str, Any]:
        return {
            "sid": f"SM{len(self.accepted):032d}",
            "account_sid": ACCOUNT,
            "status": "queued",
            "to": form["To"],
            "from": form.get("From"),
            "body": form["Body"],
            "error_code": None,
            "error_message": None,
        }


def read_form(request: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body).items()}


def error(status: int, code: int, message: str, retry_after: str | None = None) -> Answer:
    headers = {} if retry_after is None else {"Retry_After": retry_after}
    more = f"https://www.twilio.com/docs/errors/{code}"
    return json_answer(
        status, {"code": code, "message": message, "more_info": more, "status": status}, **headers
    )


def basic(username: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode()


if __name__ == "__main__":
    run_alone(FakeTwilio)
