"""The counters and histograms of `/metrics`: what was ever counted, from `notifications.totals`."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import accumulate

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily
from prometheus_client.metrics_core import Metric

from notifications.figures import ATTEMPT
from notifications.histogram import BOUNDS
from notifications.states import Status
from notifications.totals import Total, accepted_totals, totals

FAILED_BECAUSE = f"{Status.FAILED}."
# What became of notifications, each with a counter of its own: status -> (name, what it counts).
ENDINGS = {
    Status.SENT.value: ("sent", "Notifications that a provider accepted."),
    Status.RETRYING.value: ("retries", "Decisions to try a notification again."),
    Status.UNKNOWN.value: ("unknown", "Notifications held because their outcome is unknown."),
    Status.SUPPRESSED.value: ("suppressed", "Notifications not sent to a suppressed address."),
}
LE = [*(str(bound.total_seconds()) for bound in BOUNDS), "+Inf"]


def collect() -> Iterator[Metric]:
    """Yield the counters and histograms."""
    found = totals()
    yield _accepted()
    yield from _endings(found)
    yield _failed(found)
    yield from _attempts(found)
    yield _event_to_sent(found)


def _counter(name: str, about: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"postroom_{name}", about, labels=labels)


def _accepted() -> Metric:
    family = _counter("accepted", "Notifications enqueued with their cause.", "event")
    for event, count in accepted_totals().items():
        family.add_metric([event], count)
    return family


def _endings(found: Sequence[Total]) -> Iterator[Metric]:
    for status, (name, about) in ENDINGS.items():
        family = _counter(name, about, "event")
        for total in found:
            if not total.provider and total.outcome == status:
                family.add_metric([total.event], total.count)
        yield family


def _failed(found: Sequence[Total]) -> Metric:
    family = _counter("failed", "Dead letters, by reason.", "event", "reason")
    for total in found:
        if not total.provider and total.outcome.startswith(FAILED_BECAUSE):
            reason = total.outcome.removeprefix(FAILED_BECAUSE)
            family.add_metric([total.event, reason], total.count)
    return family


def _attempts(found: Sequence[Total]) -> Iterator[Metric]:
    """Yield attempts by provider: events are left out, or there would be too many series."""
    counter = _counter("attempts", "Attempts, by how they ended.", "provider", "outcome")
    histogram = HistogramMetricFamily(
        "postroom_attempt_duration_seconds",
        "How long a provider took to answer.",
        labels=("provider", "outcome"),
    )
    sums: defaultdict[tuple[str, str], _Histogram] = defaultdict(_Histogram)
    for total in found:
        if total.outcome.startswith(ATTEMPT):
            sums[total.provider, total.outcome.removeprefix(ATTEMPT)].add(total)
    for labels, summed in sorted(sums.items()):
        counter.add_metric(labels, summed.count)
        histogram.add_metric(labels, summed.buckets(), summed.seconds())
    yield from (counter, histogram)


def _event_to_sent(found: Sequence[Total]) -> Metric:
    family = HistogramMetricFamily(
        "postroom_event_to_sent_seconds",
        "From the event (or the time that a mail was meant for) to its acceptance.",
        labels=("event",),
    )
    for total in found:
        if not total.provider and total.outcome == Status.SENT:
            summed = _Histogram()
            summed.add(total)
            family.add_metric([total.event], summed.buckets(), summed.seconds())
    return family


class _Histogram:
    """Adds up what was counted; Prometheus' buckets hold all that are smaller, too."""

    def __init__(self) -> None:
        self.count = 0
        self._duration = timedelta()
        self._counts = [0] * len(LE)

    def add(self, total: Total) -> None:
        self.count += total.count
        self._duration += total.duration
        self._counts = [ours + more for ours, more in zip(self._counts, total.buckets, strict=True)]

    def buckets(self) -> list[tuple[str, float]]:
        # What was counted before there were buckets is in the count and the sum alone: it went
        # into the last one, so that a histogram is never smaller than its count.
        missing = self.count - sum(self._counts)
        counts = [*self._counts[:-1], self._counts[-1] + missing]
        return list(zip(LE, map(float, accumulate(counts)), strict=True))

    def seconds(self) -> float:
        return self._duration.total_seconds()
