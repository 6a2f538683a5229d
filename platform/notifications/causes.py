"""What caused a notification, told by whoever knows: orders register themselves.

Notifications know their cause as `source_type`, `source_id` and a `reference`; a page that wants
to show more asks here.
"""

from collections.abc import Callable
from dataclasses import dataclass

from notifications.models import Notification


@dataclass(frozen=True, kw_only=True)
class Fact:
    """One thing worth knowing about a cause; `is_private` ones name or place a person."""

    label: str
    value: str
    is_private: bool = False


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What caused a notification.

    Attributes:
        title: what a person calls it ("Order SO-1001").
        url: its page in the admin.
        permission: what a person needs to open it (`orders.view_order`).
        facts: what is worth seeing beside the mail.
    """

    title: str
    url: str
    permission: str
    facts: tuple[Fact, ...] = ()


Describe = Callable[[Notification], Cause | None]
"""Given a notification of its source type, returns its cause, or None if that is gone."""

_registered: dict[str, Describe] = {}


def register(source_type: str, describe: Describe) -> None:
    """Let `describe` tell the causes of notifications of `source_type`."""
    _registered[source_type] = describe


def cause_of(row: Notification) -> Cause | None:
    """Return what caused a notification, where somebody knows."""
    describe = _registered.get(row.source_type)
    return describe(row) if describe else None
