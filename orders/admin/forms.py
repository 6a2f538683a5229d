"""What a person may say about an order: a test order, and the data of an event."""

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSingleDateWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from orders.errors import OrderRefused
from orders.event_types import EventData
from orders.intake import NewAddress, NewLine, NewOrder

# What the shop sells to those who try it: in won for Korean mail, in dollars for all other.
BASKETS = {
    "one": (_("One item"), (("TEA-1", "Green tea, 100 g", "녹차 100 g", "12.50", "12000", 2),)),
    "three": (
        _("Three items"),
        (
            ("TEA-1", "Green tea, 100 g", "녹차 100 g", "12.50", "12000", 2),
            ("POT-7", "Teapot, clay", "도자기 찻주전자", "39.00", "45000", 1),
            ("CUP-2", "Cup, set of two", "찻잔 2인 세트", "24.00", "28000", 1),
        ),
    ),
}
KOREA = NewAddress(
    name="김민지", line1="세종대로 21", city="서울", postal_code="04524", country="KR"
)
PORTLAND = NewAddress(
    name="Ada Lovelace",
    line1="1 SW Main St",
    city="Portland",
    region="OR",
    postal_code="97201",
    country="US",
)
PARAGRAPHS = frozenset({"reason"})
"""Fields of events that are text of several lines."""


class TestOrderForm(forms.Form):
    """Whom the test order's mail is for, in which language, and what is in the basket."""

    __test__ = False  # pytest takes it for a test otherwise

    email = forms.EmailField(
        label=_("Email address"),
        max_length=254,
        widget=UnfoldAdminEmailInputWidget(),
        help_text=_("The mail about this order is really sent to it."),
    )
    name = forms.CharField(
        label=_("Name"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    locale = forms.ChoiceField(
        label=_("Language of its mail"),
        choices=settings.LANGUAGES,
        widget=UnfoldAdminSelectWidget(),
    )
    basket = forms.ChoiceField(
        label=_("Basket"),
        choices=[(key, label) for key, (label, _lines) in BASKETS.items()],
        widget=UnfoldAdminSelectWidget(),
    )

    def order(self) -> NewOrder:
        """Return the order that a valid form describes."""
        is_korean = self.cleaned_data["locale"] == "ko"
        _label, lines = BASKETS[self.cleaned_data["basket"]]
        return NewOrder(
            customer_email=self.cleaned_data["email"],
            customer_name=self.cleaned_data["name"],
            locale=self.cleaned_data["locale"],
            currency="KRW" if is_korean else "USD",
            lines=tuple(
                NewLine(
                    sku=sku,
                    name=korean if is_korean else english,
                    quantity=quantity,
                    unit_price=Decimal(won if is_korean else dollars),
                )
                for sku, english, korean, dollars, won, quantity in lines
            ),
            shipping=Decimal("3000" if is_korean else "4.90"),
            shipping_address=KOREA if is_korean else PORTLAND,
            metadata={"channel": "test"},
        )


class EventForm(forms.Form):
    """The data of one kind of event; its fields are those that the event's type declares."""

    def __init__(self, *args: Any, declared: type[EventData], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields.update(_fields(declared))

    def event_data(self) -> dict[str, Any]:
        """Return what was filled in, as JSON values."""
        return {
            name: value.isoformat() if isinstance(value, date) else value
            for name, value in self.cleaned_data.items()
            if value not in ("", None)
        }

    def add_problems(self, refused: OrderRefused) -> None:
        """Show each problem beside its field, and the rest above the form."""
        for problem in refused.problems:
            name = str(problem.path[1]) if len(problem.path) > 1 else ""
            self.add_error(name if name in self.fields else None, problem.message)


def _fields(declared: type[EventData]) -> Iterator[tuple[str, forms.Field]]:
    properties: Mapping[str, Any] = declared.model_json_schema().get("properties", {})
    for name, info in declared.model_fields.items():
        options: dict[str, Any] = {
            "label": name.replace("_", " ").capitalize(),
            "required": info.is_required(),
            "help_text": info.description or "",
        }
        if "date" in _formats(properties[name]):
            yield name, forms.DateField(widget=UnfoldAdminSingleDateWidget(), **options)
        elif name in PARAGRAPHS:
            tall = UnfoldAdminTextareaWidget(attrs={"rows": 4})
            yield name, forms.CharField(widget=tall, **options)
        else:
            yield name, forms.CharField(widget=UnfoldAdminTextInputWidget(), **options)


def _formats(schema: Mapping[str, Any]) -> set[str]:
    return {one.get("format", "") for one in (schema, *schema.get("anyOf", ()))}
