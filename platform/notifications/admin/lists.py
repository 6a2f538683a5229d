"""The lists of millions of records: keyset pages, shown as this person may see them."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from access.keyset import Count, KeysetAdmin, KeysetChangeList, count
from access.masking import may_see_addresses
from access.read_only import ReadOnlyAdmin
from notifications.models import Notification
from notifications.states import NEEDS_ATTENTION, Status

TAB = "tab"
TABS: dict[str, tuple["str | Promise", frozenset[Status]]] = {
    "": (_("All"), frozenset()),
    "attention": (_("Needs attention"), NEEDS_ATTENTION),
    "retrying": (_("Retrying"), frozenset({Status.RETRYING})),
    "unknown": (_("Unknown"), frozenset({Status.UNKNOWN})),
}


class MaskingChangeList(KeysetChangeList):
    """Masks what it shows where the person may not see addresses."""

    def get_results(self, request: HttpRequest) -> None:
        """Read a page, and mask it in memory."""
        super().get_results(request)
        if not may_see_addresses(request.user):
            for row in self.result_list:
                self.model_admin.mask(row)


class NotificationChangeList(MaskingChangeList):
    """The notifications, of one tab."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> "QuerySet[Any]":
        """Keep those of the tab; actions on a whole filter go by the same."""
        rows = super().get_queryset(request, exclude_parameters)
        statuses = TABS.get(request.GET.get(TAB, ""), TABS[""])[1]
        return of_statuses(rows, statuses)

    def get_results(self, request: HttpRequest) -> None:
        """Read a page, and count the tabs."""
        super().get_results(request)
        chosen = request.GET.get(TAB, "")
        counts = tab_counts()
        self.tabs = [
            {
                "label": label,
                "count": counts[name],
                "link": f"?{TAB}={name}" if name else "?",
                "is_current": name == chosen,
                "is_alarm": name in {"attention", "unknown"} and counts[name] > 0,
            }
            for name, (label, _statuses) in TABS.items()
        ]


def of_statuses(
    rows: "QuerySet[Notification]", statuses: frozenset[Status]
) -> "QuerySet[Notification]":
    """Return the rows in one of these states; all of them if none is named."""
    if not statuses:
        return rows
    # Equality lets an index on the status give the order too.
    if len(statuses) == 1:
        return rows.filter(status=next(iter(statuses)))
    return rows.filter(status__in=sorted(statuses))


def tab_counts() -> dict[str, Count]:
    """Return how many notifications each tab has, as far as they are counted."""
    rows = Notification.objects.order_by("-created_at")
    return {name: count(of_statuses(rows, statuses)) for name, (_label, statuses) in TABS.items()}


class RecordListAdmin(KeysetAdmin, ReadOnlyAdmin):
    """A list of records that nobody edits, however many there are."""

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        """Return the class of the list."""
        return MaskingChangeList
