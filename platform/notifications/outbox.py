"""The one door in: what is enqueued here is owed from the moment its cause commits."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import lru_cache, partial
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from access import tracing
from access.made_rows import made
from access.stored_values import Telling, insertion_of_new_telling
from notifications.early import Announcement
from notifications.models import (
    Notification,
    Role,
    StoredMail,
    StoredPart,
    own_message_id,
)
from notifications.models.notification import new_id
from notifications.publishing import PUBLISHED_GRACE
from notifications.states import Status
from notifications.stored_mail import ReadyMail
from notifications.suppressions import is_listed, is_plain, suppressed
from notifications.tickets import Ticketed
from templating import contracts

LONGEST_MESSAGE_ID = 255


@dataclass(frozen=True, kw_only=True)
class NewNotification:
    """One email to be sent to one recipient because of one event.

    Attributes:
        event: the event's name, which names its contract and templates (`order.placed`).
        recipient: the address, without a name.
        locale: a BCP 47 tag; the lookup falls back to its language and the default locale.
        context: JSON-ready values that satisfy the event's contract.
        idempotency_key: the same key never makes a second notification.
        source_type: what caused it (`orders.order_event`).
        source_id: which one.
        reference: what a person calls the cause (`SO-1001`).
        expires_after: how long it is worth sending; the contract's or `EXPIRES_AFTER` if None.
        reply_to: where answers go; `SHOP_REPLY_TO` if empty.
        tags: labels for the provider's statistics.
        send_at: not before this moment; at once if None.
        ready: the mail itself, where none is to be rendered; then there is no contract.
    """

    event: str
    recipient: str
    locale: str
    context: Mapping[str, Any]
    idempotency_key: str
    source_type: str
    source_id: str
    reference: str
    recipient_name: str = ""
    role: Role = Role.CUSTOMER
    expires_after: timedelta | None = None
    reply_to: str = ""
    tags: tuple[str, ...] = ()
    send_at: datetime | None = None
    ready: ReadyMail | None = None

    @property
    def addresses(self) -> frozenset[str]:
        """Whom it would reach: the recipient, or all those of a ready-made mail."""
        if self.ready is None:
            return frozenset({self.recipient})
        return frozenset(self.ready.addresses)


def enqueue(new: Sequence[NewNotification]) -> list[Notification]:
    """Write notifications in the caller's transaction and publish them when it commits.

    What was enqueued before under the same idempotency key is left as it is. Recipients on the
    suppression list get a row that says so and no mail. What is to be sent later waits in the
    database.

    Returns:
        The notifications, new or existing, in the order of `new`.

    Raises:
        UnknownEvent: no contract is registered for an event.
        pydantic.ValidationError: a context does not satisfy its event's contract.
        TransactionManagementError: the caller holds no transaction, so that the mail could be
            kept although its cause is rolled back.
    """
    return prepared(new)()


def prepared(new: Sequence[NewNotification]) -> Callable[[], list[Notification]]:
    """Return what does `enqueue(new)`, with all that can be done before the transaction done.

    Raises:
        UnknownEvent: no contract is registered for an event.
        pydantic.ValidationError: a context does not satisfy its event's contract.
    """
    now = timezone.now()
    rows = [_row(item, now=now) for item in new]
    # Nearly every address is looked for by the statement that inserts its row. Who is put on the
    # list from now on is met by the worker, which asks again.
    others = {row.id: item for row, item in zip(rows, new, strict=True) if not _is_told(item)}
    listed = suppressed(address for item in others.values() for address in item.addresses)
    unwanted = {identifier: item.addresses <= listed for identifier, item in others.items()}
    insert = insertion_of_new_telling(rows, condition=is_listed("recipient"))
    return partial(_enqueue, new, rows, insert, unwanted)


def _is_told(item: NewNotification) -> bool:
    """Return whether the statement that inserts a row can say that nobody wants the mail."""
    return item.ready is None and is_plain(item.recipient)


def _enqueue(
    new: Sequence[NewNotification],
    rows: Sequence[Notification],
    insert: Telling,
    unwanted: Mapping[UUID, bool],
) -> list[Notification]:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError(
            "enqueue() must run in the transaction of its cause; wrap both in transaction.atomic()."
        )
    announcement = Announcement([_ticketed(row) for row in rows if row.next_attempt_at is None])
    listed = insert()
    fresh = [row for row in rows if row.id in listed]
    fresh = _suppress(fresh, [row for row in fresh if unwanted.get(row.id, listed[row.id])])
    stored = _stored(rows, fresh)
    _keep_ready_mails(fresh, new)
    due = [
        _ticketed(row)
        for row in fresh
        if row.status == Status.QUEUED and row.next_attempt_at is None
    ]
    if due:
        transaction.on_commit(partial(announcement.committed, due), robust=True)
    return [stored[item.idempotency_key] for item in new]


def _ticketed(row: Notification) -> Ticketed:
    return Ticketed(row.id, row.ticket)


def _stored(rows: Sequence[Notification], fresh: Sequence[Notification]) -> dict[str, Notification]:
    """Return what stands in the database under the keys of `rows`: these, or older ones."""
    stored = {row.idempotency_key: row for row in fresh}
    older = [row.idempotency_key for row in rows if row.idempotency_key not in stored]
    if older:
        found = Notification.objects.filter(idempotency_key__in=older)
        stored |= {row.idempotency_key: row for row in found}
    return stored


def _keep_ready_mails(fresh: Sequence[Notification], new: Sequence[NewNotification]) -> None:
    ready = {item.idempotency_key: item.ready for item in new if item.ready is not None}
    if not ready:
        return
    records = [
        ready[row.idempotency_key].records(row.id) for row in fresh if row.idempotency_key in ready
    ]
    StoredMail.objects.bulk_create([mail for mail, _ in records])
    StoredPart.objects.bulk_create([part for _, parts in records for part in parts])


def _row(item: NewNotification, *, now: datetime) -> Notification:
    usual = _usual_lifetime(item)
    lifetime = item.expires_after or usual
    later = item.send_at if item.send_at and item.send_at > now else None
    identifier = new_id()
    return made(
        Notification,
        id=identifier,
        idempotency_key=item.idempotency_key,
        event=item.event,
        locale=item.locale,
        role=item.role,
        recipient=item.recipient,
        recipient_name=item.recipient_name,
        context=item.context,
        source_type=item.source_type,
        source_id=item.source_id,
        reference=item.reference,
        reply_to=item.reply_to,
        tags=list(item.tags),
        send_at=item.send_at,
        subject=item.ready.subject[:1000] if item.ready else "",
        message_id=_own_message_id(item)
        or own_message_id(identifier, domain=_domain_of(settings.DEFAULT_FROM_EMAIL)),
        status=Status.QUEUED,
        relay_at=later or now + PUBLISHED_GRACE,
        next_attempt_at=later,
        traceparent=tracing.traceparent(),
        created_at=now,
        budget_started_at=now,
        expires_at=(later or now) + lifetime,
    )


def _suppress(fresh: list[Notification], unwanted: Sequence[Notification]) -> list[Notification]:
    """Return the new rows, with those that nobody wants as they are once that is said of them."""
    if not unwanted:
        return fresh
    moved = Notification.objects.filter(pk__in=[row.pk for row in unwanted]).move_returning(
        Status.SUPPRESSED,
        only_from=[Status.QUEUED],
        error_code="suppressed",
        relay_at=None,
        next_attempt_at=None,
        finished_at=F("created_at"),
    )
    suppressed_rows = {row.pk: row for row in moved}
    return [suppressed_rows.get(row.pk, row) for row in fresh]


def _usual_lifetime(item: NewNotification) -> timedelta:
    """Check the context against the event's contract; return how long its mail is worth sending."""
    usual: timedelta = settings.EXPIRES_AFTER
    if item.ready is not None:
        return usual
    contract = contracts.get(item.event)
    contract.context.model_validate(item.context)
    return contract.expires_after or usual


def _own_message_id(item: NewNotification) -> str:
    own = item.ready.message_id if item.ready else ""
    return own if len(own) <= LONGEST_MESSAGE_ID else ""


@lru_cache(maxsize=16)
def _domain_of(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2] or "localhost"
