"""What a person should look at now, gathered for health, metrics and the admin."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from notifications import heartbeats
from notifications.models import AuditRun
from providers import routing

CODES = ("provider", "limits_not_shared", "audit", "relay")
RELAY_SILENT_AFTER = timedelta(seconds=60)
"""The relay comes every few seconds by way of beat, broker and worker: silence means that one of
them is not there."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Something that does not mend itself.

    Attributes:
        code: a stable name, one of `CODES`.
        sentence: what is wrong, for an operator.
    """

    code: str
    sentence: str


def current(*, now: datetime) -> list[Alarm]:
    """Return the alarms that stand now.

    Raises:
        DatabaseError: the database cannot be asked.
    """
    return [*_providers(now), *_audit(), *_relay(now)]


def _providers(now: datetime) -> list[Alarm]:
    states = routing.states(now=now)
    found = [
        Alarm(code="provider", sentence=f"The provider {state.alias} takes no mail: {state.alarm}.")
        for state in states
        if state.alarm
    ]
    if not all(state.shared for state in states):
        sentence = (
            "Redis is out of reach: breakers and rate limits are each process's own, so a rate may"
            " be exceeded."
        )
        found.append(Alarm(code="limits_not_shared", sentence=sentence))
    return found


def _audit() -> list[Alarm]:
    run = AuditRun.objects.order_by("-at").first()
    if run is None or run.is_clean:
        return []
    sentence = (
        f"The audit found {run.missing_count} events without their mail and {run.overdue_count}"
        " overdue mails; run `manage.py audit`."
    )
    return [Alarm(code="audit", sentence=sentence)]


def _relay(now: datetime) -> list[Alarm]:
    seen_at = heartbeats.latest().get("relay")
    if seen_at is None or now - seen_at <= RELAY_SILENT_AFTER:
        return []
    sentence = (
        f"The relay was last seen at {seen_at:%Y-%m-%d %H:%M:%S} UTC: beat, broker or workers are"
        " away, and retries wait."
    )
    return [Alarm(code="relay", sentence=sentence)]
