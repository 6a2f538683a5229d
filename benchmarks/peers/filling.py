"""The ways in which the peers' projects enqueue a mail per order."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection, send_mail
from django.template.loader import get_template

from benchmarks.email import sample
from benchmarks.peers.celery import app
from benchmarks.peers.shop import tasks
from benchmarks.peers.shop.mail import rendered
from benchmarks.peers.shop.models import Line, Order

app.set_default()
HUNDRED = 100


def plain(count: int) -> Iterator[None]:
    """The tutorial: a few words, nothing read."""
    yield
    for position in range(count):
        tasks.send_plain_mail.delay(sample.number_of(position), sample.recipient_of(position))
        yield


def order_mail(count: int) -> Iterator[None]:
    """The tutorial: the task reads the order and renders."""
    orders = _orders(count)
    yield
    for order in orders:
        tasks.send_order_mail.delay(order.id)
        yield


def through_backend(count: int) -> Iterator[None]:
    """`send_mail` with the project's backend, one event at a time (celery-email, mailer)."""
    contexts = _contexts(count)
    yield
    for position, context in enumerate(contexts):
        send_mail(
            from_email=None,
            recipient_list=[sample.recipient_of(position)],
            **rendered(context),
        )
        yield


def through_backend_at_once(count: int) -> Iterator[None]:
    """Everything in one `send_messages`."""
    contexts = _contexts(count)
    yield
    messages = []
    for position, context in enumerate(contexts):
        made = rendered(context)
        message = EmailMultiAlternatives(
            made["subject"], made["message"], to=[sample.recipient_of(position)]
        )
        message.attach_alternative(made["html_message"], "text/html")
        messages.append(message)
    get_connection().send_messages(messages)


def post_office(count: int) -> Iterator[None]:
    """`mail.send` with a template, one event at a time."""
    from post_office import mail

    template, contexts = _email_template(), _contexts(count)
    yield
    for position, context in enumerate(contexts):
        mail.send(**_post_office_mail(position, template=template, context=context))
        yield


def post_office_on_delivery(count: int) -> Iterator[None]:
    """The same, to be rendered when it is sent."""
    from post_office import mail

    template, contexts = _email_template(), _contexts(count)
    yield
    for position, context in enumerate(contexts):
        options = _post_office_mail(position, template=template, context=context)
        mail.send(**options, render_on_delivery=True)
        yield


def post_office_hundreds(count: int) -> Iterator[None]:
    """`mail.send_many`, a hundred at a time."""
    from post_office import mail

    template, contexts = _email_template(), _contexts(count)
    yield
    for start in range(0, count, HUNDRED):
        some = range(start, min(start + HUNDRED, count))
        mail.send_many([_post_office_mail(n, template=template, context=contexts[n]) for n in some])
        yield


def _post_office_mail(position: int, *, template: Any, context: dict[str, Any]) -> dict[str, Any]:
    return {
        "recipients": sample.recipient_of(position),
        "sender": settings.DEFAULT_FROM_EMAIL,
        "template": template,
        "context": context,
    }


def _email_template() -> Any:
    from post_office.models import EmailTemplate

    # Its templates are texts in the database: the layout is extended from the shop's files.
    texts = {
        field: get_template(f"order/{name}").template.source.strip()
        for field, name in (
            ("subject", "subject.txt"),
            ("content", "body.txt"),
            ("html_content", "body.html"),
        )
    }
    return EmailTemplate.objects.create(name="order", **texts)


def _contexts(count: int) -> list[dict[str, Any]]:
    order = _orders(1)[0]
    context = order.as_context()
    return [
        context | {"order": {**context["order"], "number": sample.number_of(position)}}
        for position in range(count)
    ]


def _orders(count: int) -> list[Order]:
    orders = Order.objects.bulk_create(
        Order(
            number=sample.number_of(position),
            email=sample.recipient_of(position),
            name=sample.CUSTOMER,
            shipping=sample.SHIPPING,
            total=sample.TOTAL,
        )
        for position in range(count)
    )
    Line.objects.bulk_create(
        Line(order=order, sku=sku, name=name, quantity=quantity, unit_price=price)
        for order in orders
        for sku, name, quantity, price in sample.LINES
    )
    return orders
