"""API keys, what was answered to their writes, and the append-only record of who did what."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar, Never

from django.core.exceptions import ValidationError
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone

from access import scopes
from access.actors import ActorKind


def validate_scopes(value: object) -> None:
    """Refuse anything but a list of known scopes.

    Raises:
        ValidationError: says what is wrong and lists the scopes there are.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ValidationError("Scopes are a list of names.", code="invalid")
    try:
        scopes.parse(value)
    except scopes.UnknownScope as error:
        raise ValidationError(str(error), code="unknown_scope") from error


class ApiKey(models.Model):
    """A client's right to use the API. Of the key itself only a hash is kept (`access.keys`)."""

    name = models.CharField(max_length=100, help_text="Who or what uses this key.")
    prefix = models.CharField(
        max_length=16,
        unique=True,
        editable=False,
        help_text="The key's public part; tells keys apart.",
    )
    secret_hash = models.CharField(max_length=64, editable=False)
    scopes = models.JSONField(validators=[validate_scopes])
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    last_used_at = models.DateTimeField(
        null=True,
        editable=False,
        help_text="Exact to the minute: not every request is written down.",
    )
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="Empty: the key does not expire."
    )
    revoked_at = models.DateTimeField(null=True, editable=False)

    # What DRF asks of a request's user. A key is authenticated by existing.
    is_authenticated: ClassVar[bool] = True
    is_anonymous: ClassVar[bool] = False

    class Meta:
        verbose_name = "API key"
        ordering = ("-created_at", "-pk")
        # A key is made and revoked, never changed or deleted: the audit log speaks of it.
        default_permissions = ("add", "view")
        permissions = (("revoke_apikey", "Can revoke API key"),)

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix})"

    def state(self, *, at: datetime | None = None) -> str:
        """Return "active", "expired" or "revoked" as of `at` (default: now)."""
        if self.revoked_at is not None:
            return "revoked"
        if self.expires_at is not None and self.expires_at <= (at or timezone.now()):
            return "expired"
        return "active"


class IdempotencyKey(models.Model):
    """A write that was carried out once, with the answer that its repetitions get.

    Written in the transaction of the write itself: it is there if, and only if, the write is. The
    answer may hold personal data; it is deleted with its row (`access.idempotency.KEPT`).
    """

    api_key = models.ForeignKey(
        ApiKey,
        on_delete=models.CASCADE,
        related_name="+",
        db_index=False,  # `idempotency_key_once` begins with it
    )
    key = models.CharField(max_length=255)
    # What was asked: method, path and body.
    fingerprint = models.CharField(max_length=64)
    status_code = models.PositiveSmallIntegerField(default=0)
    headers = models.JSONField(default=dict)
    body = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        default_permissions = ()
        constraints = (
            models.UniqueConstraint(fields=["api_key", "key"], name="idempotency_key_once"),
        )

    def __str__(self) -> str:
        return f"{self.status_code} {self.fingerprint[:8]}"


class AppendOnly(TypeError):
    """Somebody tried to change or delete an audit entry: a mistake in the code, never a user's."""

    def __init__(self) -> None:
        super().__init__("Audit entries are only ever added; they are neither changed nor deleted.")


class AuditEntryQuerySet(models.QuerySet["AuditEntry"]):
    """Reads and adds; every bulk way to change or delete is closed."""

    def update(self, **kwargs: Any) -> Never:
        """Refuse."""
        raise AppendOnly

    def delete(self) -> Never:
        """Refuse."""
        raise AppendOnly


class AuditEntry(models.Model):
    """One thing that somebody did: who, what, to which record, why and when."""

    actor_kind = models.CharField(
        max_length=16, choices=[(kind.value, kind.value) for kind in ActorKind]
    )
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=200)
    action = models.CharField(
        max_length=64, help_text='What was done, such as "notification.retry".'
    )
    target_type = models.CharField(max_length=64)
    target_id = models.CharField(max_length=64)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    at = models.DateTimeField(default=timezone.now)

    objects: ClassVar[models.Manager["AuditEntry"]] = AuditEntryQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ("-at", "-pk")
        # Nobody may add one by hand; `access.audit.record` is the one way in.
        default_permissions = ("view",)
        indexes = (
            models.Index(fields=["target_type", "target_id", "-at"], name="audit_by_target"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["actor_label", "-at", "-id"], name="audit_by_actor"),
        )
        constraints = (
            models.CheckConstraint(
                condition=models.Q(actor_kind__in=[kind.value for kind in ActorKind]),
                name="audit_actor_kind_is_known",
            ),
        )

    def __str__(self) -> str:
        return f"{self.action} {self.target_type} {self.target_id} by {self.actor_label}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Add the entry.

        Raises:
            AppendOnly: it is already there.
        """
        if not self._state.adding:
            raise AppendOnly
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> Never:
        """Refuse."""
        raise AppendOnly
