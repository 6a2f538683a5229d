"""Notifications in the admin: a list to search, a record to read, actions with a reason."""

from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import RangeDateTimeFilter
from unfold.dataclasses import UnfoldAction
from unfold.decorators import display
from unfold.sections import TemplateSection

from access.keyset import KeysetChangeList
from access.masking import mask_address, mask_data, mask_name, mask_text, may_see_addresses
from notifications import explanations
from notifications.admin import record, search
from notifications.admin.actions import (
    OFFERS,
    bulk_action,
    dialog_action,
    release_action,
    suppress_action,
)
from notifications.admin.badges import OUTCOME_COLOURS, STATUS_COLOURS
from notifications.admin.filters import (
    AgeFilter,
    ErrorFilter,
    EventFilter,
    ProviderFilter,
    StatusFilter,
)
from notifications.admin.lists import TAB, NotificationChangeList, RecordListAdmin
from notifications.models import DeliveryAttempt, Notification
from notifications.states import Action, Status


class AttemptSection(TemplateSection):
    """A notification's attempts, expanding in its row of the list."""

    template_name = "admin/notifications/notification/attempts.html"

    def get_context_data(self, request: HttpRequest, instance: Any) -> dict[str, Any]:
        """Return each attempt with its colour and its decision in words."""
        return {
            "attempts": [
                (attempt, OUTCOME_COLOURS[attempt.outcome], explanations.decision(attempt))
                for attempt in instance.attempts.all()
            ]
        }


