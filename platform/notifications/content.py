"""Shows what was sent, or what would be sent now, by the function that sends."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from notifications import making, stored_mail
from notifications.models import Notification, StoredMail
from templating import live, replay
from templating.rendering import Rendered, render


class ContentErased(Exception):
    """The context was erased when its retention period ended; nothing can be rendered from it."""


@dataclass(frozen=True, kw_only=True)
class Attachment:
    """What came with a ready-made mail; `size` is in bytes."""

    filename: str
    mimetype: str
    size: int


@dataclass(frozen=True, kw_only=True)
class Content:
    """One notification's mail, rendered from its kept context.

    Attributes:
        locale: the locale whose templates were used.
        template_version: the version that it was rendered with now.
        was_sent: whether a provider has accepted this mail.
        identical: whether this is, to the letter, what was last handed over; None when no mail
            has been made of this notification yet.
        sender: a ready-made mail's own From; "" for the shop's.
        recipients: all addresses of a ready-made mail (To, Cc, Bcc); otherwise the one.
        attachments: those of a ready-made mail.
    """

    subject: str
    html: str
    text: str
    locale: str
    template_version: str
    was_sent: bool
    identical: bool | None
    recipients: tuple[str, ...]
    sender: str = ""
    attachments: tuple[Attachment, ...] = ()


def content_of(row: Notification) -> Content:
    """Render a notification's mail again.

    Raises:
        ContentErased: its context is gone.
        RenderingError: its templates cannot be rendered with its context.
    """
    if row.erased_at is not None:
        raise ContentErased
    if making.is_ready_made(row):
        return _ready_made(row)
    return _content(row, _rendered(row), recipients=(row.recipient,))


def _ready_made(row: Notification) -> Content:
    try:
        mail = making.kept_mail(row)
    except making.NotKept as error:
        raise ContentErased from error
    return _content(
        row,
        making.rendered_as(row, mail),
        recipients=tuple(stored_mail.addresses(mail)),
        sender=mail.envelope["from"],
        attachments=tuple(_attachments(mail)),
    )


def _attachments(mail: StoredMail) -> Iterator[Attachment]:
    for part in mail.parts.all():
        yield Attachment(
            filename=part.filename, mimetype=part.mimetype, size=len(bytes(part.content))
        )


def _content(row: Notification, rendered: Rendered, **more: Any) -> Content:
    return Content(
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        locale=rendered.locale,
        template_version=rendered.version,
        was_sent=row.sent_at is not None,
        identical=rendered.fingerprint == row.content_hash if row.content_hash else None,
        **more,
    )


def _rendered(row: Notification) -> Rendered:
    """Render it in the version that was sent; in the live one where none was, or it is not kept."""
    if row.sent_at is not None and replay.is_kept(row.template_version):
        return replay.render_version(
            version=row.template_version, event=row.event, locale=row.locale, context=row.context
        )
    live.refresh()
    return render(event=row.event, locale=row.locale, context=row.context)
