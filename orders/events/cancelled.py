"""order.cancelled: it will not be shipped."""

from datetime import datetime

from pydantic import Field

from orders.contexts import OrderContext, Part
from orders.event_types import EventData, Moment, OrderEventType
from orders.samples import SAMPLE_TIME, samples
from orders.states import Status
from orders.text import OptionalParagraphs
from templating.contracts import EventContract


class CancelledData(EventData):
    """Why, in words for the customer."""

    reason: OptionalParagraphs = None


class Cancellation(Part):
    """The cancellation, for its email."""

    reason: str | None = Field(default=None, description="Why, in words for the customer.")
    cancelled_at: datetime = Field(description="When it was cancelled.")


class CancelledContext(OrderContext):
    """The order and its cancellation."""

    cancellation: Cancellation = Field(description="Why and when it was cancelled.")


def details(moment: Moment[CancelledData]) -> dict[str, Cancellation]:
    """Return the cancellation."""
    return {
        "cancellation": Cancellation(reason=moment.data.reason, cancelled_at=moment.occurred_at)
    }


EVENT = OrderEventType(
    name="cancelled",
    contract=EventContract(
        event="order.cancelled",
        title="Order cancelled",
        description="Tells the customer that the order will not be shipped.",
        context=CancelledContext,
        samples=samples(
            CancelledContext,
            lambda _order: {
                "cancellation": Cancellation(
                    reason="The tea was sold out. We are sorry.", cancelled_at=SAMPLE_TIME
                )
            },
        )
        | samples(
            CancelledContext,
            lambda _order: {"cancellation": Cancellation(cancelled_at=SAMPLE_TIME)},
            only={"typical": "without a reason"},
        ),
    ),
    data=CancelledData,
    legal_from=frozenset({Status.PLACED, Status.PAID}),
    leads_to=Status.CANCELLED,
    details=details,
)
