"""Cursor pagination by key set: every page costs the same, and no row is skipped or shown twice.

DRF's own cursor goes by one column and counts an offset among equal values, capped at 1,000: with
more rows than that of one timestamp (a bulk intake) it shows one page for ever. Ours goes by that
column *and* the primary key, and takes empty values in its stride (they come last).

Cursors are signed, so that only those that a list of this model gave out ever reach the database.
"""

from dataclasses import astuple, dataclass
from typing import Any, Self

from django.core import signing
from django.db.models import F, Field, Model, Q, QuerySet
from django.db.models.expressions import OrderBy
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from access.problems import InvalidParameter


@dataclass(frozen=True)
class Cursor:
    """The row beside which a page begins, and the direction in which it goes from there.

    `ordering` is the list's ordering at the time, for a cursor means nothing under another. `value`
    is that row's value of the ordering's field as text, or None where empty; `key` its primary key.
    """

    ordering: str
    value: str | None
    key: str
    backwards: bool

    def encode(self, model: type[Model]) -> str:
        """Return the cursor as it stands in the URL of a list of `model`."""
        return _signer(model).sign_object(astuple(self))

    @classmethod
    def decode(cls, text: str, model: type[Model]) -> Self:
        """Read what `encode` wrote for the same model.

        Raises:
            django.core.signing.BadSignature: it did not write this.
        """
        return cls(*_signer(model).unsign_object(text))


def _signer(model: type[Model]) -> signing.Signer:
    return signing.Signer(salt=f"access.cursor.{model._meta.label}")


@dataclass(frozen=True, kw_only=True)
class KeySet:
    """A model's rows ordered by one field (`-` in front: descending), then by primary key."""

    model: type[Model]
    ordering: str

    @property
    def field(self) -> "Field[Any, Any]":
        """Return the field that `ordering` names."""
        name = self.ordering.removeprefix("-")
        return self.model._meta.pk if name == "pk" else self.model._meta.get_field(name)  # type: ignore[return-value]  # a relation cannot be ordered by

    def page(self, queryset: QuerySet[Any], *, cursor: Cursor | None, size: int) -> list[Any]:
        """Return up to `size` rows from `cursor` on in its direction, or from the start."""
        backwards = cursor is not None and cursor.backwards
        descending = self.ordering.startswith("-") != backwards
        if cursor is not None:
            queryset = queryset.filter(self._beyond(cursor, descending=descending))
        return list(
            queryset.order_by(*self._order(descending=descending, backwards=backwards))[:size]
        )

    def _order(self, *, descending: bool, backwards: bool) -> tuple[OrderBy, ...]:
        placing: dict[str, Any] = {}
        if self.field.null:
            placing = {"nulls_first": True} if backwards else {"nulls_last": True}
        by_field = OrderBy(F(self.field.attname), descending=descending, **placing)
        return (by_field, OrderBy(F("pk"), descending=descending))

    def _beyond(self, cursor: Cursor, *, descending: bool) -> Q:
        name, step = self.field.attname, "lt" if descending else "gt"
        beyond_key = Q(**{f"pk__{step}": self.model._meta.pk.to_python(cursor.key)})
        empty = Q(**{f"{name}__isnull": True})
        if cursor.value is None:
            return (empty & beyond_key) | (~empty if cursor.backwards else Q(pk__in=()))
        value = self.field.to_python(cursor.value)
        # The first condition follows from the second; it is what lets the database use its index.
        found = Q(**{f"{name}__{step}e": value}) & (
            Q(**{f"{name}__{step}": value}) | (Q(**{name: value}) & beyond_key)
        )
        return found | empty if self.field.null and not cursor.backwards else found

    def cursor_at(self, row: Any, *, backwards: bool) -> Cursor:
        """Return the cursor of the page that begins beside `row`."""
        value = getattr(row, self.field.attname)
        return Cursor(
            self.ordering,
            None if value is None else self.field.value_to_string(row),
            self.model._meta.pk.value_to_string(row),
            backwards,
        )


