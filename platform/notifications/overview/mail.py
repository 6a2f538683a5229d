"""The overview's blocks about mail: today's figures, the chart, how fast, what needs a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications import explanations, figures
from notifications.admin.badges import STATUS_COLOURS
from notifications.figures import Comparison, Count
from notifications.models import Notification
from notifications.overview import wording
from notifications.overview.charts import WORDS, Chart, Series, stacked
from notifications.states import NEEDS_ATTENTION, Status

SPANS = {
    "hour": (gettext_lazy("Hour"), timedelta(hours=1)),
    "day": (gettext_lazy("Day"), timedelta(days=1)),
    "week": (gettext_lazy("Week"), timedelta(days=7)),
}
"""The lengths of time that the chart shows, by the names of `figures.COURSES`."""
DEFAULT_SPAN = "day"
SERIES = (
    Series(outcomes=("sent",), label=gettext_lazy("Sent"), colour="sent"),
    Series(outcomes=("retrying",), label=gettext_lazy("To be retried"), colour="retrying"),
    Series(outcomes=("unknown",), label=gettext_lazy("Unknown outcome"), colour="unknown"),
    Series(outcomes=("failed",), label=gettext_lazy("Failed"), colour="failed"),
)
NAMED = 6
"""So many of the mails that need a person are shown."""


@dataclass(frozen=True, kw_only=True)
class Card:
    """One large figure: what it is, how it compares, what it means, and where the mails are."""

    label: str | Promise
    value: str
    notes: tuple[str, ...]
    meaning: str | Promise
    url: str
    colour: str
    trend: str = ""


def cards(*, now: datetime) -> list[Card]:
    """Return today's figures against yesterday's, and what stands now."""
    compared, standing = figures.today_against_yesterday(now=now), figures.standing_now()
    sent, failed = compared.today.get("sent", 0), compared.today.get("failed", 0)
    return [
        Card(
            label=_("Sent today"),
            value=wording.number(sent),
            notes=(_yesterday(compared, "sent"),),
            trend=_trend(compared, "sent"),
            meaning=_("Mails that a provider accepted since midnight."),
            url=mails(Status.SENT),
            colour="sent",
        ),
        Card(
            label=_("Retrying now"),
            value=wording.counted(standing[Status.RETRYING]),
            notes=(
                _("%(n)s queued") % {"n": wording.counted(standing[Status.QUEUED])},
                _("%(n)s being sent") % {"n": wording.counted(standing[Status.SENDING])},
            ),
            meaning=_("Mails that failed for a passing reason and are tried again by themselves."),
            url=mails(Status.RETRYING),
            colour="retrying",
        ),
        Card(
            label=_("Failed today"),
            value=wording.number(failed),
            notes=(_standing(standing[Status.FAILED]), _yesterday(compared, "failed")),
            trend=_trend(compared, "failed"),
            meaning=_("Dead letters: they are not tried again unless a person redrives them."),
            url=mails(Status.FAILED),
            colour="failed",
        ),
        Card(
            label=_("Unknown outcome today"),
            value=wording.number(compared.today.get("unknown", 0)),
            notes=(_standing(standing[Status.UNKNOWN]), _yesterday(compared, "unknown")),
            trend=_trend(compared, "unknown"),
            meaning=_("A provider may have taken them; a person says whether they arrived."),
            url=mails(Status.UNKNOWN),
            colour="unknown",
        ),
    ]


def mails(status: Status) -> str:
    """Return the address of the list of notifications in a status."""
    query = urlencode({"status": status.value})
    return f"{reverse('admin:notifications_notification_changelist')}?{query}"


def _standing(count: Count) -> str:
    if not count.count:
        return _("none waits for a person")
    return _("%(n)s wait for a person") % {"n": wording.counted(count)}


def _yesterday(compared: Comparison, outcome: str) -> str:
    so_far = wording.number(compared.yesterday_so_far.get(outcome, 0))
    return _("%(n)s yesterday by now") % {"n": so_far}


def _trend(compared: Comparison, outcome: str) -> str:
    today, before = compared.today.get(outcome, 0), compared.yesterday_so_far.get(outcome, 0)
    if not before or today == before:
        return ""
    change = (today - before) / before
    sign = "+" if change > 0 else "−"
    return f"{sign}{wording.percent(abs(change))}"


def chart(span: str, *, now: datetime) -> Chart:
    """Return throughput and failures over time."""
    steps = figures.course(span, now=now)
    return stacked(steps, series=SERIES, height=200, words=WORDS[span])


@dataclass(frozen=True, kw_only=True)
class Speed:
    """How long mail waits and takes, in words."""

    oldest: str
    is_late: bool
    p50: str
    p95: str
    p99: str
    sent: str


LATE = timedelta(minutes=10)
"""The audit takes a mail that has been due for so long for stuck."""


def speed(span: str, *, now: datetime) -> Speed:
    """Return the age of the oldest due mail, and the time from event to sent in the span."""
    due_since = figures.oldest_due(now=now)
    taken = figures.time_to_sent(now - SPANS[span][1], now)
    return Speed(
        oldest=wording.length(now - due_since) if due_since else _("nothing is due"),
        is_late=due_since is not None and now - due_since > LATE,
        p50=wording.length(taken.p50),
        p95=wording.length(taken.p95),
        p99=wording.length(taken.p99),
        sent=wording.number(taken.count),
    )


@dataclass(frozen=True, kw_only=True)
class Concern:
    """One mail that waits for a person; no address, for the order is what people ask about."""

    url: str
    reference: str
    event: str
    status: str
    colour: str
    why: str
    since: str


def concerns(*, now: datetime) -> list[Concern]:
    """Return the newest mails that wait for a person."""
    rows: list[Notification] = []
    for status in NEEDS_ATTENTION:
        newest = Notification.objects.filter(status=status).order_by("-created_at")
        rows += newest.defer("context")[:NAMED]
    return [_concern(row, now=now) for row in _newest(rows)]


def _newest(rows: Sequence[Notification]) -> list[Notification]:
    return sorted(rows, key=lambda row: row.created_at, reverse=True)[:NAMED]


def _concern(row: Notification, *, now: datetime) -> Concern:
    return Concern(
        url=reverse("admin:notifications_notification_change", args=[row.pk]),
        reference=row.reference or row.event,
        event=row.event,
        status=str(Status(row.status).label),
        colour=STATUS_COLOURS[row.status],
        why=explanations.outlook(row).why,
        since=wording.ago(row.finished_at or row.created_at, now=now),
    )
