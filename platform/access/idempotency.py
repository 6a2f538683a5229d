"""`Idempotency-Key`: a write that is sent twice is carried out once, and answered the same twice.

The key is inserted first thing in the write's own transaction, so that

1. a second request with the key waits in the database until the first has committed or rolled
   back: then it finds the answer, or carries the write out itself;
2. whatever kills the process before the commit undoes write and key together;
3. an error undoes both as well: nothing was written, so there is nothing to replay, and the same
   key may be sent again with a corrected body.

PostgreSQL makes the second request wait at the unique constraint, SQLite at BEGIN IMMEDIATE, as it
makes all that want to write. So a write that takes thought is planned before its transaction.
"""

import hashlib
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial, wraps
from typing import Any, TypeVar

import structlog
from django.db import OperationalError, connection, transaction
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from access.made_rows import made
from access.models import ApiKey, IdempotencyKey
from access.prepared import prepared_cursor
from access.problems import IdempotencyInProgress, IdempotencyKeyReused
from access.stored_values import insertion_of_new

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
Planner = TypeVar("Planner", bound=Callable[..., "Write"])


@dataclass(frozen=True, kw_only=True)
class Write:
    """A write that is planned: all is done that can be done before its transaction.

    Attributes:
        carry_out: does it, and returns the answer.
        answer: the answer, if it is known already. It is kept with the key at once, unless
            `carry_out` returns another one.
    """

    carry_out: Callable[[], Response]
    answer: Response | None = None


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
        def write() -> Write:
            return Write(carry_out=partial(handler, view, request, *args, **kwargs))

        return _answer(request, plan=write)

    answer.idempotent = True  # type: ignore[attr-defined]  # the schema and a test ask for it
    return answer  # type: ignore[return-value]  # the same signature, as wraps() says


def idempotent_plan(planner: Planner) -> Callable[..., HttpResponseBase]:
    """Make a view's write method, which returns a `Write`, take `Idempotency-Key`.

    The method itself writes nothing. What it raises is the answer, unless the key is known: an
    order that was shipped cannot be shipped again, but the answer can be given again.

    Raises:
        what `idempotent` does.
    """

    @wraps(planner)
    def answer(view: Any, request: Request, *args: Any, **kwargs: Any) -> HttpResponseBase:
        return _answer(request, plan=partial(planner, view, request, *args, **kwargs))

    answer.idempotent = True  # type: ignore[attr-defined]
    return answer


def is_idempotent(handler: object) -> bool:
    """Say whether a view's method takes the header."""
    return getattr(handler, "idempotent", False) is True


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a client asks to be done once, and when it asked."""

    key: str
    owner: ApiKey
    fingerprint: str
    at: datetime

    def row(self, answer: Response | None) -> IdempotencyKey:
        """Return the row that says that it was done, with its answer if that is known."""
        return made(
            IdempotencyKey,
            api_key=self.owner,
            key=self.key,
            fingerprint=self.fingerprint,
            created_at=self.at,
            **({} if answer is None else _columns(answer)),
        )


def _answer(request: Request, *, plan: Callable[[], Write]) -> HttpResponseBase:
    key = request.headers.get(HEADER)
    if key is None or not isinstance(request.auth, ApiKey):
        return plan().carry_out()
    if not FORM.fullmatch(key):
        raise ParseError(
            f"{HEADER} takes 1 to 255 printable ASCII characters without blanks.",
            "invalid_idempotency_key",
        )
    # Before the transaction: this reads the body, which a slow client may still be sending.
    asked = Asked(key=key, owner=request.auth, fingerprint=_fingerprint(request), at=timezone.now())
    try:
        write = plan()
    except Exception:
        if known := _replay(asked):
            return known
        raise
    try:
        return _once(write, asked)
    except OperationalError as error:
        if not _is_contention(error):
            raise
        log.info("idempotency_key_contended")
        raise IdempotencyInProgress(retry_after=RETRY_AFTER) from error


def _once(write: Write, asked: Asked) -> HttpResponseBase:
    row = asked.row(write.answer)
    with transaction.atomic():
        _bound_the_wait()
        if not _insert(row):
            known = _replay(asked)
            if known is None:  # swept away between two statements: its day has just ended
                raise IdempotencyInProgress(retry_after=RETRY_AFTER)
            return known
        response = write.carry_out()
        if response is not write.answer:
            IdempotencyKey.objects.filter(api_key=asked.owner, key=asked.key).update(
                **_columns(response)
            )
    return response


def _columns(response: Response) -> dict[str, Any]:
    return {
        "status_code": response.status_code,
        "headers": {name: response.headers[name] for name in _own_headers(response)},
        "body": "" if response.data is None else JSONRenderer().render(response.data).decode(),
    }


def _own_headers(response: Response) -> list[str]:
    # Content-Type is the renderer's to set, and the same for both answers.
    return [name for name in response.headers if name.lower() != "content-type"]


def _insert(row: IdempotencyKey) -> bool:
    """Insert the key; return False if it is there already."""
    insert = insertion_of_new([row])
    if insert():
        return True
    # Not yet swept away, but over: as good as not there.
    stale = IdempotencyKey.objects.filter(
        api_key=row.api_key, key=row.key, created_at__lte=row.created_at - KEPT
    )
    return bool(stale.delete()[0]) and bool(insert())


def _replay(asked: Asked) -> HttpResponse | None:
    """Return the answer that the key has got, or None if there is no such key.

    Raises:
        IdempotencyKeyReused: it was sent with another request before.
    """
    row = IdempotencyKey.objects.filter(
        api_key=asked.owner, key=asked.key, created_at__gt=asked.at - KEPT
    ).first()
    if row is None:
        return None
    if row.fingerprint != asked.fingerprint:
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
        with prepared_cursor(connection.alias) as cursor:
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
