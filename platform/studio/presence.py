"""Who has a document open, so that two people who edit the same one know of each other."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils import timezone

from studio.models import Presence

PRESENT_FOR = timedelta(seconds=30)
"""Pages say so every ten seconds; one that has not for this long is closed, or asleep."""


@dataclass(frozen=True, kw_only=True)
class Editor:
    """Somebody who has a document open."""

    name: str
    at: datetime
    you: bool


def announce(key: str, user: AbstractBaseUser) -> None:
    """Note that a user has a document open now."""
    now = timezone.now()
    Presence.objects.update_or_create(key=key, user_id=user.pk, defaults={"at": now})
    Presence.objects.filter(at__lt=now - 2 * PRESENT_FOR).delete()


def editors(key: str, *, user: AbstractBaseUser) -> list[Editor]:
    """Return who has a document open; `user` is who asks."""
    rows = Presence.objects.filter(key=key, at__gte=timezone.now() - PRESENT_FOR)
    return [
        Editor(name=row.user.get_username(), at=row.at, you=row.user_id == user.pk)
        for row in rows.select_related("user").order_by("pk")
    ]


def present() -> dict[str, list[str]]:
    """Return the names of all who have something open, by the document's key."""
    found: dict[str, list[str]] = {}
    rows = Presence.objects.filter(at__gte=timezone.now() - PRESENT_FOR)
    for row in rows.select_related("user").order_by("pk"):
        found.setdefault(row.key, []).append(row.user.get_username())
    return found
