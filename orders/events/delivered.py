"""order.delivered: the parcel has arrived."""

from datetime import datetime

from pydantic import Field

from orders.contexts import OrderContext, Part
from orders.event_types import EventData, Moment, OrderEventType
from orders.samples import SAMPLE_TIME, samples
from orders.states import Status
from orders.text import OptionalParagraphs
from templating.contracts import EventContract


class DeliveredData(EventData):
    """What the carrier says about it ("left at the door")."""

    note: OptionalParagraphs = None


class Delivery(Part):
    """The arrival, for its email."""

    delivered_at: datetime = Field(description="When it arrived.")
    note: str | None = Field(default=None, description="What the carrier says about it.")


class DeliveredContext(OrderContext):
    """The order and its arrival."""

    delivery: Delivery = Field(description="The arrival.")


def details(moment: Moment[DeliveredData]) -> dict[str, Delivery]:
    """Return the arrival."""
    return {"delivery": Delivery(delivered_at=moment.occurred_at, note=moment.data.note)}


EVENT = OrderEventType(
    name="delivered",
    contract=EventContract(
        event="order.delivered",
        title="Order delivered",
        description="Tells the customer that the parcel arrived.",
        context=DeliveredContext,
        samples=samples(
            DeliveredContext,
            lambda _order: {
                "delivery": Delivery(delivered_at=SAMPLE_TIME, note="Left at the door.")
            },
        )
        | samples(
            DeliveredContext,
            lambda _order: {"delivery": Delivery(delivered_at=SAMPLE_TIME)},
            only={"typical": "without a note"},
        ),
    ),
    data=DeliveredData,
    legal_from=frozenset({Status.SHIPPED}),
    leads_to=Status.DELIVERED,
    details=details,
)
