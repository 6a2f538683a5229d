"""Notifications, their attempts and their content as JSON."""

from datetime import timedelta
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from access import text
from access.fields import TextField
from access.serializers import StrictSerializer
from notifications import explanations
from notifications.models import DeliveryAttempt, Notification


class ErrorSerializer(serializers.Serializer[Any]):
    """What went wrong last."""

    kind = serializers.CharField(
        help_text="What sort of failure it was; it decides what happens next."
    )
    code = serializers.CharField(help_text="A stable short name of the error.")
    summary = serializers.CharField(help_text="In plain words.")


class NextSerializer(serializers.Serializer[Any]):
    """What comes next, and why."""

    next = serializers.CharField(help_text="What happens next, in plain words.")
    why = serializers.CharField(help_text="Why it stands where it does, in plain words.")
    at = serializers.DateTimeField(allow_null=True, help_text="When it happens, where known.")


class DecisionSerializer(serializers.Serializer[Any]):
    """What was decided after an attempt."""

    step = serializers.CharField()
    reason = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)
    words = serializers.CharField(help_text="The same in plain words.")


class AttemptSerializer(serializers.ModelSerializer[DeliveryAttempt]):
    """One try to hand the mail to one provider."""

    duration_ms = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField()
    decision = serializers.SerializerMethodField()

    class Meta:
        model = DeliveryAttempt
        fields = [
            "number",
            "provider",
            "phase",
            "outcome",
            "error",
            "status_code",
            "provider_message_id",
            "started_at",
            "duration_ms",
            "decision",
        ]

    def get_duration_ms(self, attempt: DeliveryAttempt) -> int:
        """Return how long the try took, in milliseconds."""
        return attempt.duration // timedelta(milliseconds=1)

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_error(self, attempt: DeliveryAttempt) -> dict[str, str] | None:
        """Return what went wrong, or None."""
        if not attempt.error_code:
            return None
        return {
            "kind": attempt.outcome,
            "code": attempt.error_code,
            "summary": attempt.summary,
        }

    @extend_schema_field(DecisionSerializer())
    def get_decision(self, attempt: DeliveryAttempt) -> dict[str, Any]:
        """Return what was decided next, why and for when."""
        decision = {
            "step": attempt.next_step,
            "reason": attempt.next_reason,
            "at": attempt.next_attempt_at,
            "words": explanations.decision(attempt),
        }
        return DecisionSerializer(decision).data


class NotificationSerializer(serializers.ModelSerializer[Notification]):
    """One notification as the list shows it."""

    order = serializers.CharField(
        source="reference", help_text="The order's number; for other mail as `reference`."
    )
    reference = serializers.CharField(help_text="What a person calls the cause.")
    template = serializers.CharField(
        source="template_version",
        help_text="The version of the template that the mail was made with; empty before that.",
    )
    last_error = serializers.SerializerMethodField()

    class Meta:
        model = Notification
        fields = [
            "id",
            "order",
            "reference",
            "event",
            "template",
            "recipient",
            "locale",
            "status",
            "attempt_count",
            "next_attempt_at",
            "last_error",
            "provider",
            "created_at",
            "send_at",
            "sent_at",
        ]
        read_only_fields = fields

    @extend_schema_field(ErrorSerializer(allow_null=True))
    def get_last_error(self, row: Notification) -> dict[str, str] | None:
        """Return what went wrong last, or None."""
        if not row.error_code:
            return None
        return {"kind": row.error_kind, "code": row.error_code, "summary": row.error_summary}


class NotificationDetailSerializer(NotificationSerializer):
    """One notification with all its attempts, and what comes next."""

    tags = serializers.ListField(child=serializers.CharField(), read_only=True)
    outlook = serializers.SerializerMethodField(help_text="What comes next, when, and why.")
    attempts = AttemptSerializer(many=True)

    class Meta(NotificationSerializer.Meta):
        fields = [
            *NotificationSerializer.Meta.fields,
            "role",
            "recipient_name",
            "subject",
            "reply_to",
            "tags",
            "message_id",
            "provider_message_id",
            "expires_at",
            "finished_at",
            "outlook",
            "attempts",
        ]
        read_only_fields = fields

    @extend_schema_field(NextSerializer())
    def get_outlook(self, row: Notification) -> dict[str, Any]:
        """Return what comes next."""
        return NextSerializer(explanations.outlook(row)).data


class AttachmentSerializer(serializers.Serializer[Any]):
    """What came with a mail of Django's."""

    filename = serializers.CharField()
    mimetype = serializers.CharField()
    size = serializers.IntegerField(help_text="In bytes.")


class ContentSerializer(serializers.Serializer[Any]):
    """The mail itself, rendered from the context that was kept."""

    subject = serializers.CharField()
    html = serializers.CharField()
    text = serializers.CharField()
    locale = serializers.CharField(help_text="The locale whose templates were used.")
    template_version = serializers.CharField(help_text="The version it was rendered with now.")
    was_sent = serializers.BooleanField(help_text="Whether a provider has accepted this mail.")
    identical = serializers.BooleanField(
        allow_null=True,
        help_text="Whether this is, to the letter, what was last handed over; null when no mail "
        "has been made of this notification yet.",
    )
    sender = serializers.CharField(help_text="A From of the mail's own; empty for the shop's.")
    recipients = serializers.ListField(
        child=serializers.CharField(), help_text="All that it goes to, Cc and Bcc included."
    )
    attachments = AttachmentSerializer(many=True)


class ReasonSerializer(StrictSerializer):
    """Why somebody acts; the audit log keeps it."""

    reason = TextField(
        clean=text.paragraphs,
        schema=text.PARAGRAPHS,
        max_length=500,
        required=False,
        default="",
        allow_blank=True,
    )
