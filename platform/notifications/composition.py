"""Makes the message that a provider is handed, from the record and its rendering."""

from email.utils import quote

from django.conf import settings
from django.core.mail import EmailMultiAlternatives

from notifications.models import Notification
from templating.rendering import Rendered


def compose(notification: Notification, rendered: Rendered) -> EmailMultiAlternatives:
    """Return the message for one notification.

    The Message-ID is the notification's own and stays the same over all attempts, so that a
    mailbox which gets a second copy can tell. Auto-Submitted (RFC 3834) keeps out-of-office
    replies away. `metadata` and `tags` are Anymail's; other backends ignore them.
    """
    reply_to = notification.reply_to or settings.SHOP_REPLY_TO
    message = EmailMultiAlternatives(
        subject=rendered.subject,
        body=rendered.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[_recipient(notification)],
        reply_to=[reply_to] if reply_to else None,
        headers={
            "Message-ID": notification.message_id,
            "Auto-Submitted": "auto-generated",
            "Content-Language": rendered.locale,
        },
    )
    message.attach_alternative(rendered.html, "text/html")
    mark(message, notification)
    return message


def mark(message: EmailMultiAlternatives, notification: Notification) -> None:
    """Give the message the ids by which webhooks find its notification, and its tags.

    Anymail reads these from any message; Django's class does not declare them.
    """
    own = message.__dict__
    own["metadata"] = {
        **own.get("metadata", {}),
        "notification_id": str(notification.id),
        "ticket": str(notification.handover_ticket),
    }
    own["tags"] = list(
        dict.fromkeys([notification.event, *own.get("tags", ()), *notification.tags])
    )


def _recipient(notification: Notification) -> str:
    """Return name and address, readable: each backend encodes the name as its protocol wants it."""
    name = " ".join(notification.recipient_name.split())
    return f'"{quote(name)}" <{notification.recipient}>' if name else notification.recipient
