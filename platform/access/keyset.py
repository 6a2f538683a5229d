"""Lists of the admin that cost the same whether a table holds ten rows or ten million.

Nothing counts a whole table and no page is reached by skipping rows: a page begins where the last
one ended (`?older=…`, `?newer=…`), which an index on the list's order answers at once. Counts end
at `COUNTED`, and say so ("1,000+").
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib.admin import ShowFacets
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import DateTimeField, Model, Q, QuerySet
from django.http import HttpRequest
from django.utils.dateparse import parse_datetime
from django.utils.functional import cached_property
from unfold.views import ChangeList

COUNTED = 1000
"""Rows that a list counts; beyond them "more" is all that anybody needs to know."""
OLDER, NEWER = "older", "newer"
SEPARATOR = "~"


class Count(int):
    """A number of rows that is exact up to `COUNTED`, and shown as "1,000+" beyond."""

    @property
    def is_exact(self) -> bool:
        """Whether there are no more than this."""
        return self <= COUNTED

    def __str__(self) -> str:
        return f"{int(self):,}" if self.is_exact else f"{COUNTED:,}+"


def count(rows: "QuerySet[Any]") -> Count:
    """Count rows, but no more than tell that there are more than `COUNTED`.

    The rows keep their order: without it PostgreSQL would take the first that lie in the table.
    """
    return Count(rows.values("pk")[: COUNTED + 1].count())


class KeysetChangeList(ChangeList):  # type: ignore[misc]  # unfold ships no types
    """A change list whose pages are windows between two keys."""

    def get_filters_params(self, params: Any = None) -> dict[str, Any]:
        """Leave out what says where the page begins, and what the admin reads itself."""
        found: dict[str, Any] = super().get_filters_params(params)
        for name in (OLDER, NEWER, *self.model_admin.own_parameters):
            found.pop(name, None)
        return found

    def get_results(self, request: HttpRequest) -> None:
        """Read one page, and whether there is one before and after it."""
        keys = _Keys(self.model_admin.keyset, self.model)
        size = self.list_per_page
        older, newer = request.GET.get(OLDER), request.GET.get(NEWER)
        rows = self.queryset.order_by(*keys.ordering)
        if newer:
            rows = keys.beyond(rows, newer, backwards=True).order_by(*keys.reversed_ordering)
        elif older:
            rows = keys.beyond(rows, older, backwards=False)
        found = list(rows[: size + 1])
        has_more = len(found) > size
        page = found[:size][::-1] if newer else found[:size]
        self.result_list = page
        self.newer = keys.token(page[0]) if page and (has_more if newer else older) else ""
        self.older = keys.token(page[-1]) if page and (newer or has_more) else ""
        alone = not (older or newer or has_more)
        self.result_count = Count(len(page)) if alone else count(self.queryset)
        # Equal to the count, so that unfold draws none beside the title: the footer has it.
        self.full_result_count = self.result_count
        self.show_full_result_count = False
        self.show_admin_actions = True
        self.can_show_all = False
        self.multi_page = not alone
        self.paginator = self.model_admin.get_paginator(request, self.result_list, size)

    def link_to(self, parameter: str, token: str) -> str:
        """Return the query string of the page that begins at `token`."""
        return str(self.get_query_string({parameter: token}, remove=[OLDER, NEWER]))

    @property
    def newer_link(self) -> str:
        """The page of newer rows."""
        return self.link_to(NEWER, self.newer)

    @property
    def older_link(self) -> str:
        """The page of older rows."""
        return self.link_to(OLDER, self.older)


class _Keys:
    """The order of a list: one column and the primary key, both descending, or the key alone."""

    def __init__(self, ordering: Sequence[str], model: type[Model]) -> None:
        self.ordering = tuple(ordering)
        self._model = model

    @cached_property
    def reversed_ordering(self) -> tuple[str, ...]:
        return tuple(name.removeprefix("-") for name in self.ordering)

    @cached_property
    def _column(self) -> str | None:
        first = self.reversed_ordering[0]
        return None if first == "pk" else first

    def token(self, row: Model) -> str:
        if self._column is None:
            return str(row.pk)
        value = getattr(row, self._column)
        text = value.isoformat() if isinstance(value, datetime) else str(value)
        return f"{text}{SEPARATOR}{row.pk}"

    def beyond(self, rows: "QuerySet[Any]", token: str, *, backwards: bool) -> "QuerySet[Any]":
        """Return the rows after (or before) the one that `token` names.

        The first condition alone bounds the index; the second settles rows of the same moment.
        """
        lookup = "gt" if backwards else "lt"
        try:
            if self._column is None:
                return rows.filter(**{f"pk__{lookup}": self._model._meta.pk.to_python(token)})
            text, _, key = token.rpartition(SEPARATOR)
            value = self._value(text)
            pk = self._model._meta.pk.to_python(key)
        except Exception as error:  # whatever a field makes of a made-up token
            raise IncorrectLookupParameters(token) from error
        return rows.filter(
            Q(**{f"{self._column}__{lookup}e": value}),
            Q(**{f"{self._column}__{lookup}": value}) | Q(**{f"pk__{lookup}": pk}),
        )

    def _value(self, text: str) -> Any:
        field: Any = self._model._meta.get_field(self._column or "pk")
        if isinstance(field, DateTimeField):
            moment = parse_datetime(text.replace(" ", "+"))
            if moment is None:
                raise ValueError(text)
            return moment
        return field.to_python(text)


class KeysetAdmin:
    """Makes an admin's list a `KeysetChangeList`. Put it before the admin class.

    Attributes:
        keyset: the list's order, newest first; an index must answer it.
        own_parameters: query parameters that the admin reads itself and that are no filters.
    """

    keyset: Sequence[str] = ("-pk",)
    own_parameters: Sequence[str] = ()
    # Any column may be sorted by in a small table; in a large one only what an index holds.
    sortable_by: Sequence[str] = ()
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they count the whole table, once for every choice
    list_per_page = 50
    change_list_template = "access/keyset_change_list.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        """Return the class of the list."""
        return KeysetChangeList

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """Return the order, which filters and actions see too."""
        return tuple(self.keyset)
