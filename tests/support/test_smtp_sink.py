"""The SMTP sink fails as it is told: what stands on it can be believed."""

import smtplib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.smtp_sink import (
    SmtpFault,
    SmtpSink,
    Stage,
    command,
    disconnect,
    hang,
    refuse,
    reset,
    slow,
)

MAIL = "Subject: Tea\r\n\r\nTwo lines\r\n.one dot\r\n"


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with SmtpSink() as sink:
        yield sink


def hand_over(sink: SmtpSink, recipient: str = "minji@example.com", *, timeout: float = 5) -> None:
    with smtplib.SMTP("127.0.0.1", sink.port, timeout=timeout) as client:
        client.sendmail("shop@example.com", [recipient], MAIL)


def test_a_message_is_kept_as_it_was_sent(sink: SmtpSink) -> None:
    hand_over(sink)
    (mail,) = sink.messages_to("minji@example.com")
    assert mail.data == MAIL.encode()
    assert mail.message["Subject"] == "Tea"
    assert mail.sender == "shop@example.com"


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY])
def test_a_refusal_strikes_once_at_its_stage(sink: SmtpSink, stage: Stage) -> None:
    sink.queue(refuse("451 4.3.0 Try again later", at=stage))
    with pytest.raises(smtplib.SMTPException, match="451"):
        hand_over(sink)
    assert sink.messages == []
    hand_over(sink)
    assert [one.accepted for one in sink.tries][-2:] == [False, True]


@pytest.mark.parametrize("accept", [True, False])
@pytest.mark.parametrize("fault", [hang, disconnect, reset])
def test_a_lost_answer_says_nothing_of_acceptance(
    sink: SmtpSink, fault: Callable[..., SmtpFault], accept: bool
) -> None:
    sink.queue(fault(accept=accept, at=Stage.BODY))
    with pytest.raises((OSError, smtplib.SMTPServerDisconnected)):
        hand_over(sink, timeout=0.2)
    assert len(sink.messages) == int(accept)


def test_a_fault_can_be_meant_for_one_recipient(sink: SmtpSink) -> None:
    sink.always(refuse("550 5.1.1 No such user"), to="nobody@example.com")
    hand_over(sink)
    for _ in range(2):
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            hand_over(sink, "nobody@example.com")
    assert len(sink.messages) == 1


def test_connections_are_refused_while_stopped_and_by_greeting(sink: SmtpSink) -> None:
    sink.queue(refuse("421 4.3.2 Closing", at=Stage.CONNECT))
    with pytest.raises(smtplib.SMTPConnectError, match="421"):
        hand_over(sink)
    sink.stop()
    with pytest.raises(ConnectionRefusedError):
        hand_over(sink)
    sink.start()
    hand_over(sink)


def test_a_slow_sink_accepts_late(sink: SmtpSink) -> None:
    sink.queue(slow(0.3))
    hand_over(sink)
    (one,) = sink.tries
    assert one.accepted


def test_it_runs_as_a_process_of_its_own_and_takes_orders(tmp_path: Path) -> None:
    record = tmp_path / "mail.jsonl"
    arguments = ["--port", "0", "--record", str(record)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.smtp_sink", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline().rsplit(":", 1)[1])
        alone = SmtpSink(port=port)
        command(port, "queue", refuse("451 4.3.0 Later"))
        with pytest.raises(smtplib.SMTPException, match="451"):
            hand_over(alone)
        hand_over(alone)
        process.terminate()
        assert process.wait(timeout=5) == 0
    assert len(record.read_text().splitlines()) == 1
