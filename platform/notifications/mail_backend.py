"""Django's `EMAIL_BACKEND`: whatever calls `send_mail` gets Postroom's delivery and records.

One notification is kept for each message, with all its recipients, To, Cc and Bcc: what its author
wrote leaves as one mail, and nobody's copy shows other recipients than it was meant to. The first
recipient names it in lists; a bounce suppresses the address that bounced.

Enqueued in the caller's transaction where there is one, so that a rolled-back sign-up mails nobody.
Workers hand over on the providers' own connections and never come here.
"""

import copy
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from email.utils import parseaddr
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.translation import get_language

from notifications import outbox, stored_mail
from notifications.models import READY_MADE, Role

log = structlog.get_logger()

SOURCE_TYPE = "django.mail"
IDEMPOTENCY_HEADER = "idempotency-key"
LONGEST_KEY = 150
LONGEST_ADDRESS = 320


class OutboxEmailBackend(BaseEmailBackend):
    """Takes mail by writing it down; a worker sends it.

    `message.send_at` (as Anymail has it) schedules it. The header `Idempotency-Key`, which does not
    leave, makes it safe to send again what may have been sent before.
    """

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Enqueue the messages, or none of them if one is refused; return how many they were.

        Raises:
            MailRefused, BadHeaderError: a message cannot be taken (unless `fail_silently`).
        """
        try:
            new = [_new(message) for message in email_messages if message.recipients()]
            with transaction.atomic():
                outbox.enqueue(new)
        except (ValueError, DatabaseError):
            if not self.fail_silently:
                raise
            log.exception("mail_refused")
            return 0
        return len(new)


def _new(message: EmailMessage) -> outbox.NewNotification:
    key, mail = _without_key(message)
    ready = stored_mail.read(mail)
    name, address = parseaddr(ready.recipients[0])
    if not address or len(address) > LONGEST_ADDRESS:
        raise stored_mail.Unsupported("The first recipient is no address.")
    return outbox.NewNotification(
        event=READY_MADE,
        recipient=address,
        recipient_name=name[:200],
        role=Role.RECIPIENT,
        locale=(get_language() or settings.DEFAULT_LOCALE)[:35],
        context={},
        idempotency_key=f"{SOURCE_TYPE}:{key or uuid4()}",
        source_type=SOURCE_TYPE,
        source_id="",
        reference="",
        reply_to=parseaddr(ready.reply_to)[1][:LONGEST_ADDRESS],
        tags=tuple(str(tag) for tag in ready.envelope["carried"].get("tags", ())),
        send_at=_moment(getattr(message, "send_at", None)),
        ready=ready,
    )


def _without_key(message: EmailMessage) -> tuple[str, EmailMessage]:
    """Return the message's idempotency key, and the message without it."""
    kept = {
        name: value
        for name, value in message.extra_headers.items()
        if name.lower() != IDEMPOTENCY_HEADER
    }
    if len(kept) == len(message.extra_headers):
        return "", message
    (key,) = (value for name, value in message.extra_headers.items() if name not in kept)
    if not 0 < len(str(key)) <= LONGEST_KEY:
        raise stored_mail.Unsupported(f"Idempotency-Key has 1 to {LONGEST_KEY} characters.")
    mail = copy.copy(message)
    mail.extra_headers = kept
    return str(key), mail


def _moment(at: Any) -> datetime | None:
    """Return the time that Anymail's `send_at` means: a datetime, a date, or a timestamp."""
    if at is None:
        return None
    if isinstance(at, datetime):
        return at if timezone.is_aware(at) else timezone.make_aware(at)
    if isinstance(at, date):
        return timezone.make_aware(datetime.combine(at, time()))
    if isinstance(at, int | float):
        return datetime.fromtimestamp(at, tz=UTC)
    raise stored_mail.Unsupported("send_at is a datetime, a date or a timestamp.")
