"""The tutorial's view."""

import json

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from benchmarks.peers.shop.models import Order
from benchmarks.peers.shop.tasks import send_order_mail


def ping(_request: HttpRequest) -> HttpResponse:
    """Say that the server is there."""
    return HttpResponse("pong")


@csrf_exempt
def place_order(request: HttpRequest) -> JsonResponse:
    """Store one row, and have the mail sent."""
    body = json.loads(request.body)
    order = Order.objects.create(
        number=body["number"],
        email=body["customer"]["email"],
        name=body["customer"]["name"],
        shipping=body["shipping"],
        total=body["shipping"],
    )
    send_order_mail.delay(order.id)
    return JsonResponse({"id": order.id}, status=201)
