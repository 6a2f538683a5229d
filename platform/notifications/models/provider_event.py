"""What a provider reported about a message."""

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.utils import timezone


class ProviderEvent(models.Model):
    """One event from a provider's webhook, stored once however often it is sent."""

    provider = models.CharField(max_length=50)
    # The provider's own event id, or a hash of the event where it gives none.
    fingerprint = models.CharField(max_length=128)
    event_type = models.CharField(max_length=30)
    # Null until it is matched: an event may arrive before our own record of the send.
    notification = models.ForeignKey(
        "notifications.Notification",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="provider_events",
    )
    provider_message_id = models.CharField(max_length=255, blank=True)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)
    processed_at = models.DateTimeField(null=True, blank=True)
    # When to look (again) for its notification; null once it is found, or given up.
    apply_at = models.DateTimeField(null=True, blank=True, default=timezone.now)
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["provider", "fingerprint"], name="provider_event_once")
        ]
        indexes = [
            models.Index(fields=["provider_message_id"], name="provider_event_message"),
            models.Index(
                fields=["apply_at"],
                condition=models.Q(apply_at__isnull=False),
                name="provider_event_waiting",
            ),
            models.Index(fields=["provider", "-id"], name="provider_event_provider"),
            models.Index(fields=["event_type", "-id"], name="provider_event_type"),
            # For what was never found to be about mail of ours, and is deleted in the end.
            models.Index(
                fields=["received_at"],
                condition=models.Q(notification__isnull=True),
                name="provider_event_unmatched",
            ),
        ]
        ordering = ["-received_at"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.provider} {self.event_type}"
