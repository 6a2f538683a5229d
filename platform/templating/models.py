"""Versions of templates: what was published, what is live, and what mails were made of.

A snapshot is everything that a mail was made of, by its hash: equal ones are stored once, whether
they were published or came from files. Versions and snapshots are never changed or deleted, because
sent mails name them.
"""

from typing import Any

from django.db import models
from django.utils import timezone

REVISION_ID = 1


class Snapshot(models.Model):
    """All files of one event's mail in one locale, layouts, partials and strings included."""

    digest = models.CharField(max_length=64, unique=True)
    event = models.CharField(max_length=100)
    locale = models.CharField(max_length=35)
    default_locale = models.CharField(max_length=35)
    texts = models.JSONField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return f"{self.event} {self.locale} {self.digest}"


class TemplateVersion(models.Model):
    """One publishing of an event's templates in one locale; numbered from 1. Immutable."""

    event = models.CharField(max_length=100)
    locale = models.CharField(max_length=35)
    number = models.PositiveIntegerField()
    snapshot = models.ForeignKey(Snapshot, on_delete=models.PROTECT, related_name="versions")
    restores = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="restored_by"
    )
    author = models.CharField(max_length=200)
    note = models.TextField(blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["event", "locale", "-number"]
        constraints = [
            models.UniqueConstraint(
                fields=["event", "locale", "number"], name="templating_version_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.locale} v{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Store a new version; there is no other saving. Raises TypeError."""
        if not self._state.adding:
            raise TypeError("a version is never changed: publish another one")
        super().save(*args, **kwargs)


class Template(models.Model):
    """An event's templates in one locale, and the version of them that is live.

    Where there is no row, or no live version, the files are live.
    """

    event = models.CharField(max_length=100)
    locale = models.CharField(max_length=35)
    live = models.ForeignKey(TemplateVersion, on_delete=models.PROTECT, null=True, blank=True)

    class Meta:
        ordering = ["event", "locale"]
        constraints = [
            models.UniqueConstraint(fields=["event", "locale"], name="templating_template_once")
        ]
        permissions = [
            ("publish_template", "Can publish templates and roll them back"),
            ("test_template", "Can send test mails"),
            ("override_template", "Can publish although it fails on real orders"),
        ]

    def __str__(self) -> str:
        return f"{self.event} {self.locale}"


class Revision(models.Model):
    """One row that counts publishings: what processes ask to learn that something is new.

    Publishing takes its lock first, so that numbers become visible in their order.
    """

    number = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return str(self.number)
