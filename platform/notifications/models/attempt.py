"""One try to hand a notification to one provider."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Phase(models.TextChoices):
    """How far an attempt came; what decides whether the provider may have taken the message."""

    RENDER = "render", _("Rendering")
    CONNECT = "connect", _("Connecting")
    HANDOVER = "handover", _("Handing over")
    RESPONSE = "response", _("Awaiting the answer")


class AttemptOutcome(models.TextChoices):
    """How an attempt ended."""

    ACCEPTED = "accepted", _("Accepted")
    TRANSIENT = "transient", _("Temporary failure")
    PERMANENT = "permanent", _("Refused")
    CONFIGURATION = "configuration", _("Provider set up wrongly")
    RENDERING = "rendering", _("Template failed")
    UNKNOWN = "unknown", _("Unknown outcome")
    LOST = "lost", _("Worker lost")


class NextStep(models.TextChoices):
    """What was decided after an attempt."""

    DONE = "done", _("Done")
    FAIL_OVER = "fail_over", _("Next provider")
    RETRY = "retry", _("Retry")
    WAIT = "wait", _("Wait for a provider")
    HOLD = "hold", _("Hold for a person")
    DEAD_LETTER = "dead_letter", _("Dead letter")


class DeliveryAttempt(models.Model):
    """One try to hand a notification to one provider. Written once; only erasure changes it."""

    notification = models.ForeignKey(
        "notifications.Notification",
        on_delete=models.CASCADE,
        related_name="attempts",
        db_index=False,  # `attempt_once_per_ticket` begins with it
    )
    ticket = models.PositiveIntegerField()
    # The attempt's number in the notification's life; providers tried in one claim share it.
    number = models.PositiveIntegerField()
    provider = models.CharField(max_length=50, blank=True)
    phase = models.CharField(max_length=10, choices=Phase.choices)
    outcome = models.CharField(max_length=15, choices=AttemptOutcome.choices)
    error_code = models.CharField(max_length=60, blank=True)
    summary = models.CharField(max_length=500, blank=True)
    detail = models.TextField(blank=True)
    status_code = models.PositiveIntegerField(null=True, blank=True)
    provider_message_id = models.CharField(max_length=255, blank=True)
    started_at = models.DateTimeField()
    duration = models.DurationField()
    next_step = models.CharField(max_length=15, choices=NextStep.choices)
    next_reason = models.CharField(max_length=200, blank=True)
    next_attempt_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            # A journal replayed twice, or a worker that records late, writes its attempt once.
            models.UniqueConstraint(
                fields=["notification", "ticket", "provider"], name="attempt_once_per_ticket"
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=AttemptOutcome.values), name="attempt_outcome_is_known"
            ),
            models.CheckConstraint(
                condition=Q(phase__in=Phase.values), name="attempt_phase_is_known"
            ),
            models.CheckConstraint(
                condition=Q(next_step__in=NextStep.values), name="attempt_next_step_is_known"
            ),
        ]
        indexes = [
            models.Index(fields=["provider", "-id"], name="attempt_provider"),
            # Nearly all are accepted; whoever filters looks for the others.
            models.Index(
                fields=["outcome", "-id"],
                condition=~Q(outcome=AttemptOutcome.ACCEPTED),
                name="attempt_failed",
            ),
        ]
        ordering = ["id"]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"#{self.number} {self.provider} {self.outcome}"
