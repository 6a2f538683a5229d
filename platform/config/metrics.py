"""`/metrics`: what Prometheus collects, in its text format.

Nothing is counted in the web process itself: totals come from the rollups, gauges from indexes,
Redis and the broker, so that any process tells the same, also after a restart. A part that cannot
be read (the broker is away) is left out and said to be down, rather than failing the rest.

Labels hold names of events, providers, outcomes and processes, and nothing of any person.
"""

import ipaddress
from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from config import metric_totals
from config.version import VERSION
from notifications import alarms, figures, queues
from notifications.models import AuditRun
from notifications.publishing import BrokerUnavailable, publisher
from providers import routing
from providers.breaker import BreakerState

# A proxy in front adds one of these; whoever it lets in is not a neighbour of ours.
FORWARDED = ("X-Forwarded-For", "Forwarded")


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with all metrics, for those who may see them (METRICS_TOKEN, METRICS_ALLOWED).

    401 without the token where there is one; 403 from a foreign network where there is none.
    """
    if token := settings.METRICS_TOKEN:
        if not _has_token(request, token):
            headers = {"WWW-Authenticate": 'Bearer realm="metrics"'}
            return HttpResponse("METRICS_TOKEN is needed.\n", status=401, headers=headers)
    elif not _is_near(request):
        reason = "Not from here: set METRICS_TOKEN or METRICS_ALLOWED.\n"
        return HttpResponse(reason, status=403, content_type="text/plain")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(PostroomCollector(now=timezone.now()))
    return HttpResponse(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)


def _has_token(request: HttpRequest, token: str) -> bool:
    offered = request.headers.get("Authorization", "").removeprefix("Bearer ").strip()
    return constant_time_compare(offered, token)


def _is_near(request: HttpRequest) -> bool:
    if any(name in request.headers for name in FORWARDED):
        return False
    address = request.META.get("REMOTE_ADDR") or "127.0.0.1"  # none on a Unix socket
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in settings.METRICS_ALLOWED)


class PostroomCollector(Collector):
    """Reads everything once, at one moment."""

    def __init__(self, *, now: datetime) -> None:
        self._now = now

    def describe(self) -> list[Metric]:
        """Promise nothing beforehand: that would read everything twice."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Yield all metrics."""
        yield _gauge("build_info", "The version that answers.", {"version": VERSION}, 1)
        yield from metric_totals.collect()
        yield from _waiting(self._now)
        yield from _broker()
        yield from _providers(self._now)
        yield from _audit()
        yield from _processes()
        yield from _alarms(self._now)


def _gauge(name: str, about: str, labels: dict[str, str], value: float) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"postroom_{name}", about, labels=list(labels))
    family.add_metric(list(labels.values()), value)
    return family


def _family(name: str, about: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"postroom_{name}", about, labels=labels)


def _waiting(now: datetime) -> Iterator[Metric]:
    standing = _family(
        "notifications", f"Notifications by status now, counted up to {figures.CAP}.", "status"
    )
    for status, count in figures.standing_now().items():
        standing.add_metric([status.value], count.count)
    yield standing
    oldest = figures.oldest_due(now=now)
    age = (now - oldest).total_seconds() if oldest else 0
    about = "How long the mail that has waited longest has been due; 0 if none is."
    yield _gauge("oldest_due_age_seconds", about, {}, max(age, 0))


def _broker() -> Iterator[Metric]:
    depth = _family("queue_messages", "Messages that wait in a queue of the broker.", "queue")
    is_up = 1
    try:
        for queue in queues.ALL:
            depth.add_metric([queue], publisher.depth(queue))
    except BrokerUnavailable:
        is_up = 0
    yield depth
    yield _gauge("broker_up", "Whether the broker answered.", {}, is_up)


def _providers(now: datetime) -> Iterator[Metric]:
    takes = _family("provider_takes_mail", "Whether mail may go to a provider now.", "provider")
    breaker = _family(
        "provider_breaker_state", "1 for the state that the breaker is in.", "provider", "state"
    )
    alarm = _family("provider_alarm", "Whether a person should look at the provider.", "provider")
    states = routing.states(now=now)
    for state in states:
        takes.add_metric([state.alias], state.takes_mail)
        alarm.add_metric([state.alias], state.alarm is not None)
        for possible in BreakerState:
            breaker.add_metric([state.alias, possible.value], state.breaker is possible)
    yield from (takes, breaker, alarm)
    about = "Whether breakers and rates are shared by all workers (through Redis)."
    yield _gauge("provider_state_shared", about, {}, all(state.shared for state in states))


def _audit() -> Iterator[Metric]:
    findings = _family("audit_findings", "What the last audit found.", "kind")
    run = AuditRun.objects.order_by("-at").first()
    if run is not None:
        findings.add_metric(["missing"], run.missing_count)
        findings.add_metric(["overdue"], run.overdue_count)
        about = "When the last audit was."
        yield _gauge("audit_timestamp_seconds", about, {}, run.at.timestamp())
    yield findings


def _processes() -> Iterator[Metric]:
    seen = _family(
        "heartbeat_timestamp_seconds",
        "When a process last showed that it lives.",
        "component",
        "instance",
    )
    for beat in figures.heartbeats():
        seen.add_metric([beat.component, beat.instance], beat.seen_at.timestamp())
    yield seen


def _alarms(now: datetime) -> Iterator[Metric]:
    family = _family("alarms", "Alarms that stand now, by their code; see /readyz.", "code")
    codes = [alarm.code for alarm in alarms.current(now=now)]
    for code in alarms.CODES:
        family.add_metric([code], codes.count(code))
    yield family
