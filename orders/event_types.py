"""What an order event is made of, and the register of those there are.

An event is one file in `orders/events/` with an `EVENT` in it, and one folder of templates. The
file is found by being there: state machine, API, schema and templates follow from it.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

import orders.events
from orders.states import Status
from templating import contracts


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Where an order stands: all that decides which events are legal, and all that they change."""

    status: Status
    is_paid: bool
    total: Decimal
    refunded_total: Decimal
    currency: str

    @property
    def refundable(self) -> Decimal:
        """What has been paid and not been given back."""
        return self.total - self.refunded_total if self.is_paid else Decimal(0)


class EventData(BaseModel):
    """What a client tells about an event, typed; fields that it does not declare are refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class NoData(EventData):
    """Nothing beyond the fact itself."""


DataT = TypeVar("DataT", bound=EventData)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Where the order stands after an event, and the data to keep, with gaps filled in."""

    standing: Standing
    data: EventData


@dataclass(frozen=True, kw_only=True)
class Moment(Generic[DataT]):
    """One event as it happened, for the emails it causes."""

    data: DataT
    standing: Standing
    occurred_at: datetime


def always(_standing: Standing) -> bool:
    """Set no condition beyond the status."""
    return True


def nothing(_moment: Moment[Any]) -> Mapping[str, BaseModel]:
    """Add no part to the context."""
    return {}


def move(event: "OrderEventType[Any]", standing: Standing, data: EventData) -> Outcome:
    """Take the order to where the event leads, and leave the rest as it is."""
    return Outcome(standing=replace(standing, status=event.leads_to or standing.status), data=data)


@dataclass(frozen=True, kw_only=True)
class OrderEventType(Generic[DataT]):
    """All of one kind of order event.

    Attributes:
        name: what the API calls it (`shipped`).
        contract: its event key (`order.shipped`), its templates' typed context, and samples.
        data: what the client may or must tell.
        legal_from: the statuses in which it may happen; none if only placing an order causes it.
        leads_to: the status after it; None leaves the status.
        details: the parts of the context that go beyond order and customer, by name.
        condition: what must hold beyond the status.
        effect: what it does to the order; may fill in data, may raise OrderRefused.
    """

    name: str
    contract: contracts.EventContract
    data: type[DataT]
    legal_from: frozenset[Status]
    leads_to: Status | None
    details: Callable[[Moment[DataT]], Mapping[str, BaseModel]] = nothing
    condition: Callable[[Standing], bool] = always
    effect: Callable[["OrderEventType[DataT]", Standing, DataT], Outcome] = move


_registered: dict[str, OrderEventType[Any]] = {}


def registered() -> Mapping[str, OrderEventType[Any]]:
    """Return the events by name."""
    return MappingProxyType(_registered)


def postable() -> Mapping[str, OrderEventType[Any]]:
    """Return the events that can be recorded by themselves, by name; placing an order cannot."""
    return {name: event for name, event in sorted(_registered.items()) if event.legal_from}


def register(event: OrderEventType[Any]) -> None:
    """Add an event and its contract. Adding the same one again changes nothing.

    Raises:
        ValueError: another event has this name.
    """
    if _registered.get(event.name, event) is not event:
        raise ValueError(f"There are two order events called {event.name!r}.")
    if event.name not in _registered:
        contracts.register(event.contract)
        _registered[event.name] = event


def discover() -> None:
    """Register the `EVENT` of every file in `orders/events/`."""
    for module in pkgutil.iter_modules(orders.events.__path__, f"{orders.events.__name__}."):
        register(importlib.import_module(module.name).EVENT)
