"""Postroom's web process that owes no mail, to see what an order's POST pays for it."""

from collections.abc import Iterator
from typing import Any

from config.wsgi import application
from orders import services

__all__ = ["application"]


def _nothing(**_: Any) -> Iterator[Any]:
    return iter(())


services.notifications_for = _nothing
