"""What clients send and see of orders and their events."""

from functools import partial
from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import serializers

from access import text
from access.fields import TextField
from access.serializers import StrictSerializer
from orders import event_types, money, services
from orders.api import examples
from orders.api.fields import (
    AmountField,
    ExactAmountField,
    JSONObjectField,
    QuantityField,
)
from orders.intake import NewAddress, NewLine, NewOrder
from orders.models import Order
from orders.states import Status
from orders.text import COUNTRY_SCHEMA, NUMBER_SCHEMA, country, order_number

OptionalText = partial(TextField, required=False, allow_null=True, allow_blank=True, default=None)


class CustomerSerializer(StrictSerializer):
    """Who ordered, and where mail goes."""

    email = TextField(clean=text.email_address, schema=text.EMAIL, max_length=254)
    name = TextField(max_length=200, required=False, allow_blank=True, default="")


class AddressSerializer(StrictSerializer):
    """A postal address; only name, line1, city and country are required."""

    name = TextField(max_length=200)
    line1 = TextField(max_length=200)
    line2 = OptionalText(max_length=200)
    city = TextField(max_length=100)
    region = OptionalText(max_length=100)
    postal_code = TextField(max_length=20, required=False, allow_blank=True, default="")
    country = TextField(clean=country, schema=COUNTRY_SCHEMA, min_length=2, max_length=2)
    phone = OptionalText(max_length=40)

    def validate(self, attrs: dict[str, Any]) -> NewAddress:
        """Return the address; blank optional parts are as good as none."""
        optional = {name: attrs[name] or None for name in ("line2", "region", "phone")}
        return NewAddress(**(attrs | optional))


class LinesSerializer(serializers.ListSerializer[Any]):
    """The lines; their number is bounded before any is looked at."""

    def to_internal_value(self, data: Any) -> list[Any]:
        """Return the lines, or say at `lines` what is wrong with them as a whole."""
        limit: int = settings.API_MAX_ORDER_LINES
        if not isinstance(data, list):
            raise serializers.ValidationError(["Lines are a JSON array."], "not_a_list")
        if not data:
            raise serializers.ValidationError(["An order has at least one line."], "min_length")
        if len(data) > limit:
            message = f"An order has at most {limit:,} lines, not {len(data):,}."
            raise serializers.ValidationError([message], "max_length")
        lines: list[Any] = super().to_internal_value(data)
        return lines


class LineSerializer(StrictSerializer):
    """One position to be ordered."""

    sku = TextField(max_length=100, required=False, allow_blank=True, default="")
    name = TextField(max_length=500)
    quantity = QuantityField()
    unit_price = AmountField()

    class Meta:
        list_serializer_class = LinesSerializer

    def validate(self, attrs: dict[str, Any]) -> NewLine:
        """Return the line."""
        return NewLine(**attrs)


@extend_schema_serializer(examples=examples.NEW_ORDERS)
class NewOrderSerializer(StrictSerializer):
    """An order to be placed; only customer, currency and lines are required."""

    number = TextField(
        clean=order_number,
        schema=NUMBER_SCHEMA,
        max_length=64,
        required=False,
        allow_null=True,
        default=None,
        help_text="The shop's own number; left out, one is assigned (SO-1001). A known one is 409.",
    )
    customer = CustomerSerializer()
    locale = TextField(
        clean=text.locale,
        schema=text.LOCALE,
        max_length=35,
        required=False,
        allow_null=True,
        default=None,
        help_text="The language of this order's mail, a BCP 47 tag.",
    )
    currency = TextField(
        clean=money.read_currency,
        schema=money.CURRENCY_SCHEMA,
        min_length=3,
        max_length=3,
        help_text="ISO 4217, legal tender today.",
    )
    lines = LineSerializer(many=True)
    shipping = AmountField(required=False, default=money.ZERO)
    discount = AmountField(
        required=False, default=money.ZERO, help_text="At most lines, shipping and tax together."
    )
    tax = AmountField(required=False, default=money.ZERO)
    shipping_address = AddressSerializer(required=False, allow_null=True, default=None)
    billing_address = AddressSerializer(required=False, allow_null=True, default=None)
    url = TextField(
        clean=text.web_address,
        schema=text.URL,
        max_length=text.URL_MAX_LENGTH,
        required=False,
        allow_blank=True,
        default="",
        help_text="The shop's own page of this order, linked from its mail.",
    )
    metadata = JSONObjectField(
        required=False, default=dict, help_text="Anything the shop wants to keep with the order."
    )

    def validate(self, attrs: dict[str, Any]) -> NewOrder:
        """Return the order as the services take it."""
        customer = attrs.pop("customer")
        lines = tuple(attrs.pop("lines"))
        return NewOrder(
            customer_email=customer["email"], customer_name=customer["name"], lines=lines, **attrs
        )


