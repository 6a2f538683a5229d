"""One email owed to one recipient because of one event."""

import re
from collections.abc import Collection, Sequence
from typing import Any, Self
from uuid import UUID

import uuid_utils.compat
from django.core.exceptions import EmptyResultSet
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.db.models.sql import UpdateQuery
from django.utils.translation import gettext_lazy as _

from access.loaded_rows import execute_returning
from notifications.states import (
    NEEDS_ATTENTION,
    OPEN,
    IllegalTransitionError,
    Status,
    sources,
)

READY_MADE = "django.mail"
"""The event of mail that came ready-made; no contract and no template has this name."""
_OWN_MESSAGE_ID = re.compile(r"<?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>@\s]+>?")


class Role(models.TextChoices):
    """Whom a notification is for; part of its idempotency key."""

    CUSTOMER = "customer", _("Customer")
    SHOP = "shop", _("Shop's own copy")
    RECIPIENT = "recipient", _("Recipient")  # of mail that no order caused


def new_id() -> UUID:
    """Return a UUIDv7: unique anywhere, and ordered by the time it was made."""
    return uuid_utils.compat.uuid7()


def own_message_id(identifier: UUID, *, domain: str) -> str:
    """Return the Message-ID of a notification that brings none."""
    return f"<{identifier}@{domain}>"


def id_in_message_id(message_id: str) -> UUID | None:
    """Return which notification a Message-ID of ours names; None if it is no such one."""
    match = _OWN_MESSAGE_ID.fullmatch(message_id)
    return UUID(match[1]) if match else None


class NotificationQuerySet(models.QuerySet["Notification"]):
    """Moves between states; the predicate of each update is the lock."""

    def move(
        self,
        to: Status,
        *,
        only_from: Collection[Status] | None = None,
        reported: bool = False,
        **changes: Any,
    ) -> int:
        """Move the rows that may legally go to `to`; return how many did.

        Rows that are elsewhere by now are left alone: losing the race is normal.

        Args:
            to: the state to reach.
            only_from: move only rows in these states.
            reported: a verified provider event says so (see `states.sources`).
            changes: further columns to set in the same update.

        Raises:
            IllegalTransitionError: `only_from` holds a state with no such move.
        """
        return self._movable(to, only_from, reported=reported).update(status=to, **changes)

    def move_returning(
        self,
        to: Status,
        *,
        only_from: Collection[Status] | None = None,
        fields: Sequence[str] = (),
        **changes: Any,
    ) -> "list[Notification]":
        """Do as `move` does, and return the rows (or `fields` of them) as they are after it."""
        return self._movable(to, only_from).update_returning(fields=fields, status=to, **changes)

    def update_returning(
        self, *, fields: Sequence[str] = (), **changes: Any
    ) -> "list[Notification]":
        """Update the rows and return them as they are after it, in one statement.

        Django has no UPDATE … RETURNING; both databases have. The statement is the one that
        `update()` would run, so that predicates stay in the ORM.

        Args:
            fields: load only these, and the primary key; all of them if empty.
            changes: the columns to set.
        """
        query = self.query.chain(UpdateQuery)
        assert isinstance(query, UpdateQuery)  # noqa: S101  chain() is typed as what it was called on
        query.add_update_values(changes)
        try:
            statement, parameters = query.get_compiler(self.db).as_sql()
        except EmptyResultSet:  # the predicate can match nothing (`id__in=[]`)
            return []
        return execute_returning(self.model, statement, parameters, fields=fields, using=self.db)

    def now_in(self, statuses: Collection[Status]) -> Self:
        """Return those in one of these states, looked for by whatever else is asked of them.

        Said by what they are not, which no index answers. Asked for by key and status, SQLite takes
        the index by status and reads all that waits; PostgreSQL intersects it with the one by time.
        """
        return self.exclude(status__in=frozenset(Status) - frozenset(statuses))

    def _movable(
        self, to: Status, only_from: Collection[Status] | None, *, reported: bool = False
    ) -> Self:
        allowed = sources(to, reported=reported)
        wanted = allowed if only_from is None else frozenset(only_from)
        if not wanted <= allowed:
            raise IllegalTransitionError(f"{sorted(wanted - allowed)} -> {to}")
        return self.now_in(wanted)


