"""`Idempotency-Key`: a write that is sent twice is carried out once, and answered the same twice.

The key is inserted first thing in the write's own transaction, so that

1. a second request with the key waits in the database until the first has committed or rolled
   back: then it finds the answer, or carries the write out itself;
2. whatever kills the process before the commit undoes write and key together;
3. an error undoes both as well: nothing was written, so there is nothing to replay, and the same
   key may be sent again with a corrected body.

PostgreSQL makes the second request wait at the unique constraint, SQLite at BEGIN IMMEDIATE.
"""

import hashlib
import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any, TypeVar

import structlog
from django.db import IntegrityError, OperationalError, connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from access.models import ApiKey, IdempotencyKey
from access.problems import IdempotencyInProgress, IdempotencyKeyReused

log = structlog.get_logger(__name__)

HEADER = "Idempotency-Key"
REPLAYED_HEADER = "Idempotent-Replayed"
KEPT = timedelta(hours=24)
PATIENCE = timedelta(seconds=10)
"""How long a request waits for another one with its key; on SQLite its own timeout, 20 s."""
RETRY_AFTER = timedelta(seconds=1)
BATCH = 500
# Printable ASCII without blanks: UUIDs, the quoted form of the IETF's draft, base64.
FORM = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
# lock_not_available, deadlock_detected: of two that wait for each other, one is let go.
CONTENDED = frozenset({"55P03", "40P01"})

Handler = TypeVar("Handler", bound=Callable[..., Response])


def idempotent(handler: Handler) -> Handler:
    """Make a view's write method take `Idempotency-Key`. Without the header nothing changes.

    The method must do all it does in the database (what it publishes it publishes on commit), and
    answer errors by raising. It then raises further:

    Raises:
        ParseError: 400, the key is malformed.
        IdempotencyKeyReused: 422, it was sent with another request before.
        IdempotencyInProgress: 409, the other request holds it for longer than `PATIENCE`.
    """

    @wraps(handler)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        key = request.headers.get(HEADER)
        if key is None or not isinstance(request.auth, ApiKey):
            return handler(view, request, *args, **kwargs)
        if not FORM.fullmatch(key):
            raise ParseError(
                f"{HEADER} takes 1 to 255 printable ASCII characters without blanks.",
                "invalid_idempotency_key",
            )
        # Before the transaction: this reads the body, which a slow client may still be sending.
        fingerprint = _fingerprint(request)
        try:
            return _once(
                lambda: handler(view, request, *args, **kwargs),
                key=key,
                owner=request.auth,
                fingerprint=fingerprint,
            )
        except OperationalError as error:
            if not _is_contention(error):
                raise
            log.info("idempotency_key_contended")
            raise IdempotencyInProgress(retry_after=RETRY_AFTER) from error

    answer.idempotent = True  # type: ignore[attr-defined]  # the schema and a test ask for it
    return answer  # type: ignore[return-value]  # the same signature, as wraps() says


def is_idempotent(handler: object) -> bool:
    """Say whether a view's method takes the header."""
    return getattr(handler, "idempotent", False) is True


def _once(
    carry_out: Callable[[], Response], *, key: str, owner: ApiKey, fingerprint: str
) -> HttpResponseBase:
    with transaction.atomic():
        _bound_the_wait()
        row = _insert(key=key, owner=owner, fingerprint=fingerprint)
        if row is None:
            return _replay(key=key, owner=owner, fingerprint=fingerprint)
        response = carry_out()
        row.status_code = response.status_code
        row.headers = {name: response.headers[name] for name in _own_headers(response)}
        row.body = "" if response.data is None else JSONRenderer().render(response.data).decode()
        row.save(update_fields=["status_code", "headers", "body"])
    return response


def _own_headers(response: Response) -> list[str]:
    # Content-Type is the renderer's to set, and the same for both answers.
    return [name for name in response.headers if name.lower() != "content-type"]


def _insert(*, key: str, owner: ApiKey, fingerprint: str) -> IdempotencyKey | None:
    """Insert the key and return its row; None if it is there already."""
    now = timezone.now()
    for _ in range(2):
        try:
            with transaction.atomic():
                return IdempotencyKey.objects.create(
                    api_key=owner, key=key, fingerprint=fingerprint, created_at=now
                )
        except IntegrityError:
            # Not yet swept away, but over: as good as not there.
            stale = IdempotencyKey.objects.filter(
                api_key=owner, key=key, created_at__lte=now - KEPT
            )
            if not stale.delete()[0]:
                return None
    return None


def _replay(*, key: str, owner: ApiKey, fingerprint: str) -> HttpResponse:
    row = IdempotencyKey.objects.filter(api_key=owner, key=key).first()
    if row is None:  # swept away between two statements: its day has just ended
        raise IdempotencyInProgress(retry_after=RETRY_AFTER)
    if row.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    response = HttpResponse(row.body, status=row.status_code, headers=row.headers)
    if row.body:
        response.headers["Content-Type"] = "application/json"
    else:
        del response.headers["Content-Type"]
    response.headers[REPLAYED_HEADER] = "true"
    return response


def _fingerprint(request: Request) -> str:
    # The parsed body: a client that writes the same object in another order means the same.
    asked = [request.method, request.get_full_path(), request.data]
    return hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def _bound_the_wait() -> None:
    """Bound every wait for a lock in this transaction; SQLite has waited at its beginning."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            milliseconds = int(PATIENCE.total_seconds() * 1000)
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [str(milliseconds)])


def _is_contention(error: OperationalError) -> bool:
    state = getattr(error.__cause__, "sqlstate", None)
    return state in CONTENDED or "database is locked" in str(error)


def forget_old_keys(*, now: datetime | None = None) -> int:
    """Delete the keys whose time is over, a batch at a time; return how many they were."""
    cutoff = (now or timezone.now()) - KEPT
    forgotten = 0
    while True:
        over = IdempotencyKey.objects.filter(created_at__lte=cutoff).order_by("created_at")
        ids = list(over.values_list("pk", flat=True)[:BATCH])
        forgotten += IdempotencyKey.objects.filter(pk__in=ids).delete()[0]
        if len(ids) < BATCH:
            return forgotten
