"""Passwords, one-time links and the limit on tries: the rules of signing in, without pages."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import Session

from tracker.db import Database
from tracker.models import User
from tracker.settings import Settings
from web.models import OneTimeLink, SignInTry
from web.sessions import hash_token, revoke_sessions

SHORTEST_PASSWORD = 12
LONGEST_PASSWORD = 200
FIRST_ADMIN_LINK_LIFE = timedelta(hours=24)
INVITATION_LIFE = timedelta(days=7)
# Failed tries in WINDOW after which the next must wait. Many people may share an office's address.
WINDOW = timedelta(minutes=15)
TRIES_PER_EMAIL = 10
TRIES_PER_ADDRESS = 50

# argon2id with the library's parameters, which follow RFC 9106's second recommendation.
hasher = PasswordHasher()
# Each hash takes 64 MiB for a moment: many tries at once must queue, not fill the memory.
_hashing = threading.BoundedSemaphore(4)
# Checked when no such user exists, so that the answer takes as long.
NOBODYS_HASH = hasher.hash(secrets.token_urlsafe(16))


class LinkError(ValueError):
    """A one-time link that is used, too old or unknown."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a try to sign in came to: the user, or how long to wait, or neither."""

    user_id: int | None = None
    wait: timedelta | None = None


def hash_password(password: str) -> str:
    with _hashing:
        return hasher.hash(password)


def is_password(stored: str, password: str) -> bool:
    """Whether the password is the one; an empty `stored` costs the same time and is never right."""
    try:
        with _hashing:
            # One character more than any password has: what is cut off cannot make it right.
            hasher.verify(stored or NOBODYS_HASH, password[: LONGEST_PASSWORD + 1])
    except (VerificationError, InvalidHashError):
        return False
    return bool(stored)


def find_fault(password: str) -> str:
    """What is wrong with a new password, in words; empty when it will do."""
    if len(password) < SHORTEST_PASSWORD:
        return f"Use at least {SHORTEST_PASSWORD} characters; a few words are easy to remember"
    if len(password) > LONGEST_PASSWORD:
        return f"Use at most {LONGEST_PASSWORD} characters"
    if len(set(password)) < 5:
        return "Use more than a few different characters"
    return ""


def check_sign_in(database: Database, email: str, password: str, address: str, now: datetime) -> Checked:
    """Checks one try. It is counted before the password is looked at, so that tries at once count too."""
    limits = {f"email:{email.lower()}": TRIES_PER_EMAIL, f"address:{address}": TRIES_PER_ADDRESS}
    keys = {hash_token(name): limit for name, limit in limits.items()}
    tries = _count_try(database, list(keys), now)
    if wait := _find_wait(database, keys, now):
        _forget_tries(database, SignInTry.id.in_(tries))
        return Checked(wait=wait)
    user_id = _find_user(database, email, password, now)
    if user_id is not None:
        _forget_tries(database, or_(SignInTry.id.in_(tries), SignInTry.key == next(iter(keys))))
    return Checked(user_id=user_id)


def _count_try(database: Database, keys: list[str], now: datetime) -> list[int]:
    with database.write() as db:
        db.execute(delete(SignInTry).where(SignInTry.tried_at <= now - WINDOW))
        rows = [SignInTry(key=key, tried_at=now) for key in keys]
        db.add_all(rows)
        db.flush()
        return [row.id for row in rows]


def _find_wait(database: Database, keys: dict[str, int], now: datetime) -> timedelta | None:
    """How long until the next try is heard, if there were too many."""
    with database.read() as db:
        waits = [_wait_of(db, key, limit, now) for key, limit in keys.items()]
    return max((wait for wait in waits if wait), default=None)


def _wait_of(db: Session, key: str, limit: int, now: datetime) -> timedelta | None:
    tried = db.scalars(
        select(SignInTry.tried_at)
        .where(SignInTry.key == key, SignInTry.tried_at > now - WINDOW)
        .order_by(SignInTry.tried_at.desc())
        .limit(limit + 1)
    ).all()
    return tried[limit - 1] + WINDOW - now if len(tried) > limit else None


