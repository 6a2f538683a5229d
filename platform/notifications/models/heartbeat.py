"""When each long-running process was last seen alive."""

from django.db import models


class Heartbeat(models.Model):
    """The last sign of life of one process (`worker`, `beat`, …)."""

    component = models.CharField(max_length=30)
    instance = models.CharField(max_length=200)
    seen_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["component", "instance"], name="heartbeat_once")
        ]
        default_permissions = ("view",)

    def __str__(self) -> str:
        return f"{self.component} {self.instance}"
