"""Secret keys of servers: long random text, of which only a digest is kept."""

from __future__ import annotations

import hashlib
import secrets

# Longer than a site's public key may be, so that no key is taken for one of the other kind.
PREFIX = "server_"


def make_server_key() -> str:
    """A new key, to be shown once."""
    return PREFIX + secrets.token_hex(24)


def is_server_key(key: str) -> bool:
    return key.startswith(PREFIX) and len(key) > 40


def digest_key(key: str) -> str:
    """What is kept of a key. A plain hash is enough: nobody can try all random texts of this length."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()
