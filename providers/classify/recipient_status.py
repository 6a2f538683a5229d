"""Reads what Anymail says became of each recipient, after an answer without an exception.

Anymail's vocabulary: https://anymail.dev/en/stable/sending/anymail_additions/#esp-send-status. It
raises only when every recipient is `invalid` or `rejected`; all else is judged here, because an ESP
may refuse with `failed` (Mailjet with 4xx, Scaleway) or leave a recipient `unknown` (Postmark's
422 whose text names no address).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import requests
from anymail.message import AnymailStatus
from django.core.mail import EmailMessage

from providers.classify.anymail_http import judge_answer
from providers.classify.verdicts import (
    RECIPIENT_INVALID,
    RECIPIENT_REJECTED,
    UNREADABLE_ANSWER,
    UNSENDABLE,
    Verdict,
    transient,
)

ACCEPTED = frozenset({"sent", "queued"})
REFUSED = frozenset({"invalid", "rejected", "failed"})

# Unisender Go's temporary_unavailable is the one `failed` that another try may mend
# (anymail/backends/unisender_go.py).
RECIPIENT_UNAVAILABLE = transient(
    "recipient_unavailable", "The provider cannot mail this recipient for the moment."
)


@dataclass(frozen=True, kw_only=True)
class Acceptance:
    """The provider took the mail for at least one recipient."""

    message_id: str
    refused: int = 0
    """For how many other recipients it did not."""


def status_of(message: EmailMessage) -> AnymailStatus:
    """Return what Anymail has put on a message that it sent."""
    status: AnymailStatus = getattr(message, "anymail_status")  # noqa: B009  # added at run time
    return status


def judge_recipients(status: AnymailStatus, *, esp: str) -> Acceptance | Verdict:
    """Return the acceptance, or what its lack means."""
    response = status.esp_response
    http = response if isinstance(response, requests.Response) else None
    statuses = [recipient.status for recipient in status.recipients.values()]
    if not statuses:
        # Nothing was posted, or the answer named nobody (Mandrill's empty list).
        return UNSENDABLE if response is None else UNREADABLE_ANSWER
    if any(one in ACCEPTED for one in statuses):
        refused = sum(one in REFUSED for one in statuses)
        return Acceptance(message_id=_message_id(status), refused=refused)
    if http is not None and http.status_code >= 400:
        return judge_answer(http, esp=esp)
    if all(one in REFUSED for one in statuses):
        return _judge_refused(statuses, http=http, esp=esp)
    message_id = _message_id(status)
    return Acceptance(message_id=message_id) if message_id else UNREADABLE_ANSWER


def _judge_refused(
    statuses: Iterable[str | None], *, http: requests.Response | None, esp: str
) -> Verdict:
    kinds = set(statuses)
    if kinds == {"failed"} and esp == "unisender_go":
        return RECIPIENT_UNAVAILABLE
    if kinds == {"failed"} and esp == "mailersend":
        # Its suppressions arrive as `rejected`; this is a success without id or warning.
        return UNREADABLE_ANSWER
    if kinds == {"failed"} and http is not None:
        verdict = judge_answer(http, esp=esp)
        if verdict is not UNREADABLE_ANSWER:
            return verdict
    return RECIPIENT_INVALID if kinds == {"invalid"} else RECIPIENT_REJECTED


def _message_id(status: AnymailStatus) -> str:
    found = status.message_id
    if isinstance(found, str):
        return found
    # Some ESPs give each recipient an id: the first accepted one's stands for the mail.
    ids = (one.message_id for one in status.recipients.values() if one.status in ACCEPTED)
    return str(next((one for one in ids if one), "") or found or "") if found else ""
