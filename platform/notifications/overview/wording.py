"""Numbers and lengths of time, short and in the reader's language."""

from datetime import datetime, timedelta
from typing import Final

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from notifications.figures import Count

NOTHING: Final = "–"
MINUTE: Final = 60
HOUR: Final = 3600


def number(value: int) -> str:
    """Return a whole number with its thousands apart."""
    return formats.number_format(value, force_grouping=True)


def counted(count: Count) -> str:
    """Return a count; one that stopped at its cap with a plus."""
    return number(count.count) + ("+" if count.capped else "")


def percent(share: float | None) -> str:
    """Return a share (0 to 1) in per cent, with a decimal where it is small."""
    if share is None:
        return NOTHING
    digits = 1 if 0 < share < 0.1 else 0
    return f"{formats.number_format(share * 100, decimal_pos=digits)} %"


def length(duration: timedelta | None) -> str:
    """Return a length of time in the two units that matter: `340 ms`, `4.2 s`, `3 h 12 min`."""
    if duration is None:
        return NOTHING
    seconds = max(duration.total_seconds(), 0)
    return _short(seconds) if seconds < MINUTE else _long(int(seconds))


def _short(seconds: float) -> str:
    if seconds < 1:
        return _("%(n)d ms") % {"n": round(seconds * 1000)}
    if seconds < 10:
        return _("%(n)s s") % {"n": formats.number_format(seconds, decimal_pos=1)}
    return _("%(n)d s") % {"n": seconds}


def _long(seconds: int) -> str:
    days, hours = divmod(seconds // HOUR, 24)
    minutes = seconds % HOUR // MINUTE
    parts = [
        _("%(n)d d") % {"n": days} if days else "",
        _("%(n)d h") % {"n": hours} if hours else "",
        _("%(n)d min") % {"n": minutes} if minutes and not days else "",
    ]
    return " ".join(part for part in parts if part)


def ago(at: datetime | None, *, now: datetime) -> str:
    """Return how long ago something was."""
    if at is None:
        return _("never")
    return _("%(length)s ago") % {"length": length(now - at)}


def clock(at: datetime, *, every: timedelta | None = None) -> str:
    """Return the time of day; with `every`, only at multiples of it since midnight, else ""."""
    local = timezone.localtime(at)
    since_midnight = timedelta(hours=local.hour, minutes=local.minute)
    if every is not None and since_midnight % every:
        return ""
    return formats.time_format(local, "H:i")


def day_and_clock(at: datetime) -> str:
    """Return the day of the week and the time of day."""
    local = timezone.localtime(at)
    return f"{formats.date_format(local, 'D j')} {formats.time_format(local, 'H:i')}"


def midnight(at: datetime) -> str:
    """Return the day that begins at a moment, "" where none does."""
    local = timezone.localtime(at)
    return "" if local.hour else formats.date_format(local, "D j")
