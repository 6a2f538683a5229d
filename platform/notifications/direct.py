"""Mail that a client asks for directly: any event's templates, to any address.

All that can be known to be wrong is refused here and not found out when sending: the context is
checked against the event's contract, and the mail is rendered once.

    DirectMailRefused
    ├── NoSuchEvent     nobody registered the event
    ├── ContextRefused  the context breaks the contract; each problem has its place
    └── KeyTaken        the idempotency key belongs to another mail
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from pydantic import ValidationError

from access.actors import Actor
from notifications.models import Notification, Role
from notifications.models.notification import new_id
from notifications.outbox import NewNotification, enqueue
from templating import contracts, live
from templating.errors import UnknownEvent
from templating.rendering import render

Place = tuple[str | int, ...]


class DirectMailRefused(Exception):
    """The mail is not taken."""


class NoSuchEvent(DirectMailRefused):
    """No contract is registered under this name."""

    def __init__(self, event: str) -> None:
        known = ", ".join(sorted(contract.event for contract in contracts.registered()))
        super().__init__(f"There is no event {event!r}; there are: {known}.")


@dataclass(frozen=True, kw_only=True)
class ContextProblem:
    """One thing that is wrong with a context, without the value itself."""

    place: Place
    message: str
    code: str


class ContextRefused(DirectMailRefused):
    """The context does not satisfy the event's contract."""

    def __init__(self, event: str, problems: tuple[ContextProblem, ...]) -> None:
        super().__init__(f"The context does not satisfy the contract of {event}.")
        self.problems = problems


class KeyTaken(DirectMailRefused):
    """Another mail was asked for with the same idempotency key."""

    def __init__(self) -> None:
        super().__init__("Another mail has this idempotency_key.")


@dataclass(frozen=True, kw_only=True)
class DirectMail:
    """One mail that is asked for.

    Attributes:
        context: JSON values for the event's contract; `shop` is filled in where it is missing.
        idempotency_key: the client's own name for this mail, or "".
        locale: `DEFAULT_LOCALE` if None.
    """

    event: str
    recipient: str
    context: Mapping[str, Any]
    recipient_name: str = ""
    locale: str | None = None
    reference: str = ""
    reply_to: str = ""
    tags: tuple[str, ...] = ()
    send_at: datetime | None = None
    expires_after: timedelta | None = None
    idempotency_key: str = ""


def send(mail: DirectMail, *, actor: Actor) -> tuple[Notification, bool]:
    """Enqueue a mail; return its notification, and whether it is a new one.

    Raises:
        DirectMailRefused: see the module's tree.
        RenderingError: the event's templates cannot be rendered with this context.
    """
    locale = mail.locale or settings.DEFAULT_LOCALE
    context = _checked(mail.event, mail.context)
    live.refresh()
    render(event=mail.event, locale=locale, context=context)
    new = _notification(mail, locale=locale, context=context, actor=actor)
    with transaction.atomic():
        before = Notification.objects.filter(idempotency_key=new.idempotency_key).first()
        row = before or enqueue([new])[0]
    if not _is_the_same(row, new):
        raise KeyTaken
    return row, before is None


def _checked(event: str, context: Mapping[str, Any]) -> dict[str, Any]:
    try:
        contract = contracts.get(event)
    except UnknownEvent as error:
        raise NoSuchEvent(event) from error
    shop = contracts.shop_context().model_dump(mode="json")
    try:
        checked = contract.context.model_validate({"shop": shop, **context})
    except ValidationError as error:
        raise ContextRefused(event, tuple(_problems(error))) from error
    return checked.model_dump(mode="json")


def _problems(error: ValidationError) -> list[ContextProblem]:
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return [
        ContextProblem(place=problem["loc"], message=problem["msg"], code=problem["type"])
        for problem in found
    ]


def _notification(
    mail: DirectMail, *, locale: str, context: Mapping[str, Any], actor: Actor
) -> NewNotification:
    # The client's own keys are its own: no other client's mail can be met by guessing them.
    key = mail.idempotency_key or str(new_id())
    return NewNotification(
        event=mail.event,
        recipient=mail.recipient,
        recipient_name=mail.recipient_name,
        role=Role.RECIPIENT,
        locale=locale,
        context=context,
        idempotency_key=f"{actor.kind}:{actor.id}:{key}",
        source_type=str(actor.kind),
        source_id=actor.id,
        reference=mail.reference,
        reply_to=mail.reply_to,
        tags=mail.tags,
        send_at=mail.send_at,
        expires_after=mail.expires_after,
    )


def _is_the_same(row: Notification, new: NewNotification) -> bool:
    if row.erased_at is not None:  # nothing is left to compare
        return True
    kept = (row.event, row.recipient, row.locale, row.context, row.send_at)
    return kept == (new.event, new.recipient, new.locale, new.context, new.send_at)
