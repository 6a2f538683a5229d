"""Signs of life in the database."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications import heartbeats
from notifications.heartbeats import FORGOTTEN_AFTER, beat
from notifications.models import Heartbeat

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let this process not have shown a sign of life yet."""
    monkeypatch.setattr(heartbeats, "_known", set())


def seen(component: str, instance: str, *, ago: timedelta) -> Heartbeat:
    """Return what somebody left behind so long ago."""
    at = timezone.now() - ago
    return Heartbeat.objects.create(component=component, instance=instance, seen_at=at)


def instances(component: str) -> set[str]:
    """Return of whom there are signs."""
    return set(Heartbeat.objects.filter(component=component).values_list("instance", flat=True))


def test_a_sign_of_life_replaces_the_one_before() -> None:
    seen("worker", "a", ago=timedelta(hours=1))
    before = timezone.now()
    beat("worker", "a")
    assert Heartbeat.objects.get(component="worker").seen_at >= before


def test_who_is_new_has_those_forgotten_who_are_gone() -> None:
    gone, silent = FORGOTTEN_AFTER + timedelta(minutes=1), FORGOTTEN_AFTER - timedelta(minutes=1)
    seen("worker", "gone", ago=gone)
    seen("worker", "silent", ago=silent)
    seen("beat", "gone", ago=gone)
    beat("worker", "new")
    assert instances("worker") == {"silent", "new"}
    assert instances("beat") == {"gone"}, "its own component's alone"
    beat("beat", "new")
    assert instances("beat") == {"new"}


def test_from_then_on_a_sign_is_one_statement(django_assert_num_queries: Any) -> None:
    beat("worker", "a")
    with django_assert_num_queries(1):
        beat("worker", "a")
