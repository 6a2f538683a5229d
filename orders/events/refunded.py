"""order.refunded: money went back, all of it or a part."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import Field

from orders import money
from orders.contexts import OrderContext, OrderDetails, Part
from orders.errors import OrderRefused, Problem
from orders.event_types import EventData, Moment, OrderEventType, Outcome, Standing
from orders.samples import SAMPLE_TIME, samples
from orders.states import Status
from orders.text import OptionalParagraphs
from templating.contracts import EventContract


class RefundedData(EventData):
    """How much went back, by default all that remains, and why, in words for the customer."""

    amount: money.Amount | None = None
    reason: OptionalParagraphs = None


class Refund(Part):
    """The refund, for its email; `refunded_total` includes earlier ones."""

    amount: Decimal = Field(description="What goes back this time.")
    reason: str | None = Field(default=None, description="Why, in words for the customer.")
    refunded_at: datetime = Field(description="When it was given back.")
    is_partial: bool = Field(description="Whether something of the payment remains.")
    refunded_total: Decimal = Field(description="What has gone back in all.")


class RefundedContext(OrderContext):
    """The order and its refund."""

    refund: Refund = Field(description="The refund.")


def is_paid(standing: Standing) -> bool:
    """Say whether there is a payment to give back."""
    return standing.is_paid


def give_back(event: OrderEventType[Any], standing: Standing, data: RefundedData) -> Outcome:
    """Add the amount to what was refunded; only when nothing remains is the order refunded."""
    amount = standing.refundable if data.amount is None else data.amount
    if problem := _problem(amount, standing):
        raise OrderRefused([Problem(path=("data", "amount"), message=problem)])
    refunded = standing.refunded_total + amount
    is_full = refunded == standing.total
    return Outcome(
        standing=replace(
            standing,
            status=(event.leads_to or standing.status) if is_full else standing.status,
            refunded_total=refunded,
        ),
        data=data.model_copy(update={"amount": money.exact(amount, standing.currency)}),
    )


def _problem(amount: Decimal, standing: Standing) -> str | None:
    if misfit := money.misfit(amount, standing.currency):
        return misfit
    if amount > standing.refundable:
        remaining = money.exact(standing.refundable, standing.currency)
        return f"Only {remaining} {standing.currency} remain to be refunded."
    if amount == 0 and standing.refundable > 0:
        return "A refund is more than zero."
    return None


def details(moment: Moment[RefundedData]) -> dict[str, Refund]:
    """Return the refund."""
    standing = moment.standing
    return {
        "refund": Refund(
            amount=moment.data.amount or Decimal(0),
            reason=moment.data.reason,
            refunded_at=moment.occurred_at,
            is_partial=standing.status != Status.REFUNDED,
            refunded_total=money.exact(standing.refunded_total, standing.currency),
        )
    }


def full(order: OrderDetails) -> dict[str, Refund]:
    """Return a sample of a refund of everything."""
    refund = Refund(
        amount=order.total,
        reason="The parcel came back to us.",
        refunded_at=SAMPLE_TIME,
        is_partial=False,
        refunded_total=order.total,
    )
    return {"refund": refund}


def partial(order: OrderDetails) -> dict[str, Refund]:
    """Return a sample of a second refund of a part."""
    price = order.items[0].unit_price
    refund = Refund(
        amount=price, refunded_at=SAMPLE_TIME, is_partial=True, refunded_total=price * 2
    )
    return {"refund": refund}


EVENT = OrderEventType(
    name="refunded",
    contract=EventContract(
        event="order.refunded",
        title="Order refunded",
        description="Tells the customer how much money went back, all of it or a part.",
        context=RefundedContext,
        samples=samples(RefundedContext, full)
        | samples(RefundedContext, partial, only={"typical": "partial, without a reason"}),
    ),
    data=RefundedData,
    legal_from=frozenset({Status.PAID, Status.SHIPPED, Status.DELIVERED, Status.CANCELLED}),
    leads_to=Status.REFUNDED,
    details=details,
    condition=is_paid,
    effect=give_back,
)