class CursorPagination(BasePagination):
    """`?cursor=` from `next` and `previous`, and `?page_size=` up to `max_page_size`.

    The order is the queryset's own (the first field of its `order_by()`, which an ordering filter
    sets too), else `ordering`: newest first by primary key.
    """

    ordering = "-pk"
    page_size = 50
    max_page_size = 200
    cursor_query_param = "cursor"
    page_size_query_param = "page_size"

    def paginate_queryset(  # type: ignore[override]  # a list has no keys to go by
        self, queryset: QuerySet[Any], request: Request, view: APIView | None = None
    ) -> list[Any]:
        """Return one page of rows.

        Raises:
            InvalidParameter: `cursor` or `page_size` is not what it should be.
        """
        size = self._size(request)
        explicit = queryset.query.order_by
        keys = KeySet(
            model=queryset.model, ordering=str(explicit[0] if explicit else self.ordering)
        )
        cursor = self._cursor(request, keys)
        backwards = cursor is not None and cursor.backwards
        # One more than asked for tells whether there is another page.
        found = keys.page(queryset, cursor=cursor, size=size + 1)
        page, more = found[:size], len(found) > size
        if backwards:
            page.reverse()
        self._url = request.build_absolute_uri()
        # Who came with a cursor came from a page on its other side.
        has_next, has_previous = (True, more) if backwards else (more, cursor is not None)
        self.next_link = (
            self._link(keys.cursor_at(page[-1], backwards=False), keys)
            if page and has_next
            else None
        )
        self.previous_link = (
            self._link(keys.cursor_at(page[0], backwards=True), keys)
            if page and has_previous
            else None
        )
        return page

    def _size(self, request: Request) -> int:
        text = request.query_params.get(self.page_size_query_param)
        if text is None:
            return self.page_size
        if (
            text.isascii()
            and text.isdigit()
            and len(text) < 10
            and 1 <= int(text) <= self.max_page_size
        ):
            return int(text)
        raise InvalidParameter(
            self.page_size_query_param, f"Give a whole number from 1 to {self.max_page_size}."
        )

    def _cursor(self, request: Request, keys: KeySet) -> Cursor | None:
        text = request.query_params.get(self.cursor_query_param)
        if text is None:
            return None
        try:
            cursor = Cursor.decode(text, keys.model)
        except signing.BadSignature as error:
            raise InvalidParameter(
                self.cursor_query_param,
                "This is no cursor of this list; take it from next or previous.",
                code="invalid_cursor",
            ) from error
        if cursor.ordering != keys.ordering:
            raise InvalidParameter(
                self.cursor_query_param,
                "This cursor was made for another ordering; begin again without it.",
                code="invalid_cursor",
            )
        return cursor

    def _link(self, cursor: Cursor, keys: KeySet) -> str:
        return replace_query_param(self._url, self.cursor_query_param, cursor.encode(keys.model))

    def get_paginated_response(self, data: Any) -> Response:
        """Return the page with the addresses of its neighbours."""
        return Response({"next": self.next_link, "previous": self.previous_link, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Describe the page in OpenAPI 3.1."""
        # drf-spectacular builds a list's example from these and the serializer's.
        link = {"type": ["string", "null"], "format": "uri", "example": None}
        return {
            "type": "object",
            "required": ["next", "previous", "results"],
            "properties": {
                "next": {**link, "description": "The address of the next page; null on the last."},
                "previous": {
                    **link,
                    "description": "The address of the page before; null on the first.",
                },
                "results": schema,
            },
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """Describe the query parameters in OpenAPI 3.1."""
        return [
            {
                "name": self.cursor_query_param,
                "in": "query",
                "required": False,
                "description": "Where the page begins: it is in `next` and `previous`.",
                "schema": {"type": "string"},
            },
            {
                "name": self.page_size_query_param,
                "in": "query",
                "required": False,
                "description": "The most results that a page has.",
                "schema": {
                    "type": "integer",
                    "minimum": 1,
                    "maximum": self.max_page_size,
                    "default": self.page_size,
                },
            },
        ]