class OrderLineSerializer(serializers.Serializer[Any]):
    """One position of an order."""

    sku = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    quantity = serializers.IntegerField(read_only=True)
    unit_price = ExactAmountField()
    total = ExactAmountField()


class OrderCustomerSerializer(serializers.Serializer[Any]):
    """Who ordered."""

    email = serializers.EmailField(source="customer_email", read_only=True)
    name = serializers.CharField(source="customer_name", read_only=True)


@extend_schema_serializer(component_name="Order", examples=[examples.ORDER])
class OrderSerializer(serializers.Serializer[Any]):
    """An order, where it stands, and what may happen to it next."""

    number = serializers.CharField(read_only=True)
    status = serializers.ChoiceField(choices=Status.choices, read_only=True)
    is_paid = serializers.BooleanField(read_only=True)
    legal_events = serializers.SerializerMethodField(help_text="The events that may be posted now.")
    customer = OrderCustomerSerializer(source="*", read_only=True)
    locale = serializers.CharField(read_only=True)
    currency = serializers.CharField(read_only=True)
    lines = OrderLineSerializer(many=True, read_only=True)
    subtotal = ExactAmountField()
    shipping = ExactAmountField()
    discount = ExactAmountField()
    tax = ExactAmountField()
    total = ExactAmountField()
    refunded_total = ExactAmountField()
    shipping_address = AddressSerializer(read_only=True, allow_null=True)
    billing_address = AddressSerializer(read_only=True, allow_null=True)
    url = serializers.CharField(read_only=True)
    metadata = JSONObjectField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)

    def get_legal_events(self, order: Order) -> list[str]:
        """Return the types of the events that the order allows."""
        return list(services.legal_events(order))


class NewEventSerializer(StrictSerializer):
    """An event to be recorded. What `data` may hold its type says; the services check it."""

    type = TextField(max_length=50)
    data = JSONObjectField(required=False, default=dict)  # type: ignore[assignment]  # DRF takes fields out of the class


@extend_schema_serializer(component_name="OrderEvent", examples=[examples.EVENT])
class OrderEventSerializer(serializers.Serializer[Any]):
    """Something that happened to an order."""

    id = serializers.UUIDField(read_only=True)
    type = serializers.CharField(read_only=True)
    event = serializers.SerializerMethodField(
        help_text="The event's key, which names its templates."
    )
    order = serializers.CharField(source="order.number", read_only=True)
    data = serializers.SerializerMethodField()  # type: ignore[assignment]  # DRF takes fields out of the class
    status_before = serializers.CharField(read_only=True, help_text="Empty for the first event.")
    status_after = serializers.ChoiceField(choices=Status.choices, read_only=True)
    created_at = serializers.DateTimeField(read_only=True)

    def get_event(self, event: Any) -> str:
        """Return `order.shipped` for `shipped`."""
        found = event_types.registered().get(event.type)
        return found.contract.event if found else f"order.{event.type}"

    @extend_schema_field({"type": "object", "additionalProperties": True})
    def get_data(self, event: Any) -> dict[str, Any]:
        """Return what was told about it."""
        return dict(event.data)
