"""order.paid: the money has arrived."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field

from orders.contexts import OrderContext, Part
from orders.event_types import EventData, Moment, OrderEventType, Outcome, Standing
from orders.samples import SAMPLE_TIME, samples
from orders.states import Status
from orders.text import OptionalLine
from templating.contracts import EventContract


class PaidData(EventData):
    """How it was paid, in the customer's words ("Visa •• 4242"), and the payment's reference."""

    method: OptionalLine = None
    reference: OptionalLine = None


class Payment(Part):
    """The payment, for its email."""

    method: str | None = Field(default=None, description="How it was paid: Visa •• 4242.")
    paid_at: datetime = Field(description="When it was paid.")
    reference: str | None = Field(default=None, description="The payment's own number.")


class PaidContext(OrderContext):
    """The order and its payment."""

    payment: Payment = Field(description="The payment.")


def settle(event: OrderEventType[Any], standing: Standing, data: PaidData) -> Outcome:
    """Note that it is paid, which outlasts the status: a cancelled one may be refunded."""
    status = event.leads_to or standing.status
    return Outcome(standing=replace(standing, status=status, is_paid=True), data=data)


def details(moment: Moment[PaidData]) -> dict[str, Payment]:
    """Return the payment."""
    data = moment.data
    return {
        "payment": Payment(method=data.method, reference=data.reference, paid_at=moment.occurred_at)
    }


EVENT = OrderEventType(
    name="paid",
    contract=EventContract(
        event="order.paid",
        title="Order paid",
        description="Tells the customer that the payment has arrived.",
        context=PaidContext,
        samples=samples(
            PaidContext,
            lambda _order: {
                "payment": Payment(method="Visa •• 4242", reference="pay_8f31", paid_at=SAMPLE_TIME)
            },
        )
        | samples(
            PaidContext,
            lambda _order: {"payment": Payment(paid_at=SAMPLE_TIME)},
            only={"typical": "without payment details"},
        ),
    ),
    data=PaidData,
    legal_from=frozenset({Status.PLACED}),
    leads_to=Status.PAID,
    details=details,
    effect=settle,
)
