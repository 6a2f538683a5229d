"""From a provider's webhook to the reports that `tracking` takes."""

import json
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID

from notifications.tracking import Report, Reported
from providers.masking import mask
from providers.webhooks import Tracked

# Anymail's event types: https://anymail.dev/en/stable/sending/tracking/#event-types
# All others (queued, deferred, opened, clicked, …) change nothing and are kept under their names.
KINDS: Mapping[str, Reported] = {
    "sent": Reported.ACCEPTED,
    "delivered": Reported.DELIVERED,
    "bounced": Reported.BOUNCED,
    "rejected": Reported.REJECTED,
    "failed": Reported.REJECTED,
    "complained": Reported.COMPLAINED,
}
# PostgreSQL stores neither, in texts or in JSON.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
SHOWN = 500
LONGEST_ID = 255


def to_report(alias: str, event: Tracked) -> Report:
    """Return the report of one event of the provider called `alias`, without addresses."""
    message_id = _clean(event.message_id)[:LONGEST_ID]
    return Report(
        provider=alias,
        kind=KINDS.get(event.kind, event.kind),
        fingerprint=_fingerprint(event),
        notification_id=_notification_id(event.metadata),
        provider_message_id=message_id,
        # Some providers' own id is the Message-ID that we gave.
        message_id=message_id,
        ticket=_ticket(event.metadata),
        recipient=event.recipient,
        occurred_at=event.occurred_at,
        is_permanent=event.is_permanent,
        payload={
            name: _clean(mask(text, recipients=[event.recipient])[:SHOWN])
            for name, text in (
                ("description", event.description),
                ("response", event.response),
                ("reason", event.reason),
            )
            if text
        },
    )


def _fingerprint(event: Tracked) -> str:
    """Tell the event from all others of its provider, however often it is sent.

    By the provider's id where there is one; together with kind and recipient, because SES gives one
    id to what it reports of several recipients. Otherwise by all that the provider says.
    """
    if event.event_id:
        identity: Any = [event.event_id, event.kind, event.recipient]
    else:
        raw = dict(event.raw) if isinstance(event.raw, Mapping) else event.raw
        identity = [event.kind, event.recipient, raw]
    return sha256(json.dumps(identity, sort_keys=True, default=str).encode()).hexdigest()


def _notification_id(metadata: Mapping[str, Any]) -> UUID | None:
    try:
        return UUID(str(metadata.get("notification_id", "")))
    except ValueError:
        return None


def _ticket(metadata: Mapping[str, Any]) -> int | None:
    # Digits and no more: it came from outside.
    text = str(metadata.get("ticket", ""))
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def _clean(text: str) -> str:
    return UNSTORABLE.sub("�", text)
