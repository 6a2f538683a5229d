"""What lists of orders can be narrowed to."""

from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django_filters import rest_framework as filters

from orders.models import Order
from orders.states import Status


class OrderFilter(filters.FilterSet):
    """`?status=paid&status=shipped&customer_email=…&created_after=…&created_before=…`."""

    status = filters.MultipleChoiceFilter(choices=Status.choices)
    customer_email = filters.CharFilter(
        method="of_customer",
        max_length=254,
        help_text="The customer's address; case does not matter.",
    )
    created_after = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="Orders from this moment on."
    )
    created_before = filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="lt", help_text="Orders before this moment."
    )

    class Meta:
        model = Order
        fields: list[str] = []

    def of_customer(self, queryset: QuerySet[Order], _name: str, value: Any) -> QuerySet[Order]:
        """Narrow to one address, by the index on its lower case."""
        return queryset.alias(lower_email=Lower("customer_email")).filter(lower_email=value.lower())
