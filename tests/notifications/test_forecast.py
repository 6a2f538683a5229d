"""When the attempts to come may take place."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from notifications.admin.backoff import picture
from notifications.forecast import coming_attempts
from notifications.models import Notification
from notifications.retries import RetryPolicy
from notifications.states import Status

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy(
    first_delay=timedelta(seconds=10),
    max_delay=timedelta(hours=4),
    floor=timedelta(seconds=1),
    max_attempts=6,
)


@pytest.fixture
def row() -> Notification:
    """A mail that failed twice and is due in a minute."""
    return Notification(
        status=Status.RETRYING,
        attempt_count=12,
        budget_attempt_base=10,
        next_attempt_at=NOW + timedelta(minutes=1),
        expires_at=NOW + timedelta(days=2),
    )


def test_the_next_attempt_is_known_and_the_later_ones_have_windows(row: Notification) -> None:
    coming = coming_attempts(row, policy=POLICY, now=NOW)
    assert [one.number for one in coming] == [3, 4, 5, 6]
    assert coming[0].is_exact
    assert coming[0].earliest == row.next_attempt_at
    after = [(one.earliest - NOW, one.latest - NOW) for one in coming[1:]]
    minute, second = timedelta(minutes=1), timedelta(seconds=1)
    assert after == [
        (minute + second, minute + 40 * second),
        (minute + 2 * second, minute + 120 * second),
        (minute + 3 * second, minute + 280 * second),
    ]


def test_nothing_comes_after_the_mails_life(row: Notification) -> None:
    row.expires_at = NOW + timedelta(seconds=61, milliseconds=500)
    coming = coming_attempts(row, policy=POLICY, now=NOW)
    assert [one.number for one in coming] == [3, 4]
    assert coming[-1].latest == row.expires_at


@pytest.mark.parametrize("status", [Status.SENT, Status.FAILED, Status.UNKNOWN, Status.CANCELLED])
def test_what_is_not_tried_again_has_no_attempts_to_come(row: Notification, status: Status) -> None:
    row.status = status
    assert coming_attempts(row, policy=POLICY, now=NOW) == []
    assert picture([]) is None


def test_the_picture_stays_within_its_frame(row: Notification) -> None:
    drawn = picture(coming_attempts(row, policy=POLICY, now=NOW))
    assert drawn is not None
    for bar in drawn.bars:
        assert 0 <= bar.x < bar.x + bar.width <= drawn.width
        assert bar.y + 14 <= drawn.height
    starts = [bar.x for bar in drawn.bars]
    assert starts == sorted(starts)


def test_who_is_due_is_drawn_from_now_on(
    row: Notification, enqueued: Callable[..., Notification]
) -> None:
    row.next_attempt_at = NOW - timedelta(hours=1)
    assert coming_attempts(row, policy=POLICY, now=NOW)[0].earliest == NOW
