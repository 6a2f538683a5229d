"""order.placed: the order was accepted. Recorded by placing an order, never posted by itself."""

from orders.contexts import OrderContext
from orders.event_types import NoData, OrderEventType
from orders.samples import samples
from orders.states import Status
from templating.contracts import EventContract


class PlacedContext(OrderContext):
    """The order and its customer."""


EVENT = OrderEventType(
    name="placed",
    contract=EventContract(
        event="order.placed",
        title="Order placed",
        description="Confirms the order to the customer as soon as it is accepted.",
        context=PlacedContext,
        samples=samples(PlacedContext),
    ),
    data=NoData,
    legal_from=frozenset(),
    leads_to=Status.PLACED,
)
