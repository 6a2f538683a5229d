"""The last real mails of an event, as something to try templates on.

Looked at by people, their contexts are masked. Unmasked ones are rendered in memory only, to learn
whether a template works with them; nothing of that is stored or shown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError

from notifications.models import Notification
from studio.inventory import Inventory
from templating import contracts, personal
from templating.locales import candidates
from templating.publishing import Target

LISTED = 20
LOOKED_THROUGH = 500
"""The most mails of an event that are looked through for those in one locale."""


class UnknownMail(LookupError):
    """There is no such notification of this event, or its data has been erased."""


@dataclass(frozen=True, kw_only=True)
class RealMail:
    """One notification's data; `context` is what it was made of, unmasked."""

    id: UUID
    reference: str
    locale: str
    created_at: datetime
    context: Mapping[str, Any]


def recent(target: Target, *, inventory: Inventory, at_most: int) -> list[RealMail]:
    """Return the last real mails that were, or would now be, made of a mail's templates."""
    found = _in_locale(target, inventory)
    return [mail for mail, _ in zip(found, range(at_most), strict=False)]


def _in_locale(target: Target, inventory: Inventory) -> Iterator[RealMail]:
    written = {one.locale for one in inventory.targets if one.event == target.event}
    written.add(target.locale)
    rows = (
        Notification.objects.filter(event=target.event, erased_at__isnull=True)
        .order_by("-created_at")
        .only("id", "reference", "locale", "created_at", "context")
    )
    for row in rows[:LOOKED_THROUGH].iterator(chunk_size=100):
        if _written_in(row.locale, written, inventory) == target.locale:
            yield _real(row)


def _written_in(locale: str, written: set[str], inventory: Inventory) -> str | None:
    """Return the locale whose templates a recipient of `locale` gets."""
    tried = candidates(locale, default=inventory.default_locale)
    return next((one for one in tried if one in written), None)


def _real(row: Notification) -> RealMail:
    return RealMail(
        id=row.id,
        reference=row.reference,
        locale=row.locale,
        created_at=row.created_at,
        context=row.context,
    )


def get(identifier: str, *, event: str) -> RealMail:
    """Return one real mail of an event. Raises UnknownMail."""
    try:
        row = Notification.objects.get(pk=identifier, event=event, erased_at__isnull=True)
    except (Notification.DoesNotExist, ValidationError, ValueError):
        raise UnknownMail(identifier) from None
    return _real(row)


def masked(mail: RealMail, *, event: str) -> dict[str, Any]:
    """Return a real mail's context without what is personal in it."""
    return personal.masked(contracts.get(event).context, mail.context)
