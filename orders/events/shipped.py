"""order.shipped: the parcel is on its way."""

from datetime import date, datetime

from pydantic import Field

from orders.contexts import Open, OrderContext, Part
from orders.event_types import EventData, Moment, OrderEventType
from orders.samples import LONG_NAME, SAMPLE_DATE, SAMPLE_TIME, samples
from orders.states import Status
from orders.text import OptionalLine, OptionalWebAddress
from templating.contracts import EventContract


class ShippedData(EventData):
    """Who carries the parcel, how to follow it, and when it should arrive."""

    carrier: OptionalLine = None
    tracking_number: OptionalLine = None
    tracking_url: OptionalWebAddress = None
    estimated_delivery: date | None = None


class Shipment(Part):
    """The parcel, for its email."""

    carrier: Open | None = Field(default=None, description="Who carries it.")
    tracking_number: str | None = Field(default=None, description="The carrier's number.")
    tracking_url: str | None = Field(default=None, description="Where it can be followed.")
    estimated_delivery: date | None = Field(default=None, description="When it should arrive.")
    shipped_at: datetime = Field(description="When it left.")


class ShippedContext(OrderContext):
    """The order and its parcel."""

    shipment: Shipment = Field(description="The parcel.")


def details(moment: Moment[ShippedData]) -> dict[str, Shipment]:
    """Return the parcel."""
    return {"shipment": Shipment(**dict(moment.data), shipped_at=moment.occurred_at)}


TRACKED = Shipment(
    carrier="Hanjin",
    tracking_number="4567 8901 2345",
    tracking_url="https://carrier.example.com/track/456789012345",
    estimated_delivery=SAMPLE_DATE,
    shipped_at=SAMPLE_TIME,
)
LONG = Shipment(carrier=LONG_NAME, tracking_number="0123456789" * 8, shipped_at=SAMPLE_TIME)

EVENT = OrderEventType(
    name="shipped",
    contract=EventContract(
        event="order.shipped",
        title="Order shipped",
        description="Tells the customer that the parcel left, and how to follow it.",
        context=ShippedContext,
        samples=samples(ShippedContext, lambda _order: {"shipment": TRACKED})
        | samples(
            ShippedContext,
            lambda _order: {"shipment": Shipment(shipped_at=SAMPLE_TIME)},
            only={"typical": "without tracking"},
        )
        | samples(
            ShippedContext,
            lambda _order: {"shipment": LONG},
            only={"typical": "long carrier and tracking number"},
        ),
    ),
    data=ShippedData,
    legal_from=frozenset({Status.PAID}),
    leads_to=Status.SHIPPED,
    details=details,
)
