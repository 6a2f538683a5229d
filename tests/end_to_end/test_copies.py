"""Messages that are copied, and schedulers that run twice, double no mail."""

import time

import pytest

from tests.support.smtp_sink import SmtpSink
from tests.support.stack import Stack, StartStack
from tests.support.waiting import eventually

COPIES = 50
SWEEPS = 11.0  # seconds: each beat has its relay sweep at least twice
RECIPIENTS = [f"copied-{number}@example.com" for number in range(5)]


@pytest.fixture
def stack(start_stack: StartStack) -> Stack:
    return start_stack()


def test_fifty_copies_of_each_message_and_two_beats_send_each_mail_once(
    stack: Stack, sink: SmtpSink
) -> None:
    stack.live.stop()
    for recipient in RECIPIENTS:
        assert stack.api.place_order(recipient).status_code == 201
    with stack.valkey.client() as client:
        eventually(lambda: client.llen("live") == len(RECIPIENTS), within=10)
        messages = client.lrange("live", 0, -1)
        client.rpush("live", *messages * (COPIES - 1))
        assert client.llen("live") == COPIES * len(RECIPIENTS)
    with stack.second_beat():
        stack.restart(stack.live)
        eventually(lambda: all(map(sink.messages_to, RECIPIENTS)), within=40)
        with stack.valkey.client() as client:
            eventually(lambda: client.llen("live") == 0, within=40)
        time.sleep(SWEEPS)
    assert [len(sink.messages_to(recipient)) for recipient in RECIPIENTS] == [1] * len(RECIPIENTS)
    counts = {row["attempt_count"] for row in stack.api.notifications()}
    assert counts == {1}