class Notification(models.Model):
    """One email to one recipient caused by one event; the row decides, Celery carries and times.

    Personal data (recipient, name, context, subject, the texts of errors) is erased after
    `RETENTION_DAYS`; the row and its counts stay.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    idempotency_key = models.CharField(max_length=200, unique=True)

    event = models.CharField(max_length=100)
    locale = models.CharField(max_length=35)
    role = models.CharField(max_length=20, choices=Role.choices, default=Role.CUSTOMER)
    recipient = models.CharField(max_length=320)
    recipient_name = models.CharField(max_length=200, blank=True)
    context = models.JSONField(encoder=DjangoJSONEncoder)
    source_type = models.CharField(max_length=50)
    source_id = models.CharField(max_length=100)
    reference = models.CharField(max_length=100, blank=True)
    # Defaults of the database's too: a release before these columns inserts rows without them.
    reply_to = models.CharField(max_length=320, blank=True, default="", db_default="")
    tags = models.JSONField(
        blank=True, default=list, db_default=models.Value([], models.JSONField())
    )
    # Not before this moment; until then it is queued, due then. Null: at once.
    send_at = models.DateTimeField(null=True, blank=True)

    # What was made of it, known once it has been rendered for a send.
    template_version = models.CharField(max_length=100, blank=True)
    subject = models.CharField(max_length=1000, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    message_id = models.CharField(max_length=255)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.QUEUED)
    priority = models.SmallIntegerField(default=0)
    # Rises with every claim and is never reset: it fences late workers and doubled messages.
    ticket = models.PositiveIntegerField(default=0)
    # Claims that reached a provider, over the whole life; the budget counts from the base on.
    attempt_count = models.PositiveIntegerField(default=0)
    budget_attempt_base = models.PositiveIntegerField(default=0)
    budget_started_at = models.DateTimeField()
    # The ticket of the first attempt since which nobody knows whether the provider has the mail.
    doubted_ticket = models.PositiveIntegerField(null=True, blank=True)
    # Claims in a row that ended without a word from their worker.
    lost_count = models.PositiveSmallIntegerField(default=0)

    next_attempt_at = models.DateTimeField(null=True, blank=True)
    # The earliest time at which the relay may publish or recover this row; null when it never may.
    relay_at = models.DateTimeField(null=True, blank=True)
    claim_expires_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField()

    provider = models.CharField(max_length=50, blank=True)
    provider_message_id = models.CharField(max_length=255, blank=True)
    error_kind = models.CharField(max_length=20, blank=True)
    error_code = models.CharField(max_length=60, blank=True)
    error_summary = models.CharField(max_length=500, blank=True)

    # The request that caused it (W3C trace context); empty without tracing. A default of the
    # database's too: a release before this column inserts rows without it.
    traceparent = models.CharField(max_length=55, blank=True, default="", db_default="")

    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    is_unwanted: bool
    """Of a claimed row: whether its recipient was on the suppression list (`claims.claim`)."""

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(status__in=Status.values), name="notification_status_is_known"
            ),
            models.CheckConstraint(
                condition=~Q(status__in=sorted(OPEN)) | Q(relay_at__isnull=False),
                name="notification_open_has_relay_at",
            ),
            models.CheckConstraint(
                condition=Q(status=Status.SENDING, claim_expires_at__isnull=False)
                | (~Q(status=Status.SENDING) & Q(claim_expires_at__isnull=True)),
                name="notification_claim_only_while_sending",
            ),
            models.CheckConstraint(
                condition=~Q(status=Status.RETRYING) | Q(next_attempt_at__isnull=False),
                name="notification_retrying_has_next_attempt",
            ),
        ]
        indexes = [
            # The relay's: partial, so that a million finished rows cost it nothing.
            models.Index(
                fields=["relay_at"],
                condition=Q(relay_at__isnull=False),
                name="notification_due",
            ),
            # Claims are few, and expiries are rare: neither is looked for among all that waits.
            models.Index(
                fields=["claim_expires_at"],
                condition=Q(claim_expires_at__isnull=False),
                name="notification_claimed",
            ),
            models.Index(
                fields=["expires_at"],
                # Narrower than the relay's by what that one does not ask, or it would be taken too.
                condition=Q(claim_expires_at__isnull=True, relay_at__isnull=False),
                name="notification_expiring",
            ),
            # A search for the beginning of a text needs PostgreSQL's pattern operators.
            models.Index(
                fields=["reference", "-created_at"],
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
                name="notification_by_reference",
            ),
            models.Index(
                fields=["recipient", "-created_at"],
                opclasses=["varchar_pattern_ops", "timestamptz_ops"],
                name="notification_by_recipient",
            ),
            models.Index(fields=["status", "-created_at"], name="notification_status"),
            models.Index(fields=["-created_at"], name="notification_created"),
            models.Index(fields=["event", "-created_at"], name="notification_event"),
            # Written once, when it is known: a row that waits or is claimed has no entry here.
            models.Index(
                fields=["provider", "-created_at"],
                condition=~Q(provider=""),
                name="notification_by_provider",
            ),
            # What went wrong is little, and what needs a person is less.
            models.Index(
                fields=["error_kind", "-created_at"],
                condition=~Q(error_kind=""),
                name="notification_error",
            ),
            models.Index(
                fields=["-created_at"],
                condition=Q(status__in=sorted(NEEDS_ATTENTION)),
                name="notification_attention",
            ),
            models.Index(
                fields=["provider_message_id"],
                condition=~Q(provider_message_id=""),
                name="notification_provider_message",
            ),
            # Ours names the row (`id_in_message_id`); only ready-made mail may bring another one.
            models.Index(
                fields=["message_id"],
                condition=Q(event=READY_MADE),
                name="notification_brought_id",
            ),
            # Erasure's: what is erased leaves it, so that history costs it nothing.
            models.Index(
                fields=["finished_at"],
                condition=Q(finished_at__isnull=False, erased_at__isnull=True),
                name="notification_to_erase",
            ),
        ]
        permissions = [
            ("retry_notification", "Can retry a notification now"),
            ("cancel_notification", "Can cancel a notification"),
            ("redrive_notification", "Can redrive a dead letter"),
            ("resolve_notification", "Can resolve an unknown outcome"),
            ("see_recipients", "Can see recipients where addresses are masked"),
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.reference} {self.event}".strip()

    @property
    def handover_ticket(self) -> int:
        """What names the mail to a provider.

        It stays the same while the provider may have the mail already, so that it can tell a
        second copy, and changes after a refusal, which would otherwise be repeated.
        """
        return self.doubted_ticket or self.ticket

    @property
    def attempts_in_budget(self) -> int:
        """How many attempts were made since the last redrive (or since the beginning)."""
        return self.attempt_count - self.budget_attempt_base
