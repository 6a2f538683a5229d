"""Counts by the minute, kept while the mail moves, so that no screen has to count the past."""

from django.db import models


class DeliveryRollup(models.Model):
    """How many attempts of one provider and event ended in one outcome within one minute."""

    minute = models.DateTimeField()
    provider = models.CharField(max_length=50, blank=True)
    event = models.CharField(max_length=100)
    # "attempt.<outcome>" of a provider, or a notification's status with provider "".
    outcome = models.CharField(max_length=30)
    count = models.PositiveIntegerField(default=0)
    duration = models.DurationField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["minute", "provider", "event", "outcome"], name="rollup_once_per_minute"
            )
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.minute:%H:%M} {self.provider} {self.outcome} {self.count}"
