"""Workers that are killed while they send lose no mail and leave nothing in `sending`."""

import os
import signal
import time

import pytest

from tests.support.smtp_sink import SmtpSink, slow
from tests.support.stack import QUICK, Stack, StartStack
from tests.support.waiting import eventually

ORDERS = 12
ARRIVES_WITHIN = 90.0  # seconds


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    # With the defaults, because it is with them that mail is promised within 90 seconds.
    return start_stack(dict.fromkeys(QUICK, ""))


def place_orders(stack: Stack, name: str) -> list[str]:
    """Place some orders; return their recipients."""
    recipients = [f"{name}-{number}@example.com" for number in range(ORDERS)]
    for recipient in recipients:
        assert stack.api.place_order(recipient).status_code == 201
    return recipients


def wait_until_sending(stack: Stack) -> None:
    eventually(lambda: stack.statuses().get("sending"), within=10, every=0.02)


def assert_all_arrive(stack: Stack, sink: SmtpSink, recipients: list[str]) -> None:
    eventually(
        lambda: all(map(sink.messages_to, recipients)),
        within=ARRIVES_WITHIN,
        about="every order's mail",
    )
    eventually(lambda: set(stack.statuses()) == {"sent"}, within=30)


def assert_only_those_in_flight_came_twice(sink: SmtpSink, recipients: list[str]) -> None:
    extra = sum(len(sink.messages_to(recipient)) - 1 for recipient in recipients)
    assert extra <= 2, "one message for each of two sending children may be in doubt"
    for recipient in recipients:
        identifiers = {mail.message["Message-ID"] for mail in sink.messages_to(recipient)}
        assert len(identifiers) == 1, "a second copy carries the first one's Message-ID"


def test_children_killed_while_sending_lose_no_mail(stack: Stack, sink: SmtpSink) -> None:
    sink.always(slow(0.5))
    recipients = place_orders(stack, "child")
    wait_until_sending(stack)
    for child in stack.live.children():
        child.send_signal(signal.SIGKILL)
    assert_all_arrive(stack, sink, recipients)
    assert_only_those_in_flight_came_twice(sink, recipients)
    assert stack.live.is_running


def test_a_worker_killed_while_sending_loses_no_mail(stack: Stack, sink: SmtpSink) -> None:
    sink.always(slow(0.5))
    recipients = place_orders(stack, "main")
    wait_until_sending(stack)
    children = stack.live.children()
    stack.live.kill()
    for child in children:
        if child.is_running():
            os.kill(child.pid, signal.SIGKILL)
    stack.restart(stack.live)  # as whoever supervises it does
    assert_all_arrive(stack, sink, recipients)
    assert_only_those_in_flight_came_twice(sink, recipients)


def test_a_lost_attempt_is_on_record(stack: Stack, sink: SmtpSink) -> None:
    sink.always(slow(4.0), to="witness@example.com")
    assert stack.api.place_order("witness@example.com", number="WITNESS-1").status_code == 201
    wait_until_sending(stack)
    time.sleep(1)  # into the handover: killed before it, the claim would be released uncounted
    for child in stack.live.children():
        child.send_signal(signal.SIGKILL)
    eventually(
        lambda: stack.api.notification_of("WITNESS-1")["status"] == "sent", within=ARRIVES_WITHIN
    )
    lost, *_, accepted = stack.api.notification_of("WITNESS-1")["attempts"]
    assert (lost["outcome"], lost["decision"]["step"]) == ("lost", "retry")
    assert accepted["outcome"] == "accepted"
