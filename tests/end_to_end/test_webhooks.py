"""A provider's webhook reaches the notification through web process, broker and worker."""

import time
from typing import Any

import pytest
import requests

from tests.support.stack import Stack, StartStack
from tests.support.waiting import eventually

SOON = 4.0  # seconds; the relay would take more than 5


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    return start_stack(
        {
            "EMAIL_PROVIDERS": "smtp,postmark",
            "POSTMARK_SERVER_TOKEN": "never-used",
            "POSTMARK_WEBHOOK_SECRET": "postroom:secret",
        }
    )


def sent(stack: Stack, recipient: str) -> dict[str, Any]:
    """Place an order; return its notification as soon as it is sent."""
    number = stack.api.place_order(recipient).json()["number"]
    return eventually(
        lambda: next(iter(stack.api.notifications(order=number, status="sent")), None), within=10
    )


def report(stack: Stack, row: dict[str, Any], **event: Any) -> requests.Response:
    """POST what Postmark would."""
    return requests.post(
        f"http://127.0.0.1:{stack.port}/webhooks/postmark/tracking/",
        json={"Metadata": {"notification_id": row["id"]}, "Email": row["recipient"]} | event,
        auth=("postroom", "secret"),
        timeout=10,
    )


def test_a_reported_delivery_is_soon_seen(stack: Stack) -> None:
    row = sent(stack, "delivered@example.com")
    began = time.monotonic()
    assert report(stack, row, RecordType="Delivery").status_code == 200
    assert time.monotonic() - began < 1
    eventually(lambda: stack.api.notification(row["id"])["status"] == "delivered", within=SOON)


def test_a_hard_bounce_keeps_the_next_mail_from_leaving(stack: Stack) -> None:
    row = sent(stack, "bounced@example.com")
    assert report(stack, row, RecordType="Bounce", Type="HardBounce", ID=1).status_code == 200
    eventually(lambda: stack.api.notification(row["id"])["status"] == "bounced", within=SOON)
    number = stack.api.place_order("Bounced@example.com").json()["number"]
    assert stack.api.notification_of(number)["status"] == "suppressed"
