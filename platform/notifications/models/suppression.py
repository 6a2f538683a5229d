"""Addresses that must not be mailed."""

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class SuppressionReason(models.TextChoices):
    """Why an address must not be mailed."""

    HARD_BOUNCE = "hard_bounce", _("Hard bounce")
    COMPLAINT = "complaint", _("Complaint")
    MANUAL = "manual", _("Added by a person")


class Suppression(models.Model):
    """An address that we must not mail. Released by deleting it; the audit log keeps both."""

    address = models.CharField(max_length=320, unique=True)  # as `suppressions.normalise` makes it
    reason = models.CharField(max_length=20, choices=SuppressionReason.choices)
    provider = models.CharField(max_length=50, blank=True)
    note = models.CharField(max_length=500, blank=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at"]
        indexes = [models.Index(fields=["-created_at", "-id"], name="suppression_created")]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} {self.created_at:%Y-%m-%d}"
