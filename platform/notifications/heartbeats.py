"""Signs of life of the long-running processes, in the database, for every web process to see."""

from datetime import datetime, timedelta

from django.utils import timezone

from notifications.models import Heartbeat

FORGOTTEN_AFTER = timedelta(days=1)
"""An instance that has been silent for so long was taken away on purpose."""

_known: set[tuple[str, str]] = set()
"""Whose first sign of life this process has recorded."""


def beat(component: str, instance: str) -> None:
    """Record that a process is alive now; with its first sign, forget who is gone.

    Args:
        component: what it is: `worker`, `beat`, `relay`.
        instance: which one, e.g. Celery's node name.
    """
    now = timezone.now()
    Heartbeat.objects.bulk_create(
        [Heartbeat(component=component, instance=instance, seen_at=now)],
        update_conflicts=True,
        unique_fields=["component", "instance"],
        update_fields=["seen_at"],
    )
    if (component, instance) not in _known:
        # Who is gone was mostly replaced by somebody of another name.
        Heartbeat.objects.filter(component=component, seen_at__lt=now - FORGOTTEN_AFTER).delete()
        _known.add((component, instance))


def latest() -> dict[str, datetime]:
    """Return when any instance of each component was last seen."""
    seen: dict[str, datetime] = {}
    for component, seen_at in Heartbeat.objects.values_list("component", "seen_at"):
        seen[component] = max(seen_at, seen.get(component, seen_at))
    return seen
