"""The tutorial's tasks."""

from celery import shared_task
from django.core.mail import send_mail

from benchmarks.peers.shop.mail import rendered
from benchmarks.peers.shop.models import Order


@shared_task
def send_plain_mail(number: str, email: str) -> None:
    """Send a few words, without reading anything."""
    send_mail(f"Your order {number}", f"Thank you for your order {number}.", None, [email])


@shared_task
def send_order_mail(order_id: int) -> None:
    """Read the order, render its mail, and send it."""
    order = Order.objects.get(id=order_id)
    send_mail(from_email=None, recipient_list=[order.email], **rendered(order.as_context()))
