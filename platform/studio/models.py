"""Drafts: texts that are being edited, and every text that was ever one of them.

A draft's row is never deleted: closed by publishing or discarding, it keeps counting revisions, so
that a late save of an old revision can always be told from a new one. Each save also writes a
`DraftRevision`, which nothing changes afterwards: whatever a save replaces can be fetched again.
"""

from django.conf import settings
from django.db import models
from django.utils import timezone

KEY_LENGTH = 200


class Draft(models.Model):
    """What is being edited of one document (a mail in one locale, or a shared file)."""

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    # Rises with every save, publish and discard: the compare-and-set of two editors.
    revision = models.PositiveIntegerField()
    open = models.BooleanField(default=True)
    texts = models.JSONField()
    # The digest of the live texts that the draft was begun on.
    base = models.CharField(max_length=64)
    author = models.CharField(max_length=200)
    updated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.key} r{self.revision}"


class How(models.TextChoices):
    """Why a revision was kept."""

    SAVED = "saved"
    CONFLICT = "conflict"
    DISCARDED = "discarded"
    PUBLISHED = "published"


class DraftRevision(models.Model):
    """The texts of a draft as somebody left them at one time. Immutable.

    `number` is the draft's revision; a text that lost against another's save has the number of the
    revision that it lost against.
    """

    key = models.CharField(max_length=KEY_LENGTH)
    number = models.PositiveIntegerField()
    how = models.CharField(max_length=12, choices=How.choices)
    texts = models.JSONField()
    author = models.CharField(max_length=200)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()
        indexes = [
            models.Index(fields=["key", "-id"], name="studio_revision_of_key"),
            models.Index(fields=["at"], name="studio_revision_age"),
        ]

    def __str__(self) -> str:
        return f"{self.key} r{self.number} {self.how}"


class Presence(models.Model):
    """Somebody has a document open; their page says so again every few seconds."""

    key = models.CharField(max_length=KEY_LENGTH)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField()

    class Meta:
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["key", "user"], name="studio_presence_once")]

    def __str__(self) -> str:
        return f"{self.user} in {self.key}"
