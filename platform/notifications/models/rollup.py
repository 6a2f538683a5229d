"""Counts by the minute and the hour, kept while mail moves: no screen has to count the past."""

from datetime import datetime

from django.db import models

from notifications.histogram import COLUMNS


class Rollup(models.Model):
    """How many attempts of one provider and event ended in one outcome within one span of time.

    An `outcome` is "attempt.<outcome>" of a provider, or a notification's status with provider "".
    `duration` is the sum of what was counted, and `bucket_…` its histogram
    (`notifications.histogram`): an attempt's own time, or the time since the event.
    """

    provider = models.CharField(max_length=50, blank=True)
    event = models.CharField(max_length=100)
    outcome = models.CharField(max_length=30)
    count = models.PositiveIntegerField(default=0)
    duration = models.DurationField()

    class Meta:
        abstract = True

    @property
    def begins_at(self) -> datetime:
        """When the span began."""
        raise NotImplementedError

    def __str__(self) -> str:
        return f"{self.begins_at:%d %H:%M} {self.provider} {self.outcome} {self.count}"


for _column in COLUMNS:
    # Defaults in the database: a worker of the release before knows nothing of these columns.
    Rollup.add_to_class(_column, models.PositiveIntegerField(default=0, db_default=0))


class DeliveryRollup(Rollup):
    """The counts of one minute."""

    minute = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["minute", "provider", "event", "outcome"], name="rollup_once_per_minute"
            )
        ]
        default_permissions = ("view",)

    @property
    def begins_at(self) -> datetime:
        """When the minute began."""
        return self.minute


class HourlyRollup(Rollup):
    """The counts of one hour: the minutes' sums, so that a week is 168 spans and not 10,080."""

    hour = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["hour", "provider", "event", "outcome"], name="rollup_once_per_hour"
            )
        ]
        default_permissions = ()

    @property
    def begins_at(self) -> datetime:
        """When the hour began."""
        return self.hour
