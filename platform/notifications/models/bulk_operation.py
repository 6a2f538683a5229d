"""One action on many notifications: planned, confirmed by a person, carried out chunk by chunk."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from access.actors import Actor, ActorKind
from notifications.states import Action


class BulkOperation(models.Model):
    """What a person is about to do, or does, to many notifications.

    Made by the dry run and inert until somebody confirms it: `confirmed_at` is set once, by a
    compare-and-set. The notifications are in its chunks, so that what was shown is what is done.
    """

    action = models.CharField(max_length=30, choices=Action.choices)
    # What was chosen, in words: the list's filter, or that it was chosen by hand.
    selection = models.CharField(max_length=500, blank=True)
    # What the dry run counted (`bulk.DryRun`).
    plan = models.JSONField(default=dict)
    total = models.PositiveIntegerField(default=0)

    actor_kind = models.CharField(max_length=16)
    actor_id = models.CharField(max_length=64)
    actor_label = models.CharField(max_length=200)
    reason = models.CharField(max_length=500, blank=True)

    created_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("bulk operation")
        verbose_name_plural = _("bulk operations")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(action__in=Action.values), name="bulk_operation_action_is_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["confirmed_at"],
                condition=Q(confirmed_at__isnull=False, finished_at__isnull=True),
                name="bulk_operation_running",
            ),
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.get_action_display()} #{self.pk}"

    @property
    def actor(self) -> Actor:
        """Who confirmed it (until then: who planned it)."""
        return Actor(kind=ActorKind(self.actor_kind), id=self.actor_id, label=self.actor_label)

    @property
    def is_planned(self) -> bool:
        """Whether it waits for somebody to confirm it."""
        return self.confirmed_at is None and self.finished_at is None

    @property
    def is_running(self) -> bool:
        """Whether there is something left to do."""
        return self.confirmed_at is not None and self.finished_at is None


class BulkChunk(models.Model):
    """A part of a bulk operation that is done in one transaction, or not at all."""

    operation = models.ForeignKey(BulkOperation, on_delete=models.CASCADE, related_name="chunks")
    number = models.PositiveIntegerField()
    ids = models.JSONField()
    size = models.PositiveIntegerField()
    # When a task was published for it; long ago and not done means that the task was lost.
    published_at = models.DateTimeField(null=True, blank=True)
    done_at = models.DateTimeField(null=True, blank=True)
    # How many it changed; the others were in another state by then.
    acted = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["operation", "number"], name="bulk_chunk_once")
        ]
        ordering = ["number"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.operation_id}/{self.number}"
