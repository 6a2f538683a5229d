"""How long a provider asks us to wait (RFC 9110, section 10.2.3)."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

LONGEST_WAIT = timedelta(hours=1)
"""More is not believed: a provider's mistake must not stop all mail for a day."""


def read_retry_after(
    headers: Mapping[str, str], *, now: datetime | None = None
) -> timedelta | None:
    """Return what `Retry-After` says, in seconds or as an HTTP date; None without a usable one.

    The result lies between 0 and `LONGEST_WAIT`. `headers` may spell the name in any case.
    """
    value = next((text for name, text in headers.items() if name.lower() == "retry-after"), None)
    if value is None:
        return None
    wait = _wait(value.strip(), now=now or datetime.now(tz=UTC))
    return None if wait is None else min(max(wait, timedelta(0)), LONGEST_WAIT)


def _wait(value: str, *, now: datetime) -> timedelta | None:
    if value.isascii() and value.replace(".", "", 1).isdigit():
        # Cut before it becomes a timedelta, which overflows.
        return timedelta(seconds=min(float(value), LONGEST_WAIT.total_seconds()))
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment - now
