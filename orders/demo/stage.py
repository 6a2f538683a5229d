"""Lets the demo's story happen, at its own times, through the doors that real mail goes through."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F

from access.actors import Actor
from notifications import operations, tracking
from notifications.claims import claim
from notifications.models import (
    AttemptOutcome,
    DeliveryAttempt,
    DeliveryRollup,
    HourlyRollup,
    NextStep,
    Notification,
    ProviderEvent,
    Suppression,
)
from notifications.recording import record
from notifications.retries import Failure
from notifications.settlements import (
    Acceptance,
    Settlement,
    after_acceptance,
    after_failure,
    made_of,
)
from notifications.states import Status
from notifications.tickets import Ticketed
from notifications.tracking import Report, Reported
from orders import services
from orders.demo import providers_played as played
from orders.demo.providers_played import Answer
from orders.demo.story import PREFIX, Fate, Happening, Outage, Plot
from orders.models import Order, OrderEvent
from providers import routing
from templating.rendering import Rendered, render

ACTOR = Actor.system("manage.py demo")
PUT_OFF_AT_MOST = 3


class Stage:
    """One run of the demo: what the providers answer is drawn from `seed`."""

    def __init__(self, *, now: datetime, outage: Outage, seed: int) -> None:
        self.now = now
        self._outage = outage
        self._random = Random(seed)  # noqa: S311 - a story needs no secrets
        self._chain: list[str] = list(settings.EMAIL_PROVIDERS)
        self._reports: list[Report] = []
        self._reported_at: dict[str, datetime] = {}

    @transaction.atomic
    def play(self, plots: Iterable[Plot]) -> None:
        """Let some orders happen, with their mail.

        In one transaction, so that no worker sees the mail before it is where the story leaves it.
        """
        for plot in plots:
            first, *later = plot.happenings
            order = services.place_order(plot.order, at=first.at)
            self._deliver_all(order.events.get(), first)
            for one in later:
                event = services.record_event(
                    number=order.number, kind=one.kind, data=one.data, at=one.at
                )
                self._deliver_all(event, one)

    def finish(self) -> None:
        """Let the providers report what they would have reported, and have had their outage."""
        for start in range(0, len(self._reports), 200):
            tracking.take(self._reports[start : start + 200])
        events = ProviderEvent.objects.filter(fingerprint__in=self._reported_at)
        for event in events.iterator():
            event.received_at = event.processed_at = self._reported_at[event.fingerprint]
            event.save(update_fields=["received_at", "processed_at"])
        self._break_down()

    def _deliver_all(self, event: OrderEvent, happening: Happening) -> None:
        rows = Notification.objects.filter(reference=event.order.number, source_id=str(event.id))
        at = happening.at
        rows.update(
            created_at=at,
            budget_started_at=at,
            expires_at=at + (F("expires_at") - F("created_at")),
            relay_at=at,
        )
        for row in rows.exclude(status=Status.SUPPRESSED):
            self._deliver(row, happening.fate)

    def _deliver(self, row: Notification, fate: Fate) -> None:
        rendered = render(event=row.event, locale=row.locale, context=row.context)
        at = row.created_at + timedelta(seconds=self._random.lognormvariate(-0.5, 0.6))
        settlement: Settlement | None = None
        for number in range(settings.RETRY_MAX_ATTEMPTS):
            if at > self.now:
                break  # what is still to come happens for real
            [row] = claim([Ticketed(row.id, row.ticket)], now=at)
            settlement = self._settle(row, fate, rendered, at=at, number=number)
            record([settlement])
            if settlement.to != Status.RETRYING:
                break
            row = Notification.objects.get(pk=row.pk)
            assert row.next_attempt_at is not None  # noqa: S101 - a constraint of the table
            at = row.next_attempt_at + timedelta(milliseconds=self._random.randrange(20, 900))
        if fate is Fate.CANCELLED:
            operations.cancel([row.pk], actor=ACTOR, reason="The customer called: not wanted.")
        if settlement is not None and settlement.to == Status.SENT:
            self._report(row, fate, sent_at=settlement.at)

    def _settle(
        self, row: Notification, fate: Fate, rendered: Rendered, *, at: datetime, number: int
    ) -> Settlement:
        """Return what becomes of one claim."""
        first, *others = self._chain
        answer = self._answer(fate, number)
        attempts: list[DeliveryAttempt] = []
        provider = first
        if self._outage.holds(at):
            attempts.append(self._attempt(row, first, played.DOWN, at=at))
            if not others:
                return self._failed(row, played.DOWN, attempts)
            attempts[0].next_step, attempts[0].next_reason = NextStep.FAIL_OVER, played.DOWN.code
            provider, at = others[0], at + attempts[0].duration
        attempt = self._attempt(row, provider, answer, at=at)
        attempts.append(attempt)
        if answer is not played.ACCEPTED:
            return self._failed(row, answer, attempts)
        attempt.provider_message_id = f"demo-{row.id}-{row.ticket}"
        attempt.next_step = NextStep.DONE
        acceptance = Acceptance(
            provider=provider,
            provider_message_id=attempt.provider_message_id,
            status_code=answer.status_code,
            started_at=attempt.started_at,
            duration=attempt.duration,
            **made_of(rendered),
        )
        return after_acceptance(row, acceptance, attempts=attempts)

    def _answer(self, fate: Fate, number: int) -> Answer:
        match fate:
            case Fate.REFUSED:
                return played.REFUSED
            case Fate.BROKEN:
                return played.BROKEN
            case Fate.DOUBTED:
                return played.SILENT
            case Fate.STUCK | Fate.CANCELLED:
                return played.PUT_OFF
            case Fate.SLOW if number < self._random.randint(1, PUT_OFF_AT_MOST):
                return played.PUT_OFF
        return played.ACCEPTED

    def _attempt(
        self, row: Notification, provider: str, answer: Answer, *, at: datetime
    ) -> DeliveryAttempt:
        return DeliveryAttempt(
            notification=row,
            ticket=row.ticket,
            number=row.attempt_count + 1,
            provider="" if answer is played.BROKEN else provider,
            phase=answer.phase,
            outcome=answer.outcome,
            error_code=answer.code,
            summary=answer.summary,
            detail=answer.detail,
            status_code=answer.status_code,
            started_at=at,
            duration=played.took(self._random, answer),
        )

    def _failed(
        self, row: Notification, answer: Answer, attempts: list[DeliveryAttempt]
    ) -> Settlement:
        last = attempts[-1]
        ended_at = last.started_at + last.duration
        failure = Failure(outcome=AttemptOutcome(answer.outcome), code=answer.code)
        settlement = after_failure(row, failure, attempts=attempts, now=ended_at)
        if answer is played.SILENT:
            # As for an event whose policy is `hold`, which none of the shop's is.
            last.next_step, last.next_attempt_at = NextStep.HOLD, None
            settlement.to = Status.UNKNOWN
            settlement.changes.pop("next_attempt_at", None)
        if (due := settlement.changes.get("next_attempt_at")) is not None:
            settlement.changes["relay_at"] = due
        return settlement

    # --- what comes afterwards

    def _report(self, row: Notification, fate: Fate, *, sent_at: datetime) -> None:
        kind = {
            Fate.SENT: None,
            Fate.BOUNCED: Reported.BOUNCED,
            Fate.COMPLAINED: Reported.COMPLAINED,
        }.get(fate, Reported.DELIVERED)
        at = sent_at + timedelta(seconds=self._random.lognormvariate(2.2, 1.0))
        if kind is None or at > self.now:
            return
        row.refresh_from_db(fields=["provider", "provider_message_id"])
        fingerprint = f"demo-{row.id}"
        self._reported_at[fingerprint] = at
        self._reports.append(
            Report(
                provider=row.provider,
                kind=kind,
                fingerprint=fingerprint,
                notification_id=row.id,
                provider_message_id=row.provider_message_id,
                occurred_at=at,
                payload={"description": str(kind)},
            )
        )

    def _break_down(self) -> None:
        """Have the first provider's breaker open and close at the times of its outage."""
        first = self._chain[0]
        error, at = played.outage_error(first), self._outage.begins_at
        for _ in range(settings.PROVIDER_POLICY.breaker.failures):
            at += timedelta(seconds=1)
            routing.note_failure(first, error, now=at)
        routing.note_success(first, now=self._outage.ends_at)


def demo_orders() -> Any:
    """Return the orders that a demo has placed."""
    return Order.objects.filter(number__startswith=PREFIX, metadata__channel="demo")


def forget(*, tell: Callable[[str], None]) -> None:
    """Take all away that demos have made; counts of the past go as a whole."""
    for what, rows in _leftovers():
        deleted, _by_model = rows.delete()
        tell(f"{what}: {deleted} rows deleted")


def _leftovers() -> Iterator[tuple[str, Any]]:
    orders = demo_orders()
    numbers = orders.values("number")
    yield "notifications", Notification.objects.filter(reference__in=numbers)
    yield "provider events", ProviderEvent.objects.filter(fingerprint__startswith="demo-")
    addresses = orders.values("customer_email")
    yield "suppressions", Suppression.objects.filter(address__in=addresses)
    yield "counts", DeliveryRollup.objects.all()
    yield "counts by the hour", HourlyRollup.objects.all()
    yield "orders", orders
