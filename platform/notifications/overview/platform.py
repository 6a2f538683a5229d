"""The overview's blocks about the machinery: providers, processes, queues, audit, configuration."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications import figures, queues
from notifications.heartbeats import FORGOTTEN_AFTER
from notifications.models import AttemptOutcome, AuditRun
from notifications.overview import wording
from notifications.overview.charts import WORDS, Chart, Series, stacked
from notifications.publishing import BrokerUnavailable, publisher
from providers import routing
from providers.breaker import BreakerState
from providers.routing import ProviderState

QUIET_AFTER = timedelta(seconds=30)
"""As `/readyz` has it: longer than SQLite may make a sign of life wait for its turn to write."""
COMPONENTS = {
    "worker": gettext_lazy("Worker"),
    "beat": gettext_lazy("Beat"),
    "relay": gettext_lazy("Relay"),
}
ATTEMPT_SERIES = (
    Series(outcomes=(AttemptOutcome.ACCEPTED,), label=gettext_lazy("Accepted"), colour="sent"),
    Series(
        outcomes=(AttemptOutcome.TRANSIENT, AttemptOutcome.UNKNOWN),
        label=gettext_lazy("Failed for now"),
        colour="retrying",
    ),
    Series(
        outcomes=(AttemptOutcome.PERMANENT, AttemptOutcome.CONFIGURATION),
        label=gettext_lazy("Refused"),
        colour="failed",
    ),
)
CHANGES_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Change:
    """One line of a provider's history."""

    ago: str
    what: str
    why: str


@dataclass(frozen=True, kw_only=True)
class ProviderCard:
    """One provider: how it stands, what it did lately, and how it came to stand so."""

    alias: str
    type: str
    state: str
    colour: str
    why: str
    rate: str
    attempts: str
    error_rate: str
    is_failing: bool
    p50: str
    p95: str
    chart: Chart
    history: list[Change]


def providers(*, now: datetime) -> list[ProviderCard]:
    """Return the chain of providers, in the order in which they are tried."""
    lately = figures.traffic(now - timedelta(hours=1), now)
    cards = []
    for state in routing.states(now=now):
        traffic = lately.get(state.alias)
        name, colour, why = _standing(state, now=now)
        rate = traffic.error_rate if traffic else None
        course = figures.course("day", now=now, provider=state.alias)
        cards.append(
            ProviderCard(
                alias=state.alias,
                type=state.type,
                state=name,
                colour=colour,
                why=why,
                rate=state.rate or _("unlimited"),
                attempts=wording.number(traffic.attempts if traffic else 0),
                error_rate=wording.percent(rate),
                is_failing=rate is not None and rate >= FAILING,
                p50=wording.length(traffic.latency.p50 if traffic else None),
                p95=wording.length(traffic.latency.p95 if traffic else None),
                chart=stacked(course, series=ATTEMPT_SERIES, height=44, words=WORDS["day"]),
                history=list(_history(state.alias, now=now)),
            )
        )
    return cards


FAILING = 0.1
"""The error rate of the last hour from which it is shown in red."""


def _standing(state: ProviderState, *, now: datetime) -> tuple[str, str, str]:
    """Return how a provider stands: in a word, its colour, and in a sentence."""
    if state.pause is not None:
        length = wording.length(state.pause.until - now)
        why = _("Left alone for another %(length)s: %(reason)s.")
        colour = "danger" if state.pause.is_alarm else "warning"
        return _("Paused"), colour, why % {"length": length, "reason": state.pause.reason}
    if state.breaker is BreakerState.CLOSED:
        return _("Takes mail"), "success", ""
    if state.breaker is BreakerState.HALF_OPEN:
        return _("Being probed"), "warning", _("One mail tries whether it works again.")
    soon = state.probe_at is None or state.probe_at <= now
    when = _("with the next mail") if soon else wording.length(state.probe_at - now)  # type: ignore[operator]
    why = _("Its breaker is open (%(reason)s); next probe: %(when)s.")
    return _("Takes no mail"), "danger", why % {"reason": state.reason, "when": when}


def _history(alias: str, *, now: datetime) -> Iterator[Change]:
    words = {
        BreakerState.OPEN.value: _("Breaker opened"),
        BreakerState.HALF_OPEN.value: _("Probed"),
        BreakerState.CLOSED.value: _("Breaker closed"),
        "paused": _("Paused"),
        "resumed": _("Resumed"),
    }
    for change in routing.history(alias)[:CHANGES_SHOWN]:
        what = words.get(str(change.change), str(change.change))
        yield Change(ago=wording.ago(change.at, now=now), what=what, why=change.reason)


