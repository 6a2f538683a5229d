"""Makes the mail of a notification: rendered from its event's templates, or as it came."""

from dataclasses import dataclass

from django.core.mail import EmailMultiAlternatives

from notifications import stored_mail
from notifications.composition import compose, mark
from notifications.models import READY_MADE, Notification, StoredMail
from notifications.suppressions import suppressed
from templating.rendering import Rendered, render

VERSION = "ready-made"


class NobodyLeft(Exception):
    """All recipients of a ready-made mail are on the suppression list by now."""


class NotKept(Exception):
    """The ready-made mail was erased, or never kept."""


@dataclass(frozen=True, kw_only=True)
class Made:
    """A mail, and what it was made of."""

    message: EmailMultiAlternatives
    rendered: Rendered


def is_ready_made(row: Notification) -> bool:
    """Whether the mail is sent as it came, instead of being rendered."""
    return row.event == READY_MADE


def make(row: Notification) -> Made:
    """Return the mail that a provider is to be handed for a claimed notification.

    It is made of the templates that this process knows; what is published since is the caller's to
    learn of (`templating.live`).

    Raises:
        RenderingError: its templates cannot be rendered with its context.
        NobodyLeft: nobody may be mailed.
        NotKept: it came ready-made, and is not there.
    """
    if is_ready_made(row):
        return _as_it_came(row)
    rendered = render(event=row.event, locale=row.locale, context=row.context)
    return Made(message=compose(row, rendered), rendered=rendered)


def kept_mail(row: Notification) -> StoredMail:
    """Return the ready-made mail of a notification, its attachments loaded with it.

    Raises:
        NotKept: it is not there.
    """
    found = StoredMail.objects.prefetch_related("parts").filter(pk=row.pk).first()
    if found is None:
        raise NotKept
    return found


def rendered_as(row: Notification, mail: StoredMail) -> Rendered:
    """Return what a ready-made mail holds, in the form of a rendering."""
    html, text = stored_mail.bodies(mail)
    return Rendered(
        event=row.event,
        locale=row.locale,
        version=f"{VERSION}:{mail.digest[:24]}",
        subject=mail.envelope["subject"],
        html=html,
        text=text,
        fingerprint=mail.digest,
    )


def _as_it_came(row: Notification) -> Made:
    mail = kept_mail(row)
    unwanted = suppressed(stored_mail.addresses(mail))
    message = stored_mail.message_again(mail, without=unwanted, message_id=row.message_id)
    if not message.recipients():
        raise NobodyLeft
    mark(message, row)
    return Made(message=message, rendered=rendered_as(row, mail))