@admin.register(Notification)
class NotificationAdmin(RecordListAdmin):
    """The operator's main screen."""

    when_empty = _(
        "Every mail that an order's event causes appears here. Place an order over the API, "
        "or a test order."
    )
    keyset = ("-created_at", "-pk")
    own_parameters = (TAB,)
    list_display = (
        "named",
        "shown_recipient",
        "shown_status",
        "attempts_used",
        "next_attempt",
        "provider_name",
        "last_error",
        "created",
    )
    list_filter = (
        StatusFilter,
        EventFilter,
        ProviderFilter,
        ErrorFilter,
        AgeFilter,
        ("created_at", RangeDateTimeFilter),
    )
    list_filter_submit = True
    list_fullwidth = True
    list_before_template = "admin/notifications/notification/tabs.html"
    list_sections = (AttemptSection,)
    search_fields = ("reference", "recipient")
    search_help_text = _("An order's number, an address, or an id")
    change_form_template = "admin/notifications/notification/record.html"
    fieldsets = ((None, {"fields": ("id",)}),)

    actions = tuple(f"bulk_{action.value}" for action in OFFERS)
    actions_detail = (*(action.value for action in OFFERS), "suppress_address", "release_address")
    retry = dialog_action(Action.RETRY)
    redrive = dialog_action(Action.REDRIVE)
    resolve_arrived = dialog_action(Action.ARRIVED)
    resolve_not_arrived = dialog_action(Action.NOT_ARRIVED)
    cancel = dialog_action(Action.CANCEL)
    suppress_address = suppress_action()
    release_address = release_action()
    bulk_retry = bulk_action(Action.RETRY)
    bulk_redrive = bulk_action(Action.REDRIVE)
    bulk_resolve_arrived = bulk_action(Action.ARRIVED)
    bulk_resolve_not_arrived = bulk_action(Action.NOT_ARRIVED)
    bulk_cancel = bulk_action(Action.CANCEL)

    class Media:
        css = {"all": ["notifications/operations.css"]}
        js = ["notifications/operations.js"]

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[KeysetChangeList]:
        """Return the class of the list."""
        return NotificationChangeList

    def get_queryset(self, request: HttpRequest) -> "QuerySet[Notification]":
        """Leave the contexts and raw answers out: a page of them may be megabytes."""
        rows: QuerySet[Notification] = super().get_queryset(request)
        attempts = Prefetch("attempts", DeliveryAttempt.objects.defer("detail"))
        return rows.defer("context").prefetch_related(attempts)

    def get_search_results(
        self, request: HttpRequest, queryset: "QuerySet[Notification]", search_term: str
    ) -> "tuple[QuerySet[Notification], bool]":
        """Find by order, by recipient, or by the id that logs and providers' metadata show."""
        term = search_term.strip()
        if not term:
            return queryset, False
        if request.method == "POST":  # an action on all that match
            return queryset.filter(search.matching(term, request.user)), False
        ids, is_cut = search.first_ids(term, request.user)
        if is_cut:
            words = gettext(
                "The first %(n)d matches are shown: write more of it. An action on all of them"
                " takes every match."
            )
            self.message_user(request, words % {"n": len(ids)}, level=messages.INFO)
        return queryset.filter(pk__in=ids), False

    # Methods, because unfold asks the database at start for permissions that are named as such.

    def has_retry_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may retry."""
        return request.user.has_perm("notifications.retry_notification")

    def has_redrive_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may redrive."""
        return request.user.has_perm("notifications.redrive_notification")

    def has_resolve_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may resolve unknown outcomes."""
        return request.user.has_perm("notifications.resolve_notification")

    def has_cancel_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may cancel."""
        return request.user.has_perm("notifications.cancel_notification")

    def has_suppress_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may put an address on the suppression list."""
        return request.user.has_perm("notifications.add_suppression")

    def has_release_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may take an address off it."""
        return request.user.has_perm("notifications.delete_suppression")

    @display(description=_("Notification"), header=True)
    def named(self, row: Notification) -> tuple[str, str]:
        """Return order and event, one below the other."""
        return row.reference or str(row.pk), row.event

    @display(description=_("Recipient"))
    def shown_recipient(self, row: Notification) -> SafeString:
        """Return the address, which may be long."""
        return format_html('<span class="pr-address pr-break">{}</span>', row.recipient or "–")

    @display(description=_("Status"), label=STATUS_COLOURS)
    def shown_status(self, row: Notification) -> tuple[str, str]:
        """Return the status for a badge."""
        return row.status, row.get_status_display()

    @display(description=_("Attempts"))
    def attempts_used(self, row: Notification) -> int:
        """Return how often it was tried."""
        return row.attempt_count

    @display(description=_("Next attempt"))
    def next_attempt(self, row: Notification) -> SafeString | str:
        """Return when it is tried again, counting down."""
        if row.status != Status.RETRYING or row.next_attempt_at is None:
            return "–"
        return format_html(
            '<time class="pr-countdown" data-countdown datetime="{}">{}</time>',
            row.next_attempt_at.isoformat(),
            f"{timezone.localtime(row.next_attempt_at):%H:%M:%S}",
        )

    @display(description=_("Caused"))
    def created(self, row: Notification) -> SafeString:
        """Return when it was caused, on one line."""
        at = timezone.localtime(row.created_at)
        return format_html('<span class="pr-nowrap">{}</span>', f"{at:%Y-%m-%d %H:%M}")

    @display(description=_("Provider"))
    def provider_name(self, row: Notification) -> str:
        """Return who was asked last."""
        return row.provider or "–"

    @display(description=_("Last error"))
    def last_error(self, row: Notification) -> SafeString:
        """Return what went wrong, in a few words."""
        why = "" if row.status in {Status.SENT, Status.DELIVERED} else explanations.outlook(row).why
        return format_html('<span class="pr-clamp" title="{}">{}</span>', why, why or "–")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """None in the page's head: they stand beside the status, and change with it."""
        return []

    def mask(self, row: Notification) -> None:
        """Hide whose mail it is: in the record, its context, and so in the mail made of it."""
        names = (row.recipient_name,)
        if "context" not in row.get_deferred_fields():
            row.context = mask_data(row.context, names=names)
        row.subject = mask_text(row.subject, names=names)
        row.error_summary = mask_text(row.error_summary, names=names)
        row.recipient = mask_address(row.recipient)
        row.recipient_name = mask_name(row.recipient_name)
        row.reply_to = mask_text(row.reply_to)
        for attempt in row.attempts.all():
            attempt.summary = mask_text(attempt.summary)

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: Any = None
    ) -> Notification | None:
        """Return one record whole; what the list leaves out is looked at here."""
        try:
            key = UUID(object_id)
        except ValueError:
            return None
        row = Notification.objects.filter(pk=key).prefetch_related("attempts").first()
        if row is not None and not may_see_addresses(request.user):
            self.mask(row)
        return row

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list; an action that this person may not do is refused, and not passed over."""
        name = request.POST.get("action", "")
        if name in self.actions and name not in self.get_actions(request):
            raise PermissionDenied
        page: HttpResponse = super().changelist_view(request, extra_context)
        return page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the record with its outlook, its timeline and its mail."""
        row = self.get_object(request, object_id) if object_id else None
        told: dict[str, Any] = {}
        if row is not None and self.has_view_permission(request, row):
            told = record.page_context(row, request.user)
        context = (extra_context or {}) | told
        page: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return page

    def get_urls(self) -> list[URLPattern]:
        """Add the part of the record that a page asks for again and again."""
        live = self.admin_site.admin_view(self.live_view)
        own = [path("<uuid:pk>/live/", live, name="notifications_notification_live")]
        return [*own, *super().get_urls()]

    def live_view(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """Return the changing part of a record, or 204 while it is what the page has seen."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = self.get_object(request, str(pk))
        if row is None:
            raise Http404
        html = record.live_fragment(row, request.user)
        if f'data-digest="{request.GET.get("seen", "-")}"' in html:
            return HttpResponse(status=204)
        return HttpResponse(html)
