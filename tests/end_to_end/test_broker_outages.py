"""Orders are accepted while the broker is away, and their mail leaves when it is back."""

import time

import pytest

from tests.support.smtp_sink import SmtpSink
from tests.support.stack import Stack, StartStack
from tests.support.waiting import eventually

pytestmark = pytest.mark.one_database  # it is the broker's death that matters
ANSWERS_WITHIN = 1.5  # seconds
LEAVES_WITHIN = 50.0  # the relay takes up what was not published after half a minute


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    return start_stack(behind_proxy=True)


def place_timed(stack: Stack, recipient: str) -> float:
    """Place an order and return how many seconds the answer took."""
    begun = time.monotonic()
    answer = stack.api.place_order(recipient)
    assert answer.status_code == 201, answer.text
    return time.monotonic() - begun


def place_during_outage(stack: Stack, name: str) -> list[str]:
    """Place three orders one after the other; return their recipients."""
    recipients = [f"{name}-{number}@example.com" for number in range(3)]
    first, *others = (place_timed(stack, recipient) for recipient in recipients)
    assert first < ANSWERS_WITHIN
    assert max(others) < 0.5, "the first request's experience spares the next ones the wait"
    return recipients


def test_a_message_that_the_broker_lost_is_published_again(stack: Stack, sink: SmtpSink) -> None:
    # The first test here: after an outage publishing rests for a while, and leaves it to the relay.
    # Nobody takes from the queue, which is then emptied, as by a broker that lost its disk.
    stack.live.stop()
    place_timed(stack, "lost@example.com")
    with stack.valkey.client() as client:
        eventually(lambda: client.llen("live") == 1, within=10)
        client.delete("live")
    stack.live.start()
    eventually(lambda: sink.messages_to("lost@example.com"), within=LEAVES_WITHIN)
    assert len(sink.messages_to("lost@example.com")) == 1


def test_mail_leaves_after_each_kind_of_outage(stack: Stack, sink: SmtpSink) -> None:
    # One test, because what is waited for is the same half minute for all of them.
    assert stack.proxy is not None
    place_timed(stack, "before@example.com")
    eventually(lambda: sink.messages_to("before@example.com"), within=10)

    stack.proxy.refuse()
    recipients = place_during_outage(stack, "refused")
    stack.proxy.restore()
    time.sleep(6)  # until the broker is tried again

    stack.valkey.freeze()
    recipients += place_during_outage(stack, "hung")
    stack.valkey.thaw()
    time.sleep(6)

    stack.proxy.swallow()
    recipients += place_during_outage(stack, "swallowed")
    stack.proxy.restore()

    eventually(lambda: all(map(sink.messages_to, recipients)), within=LEAVES_WITHIN)
    assert [len(sink.messages_to(recipient)) for recipient in recipients] == [1] * 9
    assert all(service.is_running for service in stack.services)
    eventually(lambda: set(stack.statuses()) == {"sent"}, within=10)
