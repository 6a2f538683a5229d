"""What a client sends to have a mail sent, and what it is told where that cannot be done."""

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from access import text
from access.fields import MomentField, StrictListField, TextField, WholeNumberField
from access.problems import IdempotencyKeyReused, Unprocessable
from access.serializers import StrictSerializer
from notifications import direct
from templating import contracts
from templating.errors import RenderingError

LONGEST_KEY = 150
MOST_TAGS = 10
FARTHEST = timedelta(days=366)
LONGEST_LIFE = timedelta(days=30)
SHORTEST_LIFE = timedelta(minutes=1)
MOST_ERRORS = 100

MESSAGE = OpenApiExample(
    "A message of the shop",
    value={
        "event": "shop.message",
        "recipient": "minji@example.com",
        "recipient_name": "Kim Minji",
        "locale": "ko",
        "context": {
            "subject": "봄 영업시간 안내",
            "name": "김민지",
            "paragraphs": ["4월부터 일요일에도 오전 10시부터 오후 4시까지 영업합니다."],
            "action": {"label": "영업시간 보기", "url": "https://shop.example.com/hours"},
        },
        "tags": ["hours"],
    },
    request_only=True,
)


@extend_schema_field({"type": "object", "additionalProperties": True})
class ContextField(serializers.Field[dict[str, Any], Any, Any, Any]):
    """A JSON object; the event's contract says what it must hold."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        """Return the object. What JSON cannot hold the parser has already refused."""
        if not isinstance(data, dict):
            raise ValidationError("This is a JSON object.")
        return data


class EventField(TextField):
    """The name of an event whose contract is registered."""

    @property
    def schema(self) -> text.Schema:
        """The names there are."""
        return {"enum": sorted(contract.event for contract in contracts.registered())}


@extend_schema_serializer(component_name="NewNotification", examples=[MESSAGE])
class NewNotificationSerializer(StrictSerializer):
    """A mail to be sent; event, recipient and context are required."""

    event = EventField(
        max_length=100,
        help_text="Whose templates are used: `order.placed`, …, or `shop.message` for anything.",
    )
    recipient = TextField(clean=text.email_address, schema=text.EMAIL, max_length=254)
    recipient_name = TextField(max_length=200, required=False, allow_blank=True, default="")
    locale = TextField(
        clean=text.locale,
        schema=text.LOCALE,
        max_length=35,
        required=False,
        allow_null=True,
        default=None,
        help_text="A BCP 47 tag; where it has no templates, the default locale's are used.",
    )
    context = ContextField(  # type: ignore[assignment]  # DRF takes fields out of the class
        help_text="What the event's contract asks for (`GET /api/v1/templates/{event}/`); what is "
        "missing or wrong is 422. `shop` is filled in where it is left out."
    )
    reference = TextField(
        max_length=100,
        required=False,
        allow_blank=True,
        default="",
        help_text="What a person calls the cause, such as an order's number; lists find it by it.",
    )
    reply_to = TextField(
        clean=text.email_address,
        schema=text.EMAIL,
        max_length=254,
        required=False,
        allow_null=True,
        default=None,
        help_text="Where answers go.",
    )
    tags = StrictListField(
        child=TextField(max_length=100),
        max_length=MOST_TAGS,
        required=False,
        default=list,
        help_text="Labels for the provider's statistics.",
    )
    send_at = MomentField(
        required=False,
        allow_null=True,
        default=None,
        help_text="Not before this moment; at most a year ahead. Until then it can be cancelled.",
    )
    expires_after = WholeNumberField(
        min_value=int(SHORTEST_LIFE.total_seconds()),
        max_value=int(LONGEST_LIFE.total_seconds()),
        required=False,
        allow_null=True,
        default=None,
        help_text="For how many seconds (from `send_at` on) it is worth being tried.",
    )
    idempotency_key = TextField(
        max_length=LONGEST_KEY,
        required=False,
        allow_blank=True,
        default="",
        help_text="Your own name for this mail: asked for twice, it exists once, for ever. 200 "
        "says that it existed.",
    )

    def validate_send_at(self, value: datetime | None) -> datetime | None:
        """Refuse what lies too far ahead."""
        if value is not None and value > timezone.now() + FARTHEST:
            raise ValidationError("This is more than a year ahead.", "too_late")
        return value

    def validate(self, attrs: dict[str, Any]) -> direct.DirectMail:
        """Return the mail as the use case takes it."""
        seconds = attrs.pop("expires_after")
        return direct.DirectMail(
            **{**attrs, "tags": tuple(attrs["tags"]), "reply_to": attrs["reply_to"] or ""},
            expires_after=timedelta(seconds=seconds) if seconds else None,
        )


def told_to_clients(error: direct.DirectMailRefused | RenderingError) -> Exception:
    """Return what a client is told instead: 400 for the event, 422 for what its context lacks."""
    if isinstance(error, direct.NoSuchEvent):
        return ValidationError({"event": [ErrorDetail(str(error), "unknown_event")]})
    if isinstance(error, direct.KeyTaken):
        return IdempotencyKeyReused()
    if isinstance(error, direct.ContextRefused):
        return Unprocessable(
            str(error),
            code="context_refused",
            errors=[
                (("context", *problem.place), ErrorDetail(problem.message, problem.code))
                for problem in error.problems[:MOST_ERRORS]
            ],
        )
    if isinstance(error, RenderingError):
        return Unprocessable(
            str(error), code="rendering_failed", template=error.template, line=error.line
        )
    return error
