"""When the attempts to come may take place, if all of them fail: the backoff ahead, as a value."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from notifications.models import Notification
from notifications.retries import RetryPolicy
from notifications.states import OPEN, Status


@dataclass(frozen=True, kw_only=True)
class Coming:
    """The window in which one attempt takes place if those before it fail.

    Attributes:
        number: which attempt of the present budget it is.
        earliest: with the shortest waits before it.
        latest: with the longest; never after the mail's life ends.
    """

    number: int
    earliest: datetime
    latest: datetime

    @property
    def is_exact(self) -> bool:
        """Whether the moment is known: it was decided when the last attempt failed."""
        return self.earliest == self.latest


def coming_attempts(
    row: Notification, *, policy: RetryPolicy, now: datetime, most: int = 8
) -> list[Coming]:
    """Return the next attempts of a mail that is still to be sent; none for any other.

    Args:
        row: the notification.
        policy: the schedule.
        now: the present.
        most: no more than so many.
    """
    if row.status not in OPEN:
        return []
    return list(_windows(row, policy=policy, now=now, most=most))


def _windows(
    row: Notification, *, policy: RetryPolicy, now: datetime, most: int
) -> Iterator[Coming]:
    start = _start(row, now=now)
    earliest = latest = start
    first = row.attempts_in_budget + 1
    for number in range(first, min(policy.max_attempts, first + most - 1) + 1):
        if number > first:
            earliest += min(policy.floor, policy.ceiling(number - 1))
            latest += policy.ceiling(number - 1)
        if earliest >= row.expires_at:
            return
        yield Coming(number=number, earliest=earliest, latest=min(latest, row.expires_at))


def _start(row: Notification, *, now: datetime) -> datetime:
    if row.status == Status.RETRYING and row.next_attempt_at is not None:
        return max(row.next_attempt_at, now)
    return now
