"""What an API key can be allowed to do."""

from collections.abc import Iterable
from enum import StrEnum


class Scope(StrEnum):
    """One permission of an API key, as it is written in requests, commands and the admin."""

    ORDERS_READ = "orders:read"
    ORDERS_WRITE = "orders:write"
    NOTIFICATIONS_READ = "notifications:read"
    NOTIFICATIONS_WRITE = "notifications:write"
    TEMPLATES_READ = "templates:read"
    TEMPLATES_WRITE = "templates:write"
    SUPPRESSIONS_READ = "suppressions:read"
    SUPPRESSIONS_WRITE = "suppressions:write"


ALL: tuple[Scope, ...] = tuple(Scope)

DESCRIPTIONS = {
    Scope.ORDERS_READ: "See orders and their events",
    Scope.ORDERS_WRITE: "Place orders and record their events",
    Scope.NOTIFICATIONS_READ: "See notifications, their attempts and their content",
    Scope.NOTIFICATIONS_WRITE: "Send, retry and cancel notifications",
    Scope.TEMPLATES_READ: "See templates, their contracts and versions",
    Scope.TEMPLATES_WRITE: "Edit, preview and publish templates",
    Scope.SUPPRESSIONS_READ: "See suppressed addresses",
    Scope.SUPPRESSIONS_WRITE: "Suppress and release addresses",
}


class UnknownScope(ValueError):
    """A name that is no scope; its text lists the names that are."""

    def __init__(self, name: object) -> None:
        super().__init__(f"{name!r} is not a scope; choose from: {', '.join(ALL)}.")


def parse(names: Iterable[object]) -> tuple[Scope, ...]:
    """Return the scopes that `names` name, each once, in the order of `Scope`.

    Raises:
        UnknownScope: for the first name that is none.
    """
    wanted = set()
    for name in names:
        if not isinstance(name, str) or name not in ALL:
            raise UnknownScope(name)
        wanted.add(name)
    return tuple(scope for scope in ALL if scope in wanted)
