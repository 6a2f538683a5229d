"""Where the API of orders is found, under /api/v1/."""

from django.urls import path, register_converter

from orders.api.batch import OrderBatch
from orders.api.views import OrderDetail, OrderEventList, OrderList
from orders.text import NUMBER_PATTERN


class OrderNumberConverter:
    """Matches what can be an order's number; anything else is no such order (404)."""

    regex = NUMBER_PATTERN

    def to_python(self, value: str) -> str:
        """Return the number."""
        return value

    def to_url(self, value: str) -> str:
        """Return the number, which needs no escaping."""
        return value


register_converter(OrderNumberConverter, "order_number")

urlpatterns = [
    path("orders/", OrderList.as_view(), name="order-list"),
    path("orders/batch/", OrderBatch.as_view(), name="order-batch"),
    path("orders/<order_number:number>/", OrderDetail.as_view(), name="order-detail"),
    path("orders/<order_number:number>/events/", OrderEventList.as_view(), name="order-event-list"),
]
