"""Making, checking and revoking API keys.

A key looks like `pr_7h2kq9xw_<40 letters and digits>`: a mark by which secret scanners know it, a
public prefix by which people and the database find it, and 40 random characters (238 bits).

It is kept as its SHA-256. A slow password hash (argon2, PBKDF2) protects secrets that can be
guessed; nobody guesses 238 random bits, however fast the hash, and a slow one would cost every
request its time and hand each stranger a way to burn our processors.
"""

import hashlib
import hmac
import re
import secrets
import string
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from django.db import OperationalError, connection, transaction
from django.db.models import Q
from django.utils import timezone

from access import audit, scopes
from access.actors import Actor
from access.loaded_rows import select_where
from access.models import ApiKey

log = structlog.get_logger(__name__)

MARK = "pr"
PREFIX_ALPHABET = string.ascii_lowercase + string.digits
PREFIX_LENGTH = 8
SECRET_ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 40
KEY_FORMAT = re.compile(
    rf"{MARK}_(?P<prefix>[a-z0-9]{{{PREFIX_LENGTH}}})_[A-Za-z0-9]{{{SECRET_LENGTH}}}", re.ASCII
)
LAST_USED_PRECISION = timedelta(minutes=1)
PATIENCE = timedelta(milliseconds=250)
"""How long a request waits to note that its key was used."""


@dataclass(frozen=True, kw_only=True)
class CreatedKey:
    """A new key: its record, and the key itself, which can never be shown again."""

    record: ApiKey
    key: str


class KeyRefused(Exception):
    """The key opens nothing. `code` says why in one word; the text says it to the client."""

    def __init__(self, *, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _random(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def create(
    *,
    name: str,
    actor: Actor,
    allowed: Iterable[str] = scopes.ALL,
    expires_at: datetime | None = None,
) -> CreatedKey:
    """Make a key called `name` with the scopes `allowed`.

    Raises:
        django.core.exceptions.ValidationError: the name is empty or too long, or a scope unknown.
    """
    record = ApiKey(name=name, scopes=list(allowed), expires_at=expires_at)
    return CreatedKey(record=record, key=issue(record, actor=actor))


@transaction.atomic
def issue(record: ApiKey, *, actor: Actor) -> str:
    """Save an unsaved record that has name, scopes and expiry; return the key that belongs to it.

    Raises:
        django.core.exceptions.ValidationError: the name is empty or too long, or a scope unknown.
    """
    record.name = record.name.strip()
    record.prefix = _random(PREFIX_ALPHABET, PREFIX_LENGTH)
    key = f"{MARK}_{record.prefix}_{_random(SECRET_ALPHABET, SECRET_LENGTH)}"
    record.secret_hash = _hash(key)
    record.full_clean()
    record.scopes = list(scopes.parse(record.scopes))
    record.save(force_insert=True)
    audit.record(
        actor=actor,
        action="api_key.create",
        target_type="api_key",
        target_id=str(record.pk),
        data={
            "name": record.name,
            "prefix": record.prefix,
            "scopes": record.scopes,
            "expires_at": record.expires_at,
        },
    )
    return key


def verify(key: str, *, now: datetime | None = None) -> ApiKey:
    """Return the record of the key that a client presented, and note that it was used.

    Raises:
        KeyRefused: with the code "invalid_key", "expired_key" or "revoked_key". Only who holds
            the whole key learns that it is expired or revoked.
    """
    now = now or timezone.now()
    match = KEY_FORMAT.fullmatch(key)
    record = _with_prefix(match["prefix"]) if match else None
    if record is None or not hmac.compare_digest(record.secret_hash, _hash(key)):
        raise KeyRefused(code="invalid_key", detail="This API key is not known.")
    state = record.state(at=now)
    if state != "active":
        raise KeyRefused(code=f"{state}_key", detail=f"This API key is {state}.")
    _note_use(record, now=now)
    return record


def _with_prefix(prefix: str) -> ApiKey | None:
    """Return the key; asked for each request, and so without the ORM."""
    found = select_where(ApiKey, "prefix = %s", [prefix], using=connection.alias)
    return found[0] if found else None


def _note_use(record: ApiKey, *, now: datetime) -> None:
    stale = now - LAST_USED_PRECISION
    if record.last_used_at is not None and record.last_used_at > stale:
        return
    # The condition is repeated in the update: of a hundred requests at once, one writes.
    unwritten = Q(last_used_at__isnull=True) | Q(last_used_at__lte=stale)
    try:
        with _impatiently():
            ApiKey.objects.filter(unwritten, pk=record.pk).update(last_used_at=now)
    except OperationalError as error:
        # A database that is locked or read-only must not keep a good key's owner from reading.
        log.warning("key_use_not_noted", key=record.prefix, error_class=type(error).__name__)


@contextmanager
def _impatiently() -> Iterator[None]:
    """Wait for `PATIENCE` at most where a whole database is locked by one writer: on SQLite."""
    if connection.vendor != "sqlite" or connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    usual = float(connection.settings_dict["OPTIONS"].get("timeout", 5))
    _wait_at_most(PATIENCE.total_seconds())
    try:
        yield
    finally:
        _wait_at_most(usual)


def _wait_at_most(seconds: float) -> None:
    connection.connection.execute(f"PRAGMA busy_timeout = {int(seconds * 1000)}")


@transaction.atomic
def revoke(*, record: ApiKey, actor: Actor, reason: str = "") -> bool:
    """Make the key useless from the next request on; False if it had been revoked already."""
    now = timezone.now()
    if not ApiKey.objects.filter(pk=record.pk, revoked_at=None).update(revoked_at=now):
        return False
    record.revoked_at = now
    audit.record(
        actor=actor,
        action="api_key.revoke",
        target_type="api_key",
        target_id=str(record.pk),
        reason=reason,
        data={"name": record.name, "prefix": record.prefix},
    )
    return True
