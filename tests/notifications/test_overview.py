"""The admin's home: who sees what, what it says, and what it costs."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from notifications.figures import Step
from notifications.models import AuditRun, Heartbeat, Notification
from notifications.overview import wording
from notifications.overview.charts import WORDS, Series, ceiling, stacked
from notifications.publishing import publisher
from notifications.states import Status
from tests.support.valkey import ValkeyServer

HOME = "/admin/"
BLOCKS = "/admin/overview/"
SENT = Series(outcomes=("sent",), label="Sent", colour="sent")
FAILED = Series(outcomes=("failed",), label="Failed", colour="failed")


def client_of(role: str) -> Client:
    user = User.objects.create_user(role.lower(), is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["Operator", "Editor", "Viewer"])
def test_every_role_sees_figures_and_only_the_pages_that_it_may_open(
    role: str, valkey: ValkeyServer
) -> None:
    page = client_of(role).get(HOME).content.decode()
    assert "Sent today" in page
    assert reverse("admin:notifications_notification_changelist") in page
    assert reverse("admin:auth_user_changelist") not in page
    assert (reverse("admin:access_auditentry_changelist") in page) == (role == "Operator")


@pytest.mark.django_db
def test_who_may_see_nothing_is_told_whom_to_ask() -> None:
    user = User.objects.create_user("newcomer", is_staff=True)
    client = Client()
    client.force_login(user)
    page = client.get(HOME)
    assert "Ask an administrator" in page.content.decode()
    assert client.get(BLOCKS).status_code == 403


@pytest.mark.django_db
def test_a_stranger_is_asked_to_sign_in(client: Client) -> None:
    assert client.get(BLOCKS).status_code == 302


def test_the_blocks_come_alone_and_are_only_read(
    admin_client: Client, valkey: ValkeyServer
) -> None:
    answer = admin_client.get(BLOCKS, {"span": "week"})
    assert "<html" not in answer.content.decode()
    assert "no-store" in answer.headers["Cache-Control"]
    assert admin_client.post(BLOCKS).status_code == 405
    assert admin_client.get(BLOCKS, {"span": "'; drop"}).status_code == 200


def test_what_waits_for_a_person_is_shown_without_an_address(
    admin_client: Client, enqueued: Callable[..., Notification], valkey: ValkeyServer
) -> None:
    row = enqueued()
    Notification.objects.filter(pk=row.pk).update(
        status=Status.FAILED, relay_at=None, error_summary="The mailbox does not exist."
    )
    page = admin_client.get(BLOCKS).content.decode()
    assert "The mailbox does not exist." in page
    assert row.reference in page
    assert row.recipient not in page


def test_stale_processes_and_findings_of_the_audit_stand_out(
    admin_client: Client, valkey: ValkeyServer
) -> None:
    now = timezone.now()
    Heartbeat.objects.create(component="worker", instance="w1", seen_at=now - timedelta(minutes=9))
    AuditRun.objects.create(at=now, since=now, until=now, missing_count=2, overdue_count=1)
    page = admin_client.get(BLOCKS).content.decode()
    assert "9 min ago" in page
    assert "2 events without their mail, 1 mails overdue." in page


def test_a_broker_that_is_away_does_not_hold_up_the_page(
    admin_client: Client, valkey: ValkeyServer
) -> None:
    publisher.reset()
    valkey.kill()
    page = admin_client.get(BLOCKS).content.decode()
    assert "broker does not answer" in page
    assert "Redis is out of reach" in page


def test_the_page_costs_a_bounded_number_of_queries(
    admin_client: Client,
    enqueued: Callable[..., Notification],
    valkey: ValkeyServer,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    rows = [enqueued() for _ in range(30)]
    with django_assert_max_num_queries(40):
        admin_client.get(BLOCKS)
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(
        status=Status.FAILED, relay_at=None
    )
    with django_assert_max_num_queries(40):
        admin_client.get(BLOCKS)


# --- charts and words


def steps(*counts: dict[str, int]) -> list[Step]:
    now = timezone.now()
    return [Step(begins_at=now + timedelta(hours=n), counts=one) for n, one in enumerate(counts)]


def test_bars_stand_on_each_other_and_fill_the_height_at_most() -> None:
    chart = stacked(
        steps({"sent": 60, "failed": 20}, {}, {"sent": 1}),
        series=[SENT, FAILED],
        height=80,
        words=WORDS["day"],
    )
    below, above = chart.columns[0].bars
    assert (below.y + below.height, above.y + above.height) == (80, below.y)
    assert above.y >= 0
    assert (chart.columns[1].bars, chart.totals) == ([], [61, 20])
    assert chart.columns[2].bars[0].height >= 1.5


@pytest.mark.parametrize("most", [0, 1, 4, 5, 9, 10, 11, 99, 101, 999, 12_345, 1_000_000])
def test_a_charts_top_is_round_and_not_far_above_what_it_shows(most: int) -> None:
    top = ceiling(most)
    assert max(most, 4) <= top <= max(most * 2, 8)
    assert top % 4 == 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.34, "340 ms"),
        (4.21, "4.2 s"),
        (59, "59 s"),
        (61, "1 min"),
        (3600, "1 h"),
        (11_530, "3 h 12 min"),
        (200_000, "2 d 7 h"),
    ],
)
def test_lengths_of_time_are_short(seconds: float, words: str) -> None:
    with translation.override("en"):
        assert wording.length(timedelta(seconds=seconds)) == words
