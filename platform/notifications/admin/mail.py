"""The mail of a notification as its page shows it: what is read, and the headers around it."""

from dataclasses import dataclass, replace
from email.header import decode_header, make_header
from email.utils import parseaddr
from functools import partial

from django.utils.translation import gettext as _

from access.masking import mask_text
from notifications import making, stored_mail
from notifications.composition import compose
from notifications.content import Content, ContentErased, content_of
from notifications.models import Notification
from templating.errors import RenderingError
from templating.rendering import Rendered

# Made anew whenever a message is built, or about its outer form only.
LEFT_OUT = frozenset({"date", "mime-version", "content-type", "content-transfer-encoding"})


@dataclass(frozen=True, kw_only=True)
class ShownMail:
    """A mail, or why there is none to show.

    Attributes:
        content: subject, HTML and text; None if it cannot be made.
        headers: as a recipient's mail program lists them.
        problem: why there is no content, as a sentence.
    """

    content: Content | None = None
    headers: tuple[tuple[str, str], ...] = ()
    problem: str = ""


def shown_mail(row: Notification, *, masked: bool) -> ShownMail:
    """Return the mail of a notification.

    Args:
        row: the notification; masked already where the person may not see whose it is.
        masked: whether it was. Its content is then made of the masked context, and the comparison
            with what was sent says nothing.
    """
    try:
        content = content_of(row)
    except ContentErased:
        return ShownMail(problem=_("The content was erased when its retention period ended."))
    except RenderingError as error:
        return ShownMail(problem=str(error))
    headers = tuple(_headers(row, content))
    if not masked:
        return ShownMail(content=content, headers=headers)
    return _masked(content, headers)


def _masked(content: Content, headers: tuple[tuple[str, str], ...]) -> ShownMail:
    """Hide recipients in mail that came ready-made, and was not rendered from the context."""
    names = [parseaddr(recipient)[0] for recipient in content.recipients]
    hidden = partial(mask_text, names=names)
    content = replace(
        content,
        identical=None,
        subject=hidden(content.subject),
        html=hidden(content.html),
        text=hidden(content.text),
    )
    return ShownMail(
        content=content, headers=tuple((name, hidden(value)) for name, value in headers)
    )


def _headers(row: Notification, content: Content) -> list[tuple[str, str]]:
    if making.is_ready_made(row):
        message = stored_mail.message_again(
            making.kept_mail(row), without=frozenset(), message_id=row.message_id
        )
    else:
        message = compose(row, _rendered(row, content))
    plain = [
        (name, str(make_header(decode_header(str(value)))).replace("\n", ""))
        for name, value in message.message().items()
        if name.lower() not in LEFT_OUT
    ]
    tags = ", ".join(message.__dict__.get("tags", ()))
    return [*plain, ("Tags", tags)] if tags else plain


def _rendered(row: Notification, content: Content) -> Rendered:
    return Rendered(
        event=row.event,
        locale=content.locale,
        version=content.template_version,
        subject=content.subject,
        html=content.html,
        text=content.text,
        fingerprint="",
    )
