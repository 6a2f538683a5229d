"""By what the list of notifications can be narrowed."""

import django_filters
from django.db.models import QuerySet

from notifications.models import Notification, is_named
from notifications.states import Status


class NotificationFilter(django_filters.FilterSet):
    """The list's query parameters; each one given narrows the list further."""

    order = django_filters.CharFilter(
        field_name="reference", help_text="The order's number, exactly."
    )
    status = django_filters.MultipleChoiceFilter(
        choices=Status.choices, help_text="Give it several times for several states."
    )
    event = django_filters.CharFilter(help_text="Such as `order.placed`.")
    recipient = django_filters.CharFilter(help_text="The address, exactly.")
    provider = django_filters.CharFilter(
        method="by_provider", help_text="The provider that was tried last."
    )
    created_after = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="gte", help_text="ISO 8601; this moment included."
    )
    created_before = django_filters.IsoDateTimeFilter(
        field_name="created_at", lookup_expr="lt", help_text="ISO 8601; this moment excluded."
    )

    class Meta:
        model = Notification
        fields: list[str] = []

    def by_provider(
        self, queryset: "QuerySet[Notification]", name: str, value: str
    ) -> "QuerySet[Notification]":
        """Keep those whose provider was tried last."""
        return queryset.filter(is_named(name, value))