def _forget_tries(database: Database, which: object) -> None:
    with database.write() as db:
        db.execute(delete(SignInTry).where(which))  # type: ignore[arg-type]


def _find_user(database: Database, email: str, password: str, now: datetime) -> int | None:
    with database.read() as db:
        user = db.scalar(select(User).where(User.email == email.lower(), User.disabled_at.is_(None)))
    stored = user.password_hash if user else ""
    return user.id if is_password(stored, password) and user else None


def can_anyone_sign_in(database: Database) -> bool:
    """Whether an admin with a password exists."""
    with database.read() as db:
        return _has_admin(db)


def _has_admin(db: Session) -> bool:
    admins = select(func.count()).where(
        User.role == "admin", User.password_hash != "", User.disabled_at.is_(None)
    )
    return bool(db.scalar(admins))


def make_first_admin_link(database: Database, settings: Settings, now: datetime) -> str | None:
    """A link that makes the first admin, once, within 24 hours; None when an admin can sign in already.

    Links made before stop working: only the one printed last does.
    """
    with database.write() as db:
        if _has_admin(db):
            return None
        db.execute(delete(OneTimeLink).where(OneTimeLink.user_id.is_(None)))
        token = _make_link(db, None, now, FIRST_ADMIN_LINK_LIFE)
    return f"{settings.base_url}/setup/{token}"


def make_invitation(db: Session, settings: Settings, user_id: int, now: datetime) -> str:
    """A link with which a user sets a password, once, within 7 days; earlier ones stop working."""
    db.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user_id))
    return f"{settings.base_url}/welcome/{_make_link(db, user_id, now, INVITATION_LIFE)}"


def _make_link(db: Session, user_id: int | None, now: datetime, life: timedelta) -> str:
    token = secrets.token_urlsafe(32)
    row = OneTimeLink(token_hash=hash_token(token), user_id=user_id, created_at=now, expires_at=now + life)
    db.add(row)
    return token


def find_link(database: Database, token: str, now: datetime) -> OneTimeLink | None:
    """The link with this token, unless it is used or too old."""
    with database.read() as db:
        return db.scalar(
            select(OneTimeLink).where(
                OneTimeLink.token_hash == hash_token(token),
                OneTimeLink.used_at.is_(None),
                OneTimeLink.expires_at > now,
            )
        )


def make_first_admin(
    database: Database, token: str, *, email: str, name: str, password: str, now: datetime
) -> int:
    """Makes the first admin with the one-time link, or gives the user of that e-mail the role.

    Raises LinkError when the link is worth nothing or an admin exists already.
    """
    password_hash = hash_password(password)
    with database.write() as db:
        _use_link(db, token, now)
        if _has_admin(db):
            raise LinkError("an admin exists already")
        user = db.scalar(select(User).where(User.email == email.lower()))
        if user is None:
            user = User(email=email.lower(), created_at=now)
            db.add(user)
        user.name, user.role, user.password_hash, user.disabled_at = name, "admin", password_hash, None
        db.flush()
        return user.id


def accept_invitation(database: Database, token: str, password: str, now: datetime) -> int:
    """Sets the password of the invited user and ends what sessions there were. Raises LinkError."""
    password_hash = hash_password(password)
    with database.write() as db:
        user_id = _use_link(db, token, now)
        user = db.get(User, user_id) if user_id else None
        if user is None or user.disabled_at:
            raise LinkError("this user cannot sign in")
        user.password_hash = password_hash
        revoke_sessions(db, user.id)
        return user.id


def _use_link(db: Session, token: str, now: datetime) -> int | None:
    """Claims the link by a conditional update, so that of two holders only one gets in."""
    key = hash_token(token)
    claimed = db.execute(
        update(OneTimeLink)
        .where(OneTimeLink.token_hash == key, OneTimeLink.used_at.is_(None), OneTimeLink.expires_at > now)
        .values(used_at=now)
    )
    if claimed.rowcount != 1:  # type: ignore[attr-defined]
        raise LinkError("this link was used or is too old")
    return db.scalar(select(OneTimeLink.user_id).where(OneTimeLink.token_hash == key))
