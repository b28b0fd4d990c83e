"""Signatures under a site's secret: what turns a claim into something that counts."""

from __future__ import annotations

import hashlib
import hmac


def sign_email(secret: str, email: str, ts: int | str) -> str:
    """The signature of an identify call: hex HMAC-SHA256 of `email.ts` under the site's secret."""
    message = f"{email}.{ts}".encode("utf-8", "replace")
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def sign_call(secret: str, kind: str, *values: str) -> str:
    """The signature by which the collector tells the worker that a server with a secret key said this."""
    # No value that was cleaned holds a newline, and no e-mail address does: neither kind passes for another.
    message = "\n".join((kind, *values)).encode("utf-8", "replace")
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
