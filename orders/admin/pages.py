"""The pages that change something: placing a test order, and recording an event."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from unfold.sites import UnfoldAdminSite

from access import audit
from access.actors import Actor
from orders import event_types, services
from orders.admin.forms import EventForm, TestOrderForm
from orders.errors import IllegalEvent, OrderError, OrderRefused
from orders.models import Order

FORM = "admin/orders/order/form.html"
PLACE = "orders.place_test_order"
RECORD = "orders.record_event"


def place_test_order(request: HttpRequest, *, site: UnfoldAdminSite) -> HttpResponse:
    """Show the form; when it is posted, place the order and show it.

    Raises:
        PermissionDenied: this person may not.
    """
    if not request.user.has_perm(PLACE):
        raise PermissionDenied
    first = {"email": getattr(request.user, "email", ""), "name": _full_name(request.user)}
    form = TestOrderForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                order = services.place_order(form.order())
                _audit(request, "order.place_test", order)
        except OrderError as error:
            form.add_error(None, str(error))
        else:
            words = _("The test order %(number)s is placed; its mail is on the way.")
            messages.success(request, words % {"number": order.number})
            return HttpResponseRedirect(_page_of(order))
    context = {
        "title": _("Place a test order"),
        "form": form,
        "explanation": _(
            "It is an order like any other, marked as a test: its mail is sent through the live"
            " providers, and you can follow it from its page."
        ),
        "submit": _("Place the order"),
        "back": reverse("admin:orders_order_changelist"),
    }
    return _answer(request, context, site=site)


def record_event(
    request: HttpRequest, *, object_id: str, kind: str, site: UnfoldAdminSite
) -> HttpResponse:
    """Show the form of one kind of event; when it is posted, record it and show the order.

    Raises:
        PermissionDenied: this person may not.
        Http404: there is no such order, or no such kind of event.
    """
    if not request.user.has_perm(RECORD):
        raise PermissionDenied
    event_type = event_types.postable().get(kind)
    order = _order(object_id)
    if event_type is None or order is None:
        raise Http404
    if kind not in services.legal_events(order):
        # Somebody was quicker, or the link is old.
        illegal = IllegalEvent(event=kind, status=order.status, legal=services.legal_events(order))
        messages.warning(request, str(illegal))
        return HttpResponseRedirect(_page_of(order))
    form = EventForm(request.POST or None, declared=event_type.data)
    if request.method == "POST" and form.is_valid() and _record(request, order, kind, form):
        return HttpResponseRedirect(_page_of(order))
    title = event_type.contract.title
    context = {
        "title": _("Record: %(event)s") % {"event": title},
        "form": form,
        "explanation": _("Order %(number)s: %(what)s The mail about it is sent at once.")
        % {"number": order.number, "what": event_type.contract.description},
        "submit": _("Record it"),
        "back": _page_of(order),
    }
    return _answer(request, context, site=site)


def _record(request: HttpRequest, order: Order, kind: str, form: EventForm) -> bool:
    try:
        with transaction.atomic():
            data = form.event_data()
            services.record_event(number=order.number, kind=kind, data=data)
            _audit(request, "order.record_event", order, event=kind)
    except OrderRefused as refused:
        form.add_problems(refused)
        return False
    except OrderError as error:
        messages.warning(request, str(error))
        return True
    messages.success(request, _("Recorded; the mail about it is on the way."))
    return True


def _order(object_id: str) -> Order | None:
    try:
        return Order.objects.filter(pk=object_id).first()
    except (ValueError, TypeError):
        return None


def _audit(request: HttpRequest, action: str, order: Order, **data: Any) -> None:
    audit.record(
        actor=Actor.from_request(request),
        action=action,
        target_type="order",
        target_id=str(order.pk),
        data={"number": order.number, **data},
    )


def _page_of(order: Order) -> str:
    return reverse("admin:orders_order_change", args=[order.pk])


def _full_name(user: Any) -> str:
    return str(user.get_full_name()) if user.is_authenticated else ""


def _answer(
    request: HttpRequest, context: dict[str, Any], *, site: UnfoldAdminSite
) -> TemplateResponse:
    return TemplateResponse(request, FORM, {**site.each_context(request), **context})