@dataclass(frozen=True, kw_only=True)
class Process:
    """One long-running process, or a part that was never seen."""

    name: str | Promise
    instance: str
    seen: str
    colour: str


def processes(*, now: datetime) -> list[Process]:
    """Return the signs of life of workers, beat and relay."""
    beats = figures.heartbeats()
    found = []
    for component, name in COMPONENTS.items():
        instances = [one for one in beats if one.component == component]
        if not instances:
            missing = Process(name=name, instance="", seen=_("never seen"), colour="danger")
            found.append(missing)
        for one in instances:
            quiet = now - one.seen_at
            if quiet > FORGOTTEN_AFTER:
                continue
            colour = "success" if quiet <= QUIET_AFTER else "danger"
            seen = wording.ago(one.seen_at, now=now)
            found.append(Process(name=name, instance=one.instance, seen=seen, colour=colour))
    return found


@dataclass(frozen=True, kw_only=True)
class Queue:
    """One of the broker's queues; `depth` is None while the broker does not answer."""

    name: str
    meaning: str
    depth: str | None


def broker_queues() -> list[Queue]:
    """Return how much lies in each queue; a broker that is away costs half a second at most."""
    meanings = {
        queues.LIVE: _("mail that somebody waits for"),
        queues.BACKLOG: _("batches of the relay and of redrives"),
        queues.PERIODIC: _("upkeep"),
    }
    return [Queue(name=name, meaning=meanings[name], depth=_depth(name)) for name in queues.ALL]


def _depth(queue: str) -> str | None:
    try:
        return wording.number(publisher.depth(queue))
    except BrokerUnavailable:
        return None


@dataclass(frozen=True, kw_only=True)
class Audit:
    """What the last audit found."""

    ago: str
    verdict: str
    colour: str


def last_audit(*, now: datetime) -> Audit:
    """Return the result of the last audit."""
    run = AuditRun.objects.order_by("-at").first()
    if run is None:
        return Audit(ago="", verdict=_("Not run yet; beat starts it every 5 minutes."), colour="")
    ago = wording.ago(run.at, now=now)
    if run.is_clean:
        verdict = _("Clean: every event has its mail, and nothing is overdue.")
        return Audit(ago=ago, verdict=verdict, colour="success")
    verdict = _("%(missing)s events without their mail, %(overdue)s mails overdue.") % {
        "missing": wording.number(run.missing_count),
        "overdue": wording.number(run.overdue_count),
    }
    return Audit(ago=ago, verdict=verdict, colour="danger")


def configuration() -> list[tuple[str, str]]:
    """Return what is configured, without credentials."""
    chain = [f"{alias} ({mailer['TYPE']})" for alias, mailer in settings.MAILERS.items()]
    return [
        (_("Mode"), _("development") if settings.DEBUG else _("production")),
        (_("Providers, in order"), " → ".join(_deduplicated(chain))),
        (_("Database"), connection.display_name),
        (_("Broker"), place(settings.CELERY_BROKER_URL)),
        (_("Sender"), settings.DEFAULT_FROM_EMAIL),
        (
            _("Retries"),
            _("%(n)d attempts within %(age)s, backoff %(first)s to %(last)s")
            % {
                "n": settings.RETRY_MAX_ATTEMPTS,
                "age": wording.length(settings.EXPIRES_AFTER),
                "first": wording.length(settings.RETRY_FIRST_DELAY),
                "last": wording.length(settings.RETRY_MAX_DELAY),
            },
        ),
        (_("Personal data"), _("erased after %(n)d days") % {"n": settings.RETENTION_DAYS}),
        (_("Time zone"), settings.TIME_ZONE),
    ]


def _deduplicated(chain: list[str]) -> list[str]:
    """`console (console)` says it twice."""
    pairs = (entry.rstrip(")").split(" (") for entry in chain)
    return [alias if alias == kind else f"{alias} ({kind})" for alias, kind in pairs]


def place(url: str) -> str:
    """Return kind and host of a broker's address, without what it keeps secret."""
    parts = urlsplit(url)
    kind = parts.scheme.partition("+")[0]
    return f"{kind}: {parts.hostname or _('socket on this machine')}"
