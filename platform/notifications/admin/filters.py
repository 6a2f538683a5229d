"""Filters of the lists, each answered from an index, and none that looks through a whole table."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import connection
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from notifications.models import AttemptOutcome, is_named
from notifications.retries import DeadLetterReason

Choices = Sequence[tuple[str, "str | Promise"]]

ERROR_KINDS: Choices = (
    *AttemptOutcome.choices,
    (DeadLetterReason.EXPIRED.value, _("Expired")),
    ("suppressed", _("Suppressed")),
    ("waiting", _("Waiting for a provider")),
)
AGES: dict[str, tuple["str | Promise", timedelta, bool]] = {
    "hour": (_("The last hour"), timedelta(hours=1), True),
    "day": (_("The last 24 hours"), timedelta(days=1), True),
    "week": (_("The last 7 days"), timedelta(days=7), True),
    "older": (_("Older than 7 days"), timedelta(days=7), False),
}
REPORTED: Choices = tuple(
    (kind, kind.replace("_", " ").capitalize())
    for kind in (
        "accepted",
        "queued",
        "sent",
        "delivered",
        "deferred",
        "bounced",
        "rejected",
        "complained",
        "opened",
        "clicked",
        "unsubscribed",
    )
)


def indexed_values(model: type[Model], column: str) -> list[str]:
    """Return the different values of a column that leads an index, by hopping through that index.

    SELECT DISTINCT would read the whole table; this reads one row for each value.
    """
    table, name = model._meta.db_table, connection.ops.quote_name(column)
    named = f"NOT ({name} = '')"  # as the condition of an index says it, or SQLite would not see it
    statement = f"""
        WITH RECURSIVE hop(value) AS (
            SELECT min({name}) FROM {table} WHERE {named}
            UNION ALL
            SELECT (SELECT min({name}) FROM {table} WHERE {name} > hop.value AND {named})
            FROM hop WHERE hop.value IS NOT NULL
        )
        SELECT value FROM hop WHERE value IS NOT NULL"""  # noqa: S608  names of our own columns
    with connection.cursor() as cursor:
        cursor.execute(statement)
        return [value for (value,) in cursor.fetchall()]


class EqualsFilter(DropdownFilter):
    """A column that equals one of the values offered."""

    column: ClassVar[str]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Keep the rows with the value."""
        value = self.value()
        return queryset.filter(is_named(self.column, value)) if value else queryset


class StatusFilter(EqualsFilter):
    """Where a notification stands."""

    title = _("status")
    parameter_name = column = "status"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer all states."""
        return list(model_admin.model._meta.get_field("status").choices)


class EventFilter(EqualsFilter):
    """What happened; also events that are no longer in the code."""

    title = _("event")
    parameter_name = column = "event"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer the events there is mail of."""
        return [(value, value) for value in indexed_values(model_admin.model, "event")]


class ProviderFilter(EqualsFilter):
    """Which provider; also those that are no longer configured."""

    title = _("provider")
    parameter_name = column = "provider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer the configured providers and those there are records of."""
        known = indexed_values(model_admin.model, "provider")
        return [(value, value) for value in dict.fromkeys([*settings.EMAIL_PROVIDERS, *known])]


class ErrorFilter(EqualsFilter):
    """What kind of thing went wrong last."""

    title = _("error class")
    parameter_name = "error"
    column = "error_kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer the kinds there are."""
        return [choice for choice in ERROR_KINDS if choice[0] != AttemptOutcome.ACCEPTED]


class OutcomeFilter(EqualsFilter):
    """How an attempt ended."""

    title = _("outcome")
    parameter_name = column = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer all outcomes."""
        return AttemptOutcome.choices


class ReportFilter(EqualsFilter):
    """What a provider reported."""

    title = _("event")
    parameter_name = column = "event_type"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer what providers report."""
        return REPORTED


class UnmatchedFilter(DropdownFilter):
    """Reports that fit no notification (yet)."""

    title = _("notification")
    parameter_name = "unmatched"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer the one thing that is worth looking for."""
        return [("yes", _("None found"))]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Keep the reports without a notification."""
        return queryset.filter(notification__isnull=True) if self.value() else queryset


class AgeFilter(DropdownFilter):
    """How long ago a notification was caused."""

    title = _("age")
    parameter_name = "age"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Choices:
        """Offer round ages."""
        return [(key, label) for key, (label, _age, _within) in AGES.items()]

    def queryset(self, request: HttpRequest, queryset: "QuerySet[Any]") -> "QuerySet[Any]":
        """Keep the rows of that age."""
        if self.value() not in AGES:
            return queryset
        _label, age, within = AGES[self.value() or ""]
        lookup = "created_at__gte" if within else "created_at__lt"
        return queryset.filter(**{lookup: timezone.now() - age})
