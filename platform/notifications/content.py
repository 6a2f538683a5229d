"""Shows what was sent, or what would be sent now, by the function that sends."""

from dataclasses import dataclass

from notifications.models import Notification
from templating import live, replay
from templating.rendering import Rendered, render


class ContentErased(Exception):
    """The context was erased when its retention period ended; nothing can be rendered from it."""


@dataclass(frozen=True, kw_only=True)
class Content:
    """One notification's mail, rendered from its kept context.

    Attributes:
        locale: the locale whose templates were used.
        template_version: the version that it was rendered with now.
        was_sent: whether a provider has accepted this mail.
        identical: whether this is, to the letter, what was last handed over; None when no mail
            has been made of this notification yet.
    """

    subject: str
    html: str
    text: str
    locale: str
    template_version: str
    was_sent: bool
    identical: bool | None


def content_of(row: Notification) -> Content:
    """Render a notification's mail again.

    Raises:
        ContentErased: its context is gone.
        RenderingError: its templates cannot be rendered with its context.
    """
    if row.erased_at is not None:
        raise ContentErased
    rendered = _rendered(row)
    return Content(
        subject=rendered.subject,
        html=rendered.html,
        text=rendered.text,
        locale=rendered.locale,
        template_version=rendered.version,
        was_sent=row.sent_at is not None,
        identical=rendered.fingerprint == row.content_hash if row.content_hash else None,
    )


def _rendered(row: Notification) -> Rendered:
    """Render it in the version that was sent; in the live one where none was, or it is not kept."""
    if row.sent_at is not None and replay.is_kept(row.template_version):
        return replay.render_version(
            version=row.template_version, event=row.event, locale=row.locale, context=row.context
        )
    live.refresh()
    return render(event=row.event, locale=row.locale, context=row.context)
