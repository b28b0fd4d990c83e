"""The signature that turns a claimed e-mail address into a proved one."""

from __future__ import annotations

import hashlib
import hmac


def sign_email(secret: str, email: str, ts: int | str) -> str:
    """The signature of an identify call: hex HMAC-SHA256 of `email.ts` under the site's secret."""
    message = f"{email}.{ts}".encode("utf-8", "replace")
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()
