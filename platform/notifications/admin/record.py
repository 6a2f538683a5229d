"""One notification's page: where it stands, what happened, what comes, and the mail itself."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from access.masking import mask_data, mask_name, mask_text, may_see_addresses
from access.models import AuditEntry
from notifications import causes, explanations
from notifications.admin import warnings
from notifications.admin.actions import offers_for
from notifications.admin.backoff import picture
from notifications.admin.badges import OUTCOME_COLOURS, REPORT_COLOURS, STATUS_COLOURS
from notifications.admin.mail import shown_mail
from notifications.forecast import coming_attempts
from notifications.models import DeliveryAttempt, Notification, ProviderEvent
from notifications.retries import RetryPolicy
from notifications.states import OPEN, Action, Status

LIVE = "admin/notifications/notification/live.html"
OTHERS = 20
QUIET = frozenset(Status) - OPEN - {Status.SENT}
"""States in which nothing is to be expected, and a page asks seldom."""
ACTION_NAMES = {f"notification.{action.value}": action.label for action in Action} | {
    "notification.resolve": gettext_lazy("Resolved"),
}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One thing that happened, for the timeline."""

    at: datetime
    kind: str
    attempt: DeliveryAttempt | None = None
    event: ProviderEvent | None = None
    audit: AuditEntry | None = None
    colour: str = ""
    label: str = ""
    decision: str = ""
    milliseconds: int = 0
    raw: str = ""


def page_context(row: Notification, user: Any) -> dict[str, Any]:
    """Return what the whole page shows; `row` is masked already where it is to be."""
    masked = not may_see_addresses(user)
    mail = shown_mail(row, masked=masked)
    return {
        "row": row,
        "title": str(row),
        "mail": mail,
        "masked": masked,
        "cause": _cause(row, user, masked=masked),
        "others": _others(row),
        "status_colours": STATUS_COLOURS,
        "context_json": _as_text(row.context),
        "live": live_fragment(row, user),
    }


def live_fragment(row: Notification, user: Any) -> str:
    """Return the part of the page that changes by itself, as HTML."""
    html = render_to_string(LIVE, _live_context(row, user))
    # What the page has seen is said by a digest: an unchanged part is not sent again.
    return html.replace("@@digest@@", digest_of(html))


def digest_of(html: str) -> str:
    """Return what stands for a rendered part."""
    return sha256(html.encode()).hexdigest()[:16]


def _live_context(row: Notification, user: Any) -> dict[str, Any]:
    outlook = explanations.outlook(row)
    # To the minute, or every look at a mail that is due would find another picture.
    minute = timezone.now().replace(second=0, microsecond=0)
    coming = coming_attempts(row, policy=RetryPolicy.from_settings(), now=minute)
    suppressed = warnings.is_suppressed(_stored(row, user))
    return {
        "row": row,
        "colour": STATUS_COLOURS[row.status],
        "outlook": outlook,
        "entries": sorted(_entries(row, user), key=lambda entry: entry.at, reverse=True),
        "backoff": picture(coming),
        "offers": offers_for(row, user),
        "may_have_arrived": row.status in {Status.FAILED, Status.UNKNOWN, Status.RETRYING}
        and warnings.may_have_arrived(row),
        "is_suppressed": suppressed,
        "can_suppress": not suppressed
        and not row.erased_at
        and user.has_perm("notifications.add_suppression"),
        "can_release": suppressed and user.has_perm("notifications.delete_suppression"),
        "every": 10_000 if row.status in QUIET else 2_000,
    }


def _stored(row: Notification, user: Any) -> Notification:
    """Return the row with its real recipient, to look it up on the suppression list."""
    if may_see_addresses(user):
        return row
    return Notification.objects.only("recipient").get(pk=row.pk)


def _entries(row: Notification, user: Any) -> list[Entry]:
    masked = not may_see_addresses(user)
    attempts = [_of_attempt(attempt, masked=masked) for attempt in row.attempts.all()]
    events = [_of_event(event, masked=masked) for event in row.provider_events.all()]
    created = Entry(at=row.created_at, kind="created", label=_("Caused by %s") % row.event)
    return [created, *attempts, *events, *_of_people(row, user)]


def _of_attempt(attempt: DeliveryAttempt, *, masked: bool) -> Entry:
    if masked:
        attempt.summary, attempt.detail = mask_text(attempt.summary), mask_text(attempt.detail)
    return Entry(
        at=attempt.started_at,
        kind="attempt",
        attempt=attempt,
        colour=OUTCOME_COLOURS[attempt.outcome],
        decision=explanations.decision(attempt),
        milliseconds=attempt.duration // timedelta(milliseconds=1),
        raw=attempt.detail,
    )


def _of_event(event: ProviderEvent, *, masked: bool) -> Entry:
    payload = mask_data(event.payload, of_person=True) if masked else event.payload
    return Entry(
        at=event.occurred_at or event.received_at,
        kind="event",
        event=event,
        colour=REPORT_COLOURS.get(event.event_type, "info"),
        raw=_as_text(payload) if payload else "",
    )


def _of_people(row: Notification, user: Any) -> list[Entry]:
    if not user.has_perm("access.view_auditentry"):
        return []
    found = AuditEntry.objects.filter(target_type="notification", target_id=str(row.pk))
    return [
        Entry(
            at=entry.at,
            kind="person",
            audit=entry,
            label=str(ACTION_NAMES.get(entry.action, entry.action)),
        )
        for entry in found
    ]


def _cause(row: Notification, user: Any, *, masked: bool) -> dict[str, Any] | None:
    cause = causes.cause_of(row)
    if cause is None:
        return None
    return {
        "title": cause.title,
        "url": cause.url if user.has_perm(cause.permission) else "",
        "facts": [
            (fact.label, mask_name(fact.value) if masked and fact.is_private else fact.value)
            for fact in cause.facts
        ],
    }


def _others(row: Notification) -> list[Notification]:
    """Return the other mail of the same cause, newest first."""
    if not row.reference:
        return []
    same = Notification.objects.filter(reference=row.reference).exclude(pk=row.pk)
    return list(same.defer("context").order_by("-created_at")[:OTHERS])


def _as_text(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, indent=2, cls=DjangoJSONEncoder)
