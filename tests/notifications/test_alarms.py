"""What a person should look at."""

from datetime import timedelta

import pytest
from django.utils import timezone

from notifications import alarms
from notifications.models import AuditRun, Heartbeat
from providers import routing
from providers.errors import ConfigurationError, Phase
from tests.support.valkey import ValkeyServer

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def well(valkey: ValkeyServer) -> None:
    """Begin with a Valkey in reach and no provider in trouble."""
    routing.reset()


def codes() -> list[str]:
    return [alarm.code for alarm in alarms.current(now=timezone.now())]


def test_all_is_well() -> None:
    assert codes() == []


def test_a_provider_that_refuses_our_account_is_named() -> None:
    refused = ConfigurationError(
        provider="memory",
        phase=Phase.RESPONSE,
        code="unauthorized",
        summary="It does not accept our key.",
        detail="",
        status_code=401,
    )
    routing.note_failure("memory", refused)
    [alarm] = alarms.current(now=timezone.now())
    assert alarm.code == "provider"
    assert "memory" in alarm.sentence
    assert "unauthorized" in alarm.sentence


def test_limits_that_are_not_shared_are_said(valkey: ValkeyServer) -> None:
    valkey.kill()
    routing.permit(now=timezone.now())
    assert "limits_not_shared" in codes()


@pytest.mark.parametrize(("missing", "overdue"), [(1, 0), (0, 2)])
def test_the_last_audits_findings_stay_until_one_is_clean(missing: int, overdue: int) -> None:
    now = timezone.now()
    run = {"since": now, "until": now, "findings": []}
    AuditRun.objects.create(at=now, missing_count=missing, overdue_count=overdue, **run)
    assert codes() == ["audit"]
    AuditRun.objects.create(at=now + timedelta(seconds=1), missing_count=0, overdue_count=0, **run)
    assert codes() == []


def test_a_silent_relay_is_said() -> None:
    Heartbeat.objects.create(
        component="relay", instance="relay", seen_at=timezone.now() - timedelta(minutes=2)
    )
    assert codes() == ["relay"]
