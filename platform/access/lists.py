"""What the query string of a list may hold: filters, an ordering, a page, and nothing else.

A misspelt filter that is passed over shows everything to who asked for little, and so does one
without a value: both are refused.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ErrorDetail
from rest_framework.filters import BaseFilterBackend
from rest_framework.request import Request
from rest_framework.views import APIView

from access.pagination import CursorPagination
from access.problems import InvalidParameter, InvalidParameters

ORDERING = "ordering"
# The pagination judges its own.
PAGES = (CursorPagination.cursor_query_param, CursorPagination.page_size_query_param)


class StrictQueryBackend(BaseFilterBackend):
    """Refuses parameters that the list does not know, and those without a value."""

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        """Return the rows as they are.

        Raises:
            InvalidParameters: names each parameter that is unknown or empty.
        """
        known = set(_known(view))
        wrong = {}
        for name, values in request.query_params.lists():
            if name not in known:
                listed = ", ".join(sorted(known))
                wrong[name] = ErrorDetail(
                    f"This list has no such parameter; it has {listed}.", "unknown_parameter"
                )
            elif name not in PAGES and not all(values):
                wrong[name] = ErrorDetail("Give a value, or leave the parameter out.", "empty")
        if wrong:
            raise InvalidParameters(wrong)
        return queryset

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe nothing: the others do."""
        return []


class OrderingBackend(BaseFilterBackend):
    """`?ordering=` by one of the view's `ordering_fields`, with `-` in front for descending.

    Only fields with an index belong there: a page must cost the same, however long the list is.
    """

    def filter_queryset(
        self, request: Request, queryset: QuerySet[Any], view: APIView
    ) -> QuerySet[Any]:
        """Return the rows in the order that is asked for, or as they are.

        Raises:
            InvalidParameter: the list cannot be ordered so.
        """
        choices = _orderings(view)
        wanted = request.query_params.get(ORDERING)
        if wanted is None or not choices:
            return queryset
        if wanted not in choices:
            raise InvalidParameter(ORDERING, f"Choose one of: {', '.join(choices)}.")
        return queryset.order_by(wanted)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the parameter in OpenAPI 3.1."""
        choices = _orderings(view)
        if not choices:
            return []
        return [
            {
                "name": ORDERING,
                "in": "query",
                "required": False,
                "description": "The order of the list; `-` is descending.",
                "schema": {"type": "string", "enum": choices},
            }
        ]


def _orderings(view: APIView) -> list[str]:
    fields: Sequence[str] = getattr(view, "ordering_fields", ())
    return [choice for field in fields for choice in (field, f"-{field}")]


def _known(view: APIView) -> Iterator[str]:
    yield from PAGES
    if _orderings(view):
        yield ORDERING
    filterset = DjangoFilterBackend().get_filterset_class(view)
    if filterset is not None:
        yield from filterset.base_filters
