"""Mail after mail over one pipelined SMTP connection: every reply is judged for its own mail."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import pytest

from providers import connections
from providers.errors import ProviderError
from providers.sending import send
from tests.support.smtp_sink import (
    SmtpFault,
    SmtpSink,
    Stage,
    disconnect,
    hang,
    refuse,
    reset,
    slow,
)

REFUSALS = [
    (refuse("451 4.3.0 Later", at=Stage.MAIL), "smtp_451"),
    (refuse("550 5.7.1 Unknown sender", at=Stage.MAIL), "sender_refused"),
    (refuse("550 5.1.1 No such user"), "recipient_rejected"),
    (refuse("450 4.2.0 Greylisted"), "smtp_450"),
    (refuse("452 4.3.1 Full", at=Stage.DATA), "smtp_452"),
    (refuse("552 5.3.4 Too big", at=Stage.BODY), "message_too_large"),
    (refuse("451 4.3.0 Later", at=Stage.BODY), "smtp_451"),
]
BREAKS = [
    (refuse("421 4.3.2 Closing", at=Stage.RCPT), "smtp_421"),
    (refuse("421 4.3.2 Closing", at=Stage.DATA), "smtp_421"),
    (refuse("421 4.3.2 Closing", at=Stage.BODY), "smtp_421"),
    (disconnect(at=Stage.RCPT), "disconnected"),
    (reset(at=Stage.DATA), "disconnected"),
    (hang(accept=False, at=Stage.DATA), "silence"),
    (disconnect(at=Stage.BODY, accept=True), "connection_lost"),
    (reset(at=Stage.BODY), "connection_lost"),
    (hang(accept=True, at=Stage.BODY), "timeout"),
]


@pytest.fixture
def smtp(sink: SmtpSink, use_providers: Any, settings: Any) -> SmtpSink:
    settings.SMTP_FAST_PATH = True
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url)
    return sink


@pytest.fixture
def send_in_a_row(new_mail: Any) -> Any:
    """Return a function that sends mails to names, each told which one comes next."""

    def run(names: Sequence[str], **changes: Any) -> list[str]:
        mails = [new_mail(to=f"{name}@example.com", **changes) for name in names]
        return [outcome(mail, following) for mail, following in pairwise([*mails, None])]

    return run


def outcome(mail: Any, following: Any) -> str:
    try:
        return send("smtp", mail, following=following).provider_message_id
    except ProviderError as error:
        return error.code


def arrived(sink: SmtpSink) -> list[str]:
    return [mail.recipients[0].partition("@")[0] for mail in sink.messages]


def test_mails_in_a_row_arrive_once_each_and_whole(smtp: SmtpSink, send_in_a_row: Any) -> None:
    names = [f"n{number}" for number in range(20)]
    text = ".\r\n..two\n.\n\n" + "x" * 5000 + "\n."
    assert send_in_a_row(names, body=text) == ["OK: kept"] * 20
    assert arrived(smtp) == names
    for mail in smtp.messages:
        [plain, _] = mail.message.iter_parts()
        assert plain.get_content().replace("\r\n", "\n") == text.replace("\r\n", "\n")
    assert smtp.connections == 1


@pytest.mark.parametrize(("fault", "code"), REFUSALS)
def test_a_refusal_is_that_mails_alone_and_the_connection_goes_on(
    smtp: SmtpSink, send_in_a_row: Any, fault: SmtpFault, code: str
) -> None:
    if fault.stage is Stage.MAIL:  # chosen before the sink knows the recipient: the first mail's
        smtp.queue(fault)
        expected = [code, *["OK: kept"] * 3]
    else:
        smtp.queue(fault, to="b@example.com")
        expected = ["OK: kept", code, *["OK: kept"] * 2]
    assert send_in_a_row("abcd") == expected
    assert arrived(smtp) == [
        name for name, said in zip("abcd", expected, strict=True) if said != code
    ]
    assert smtp.connections == 1


@pytest.mark.parametrize(("fault", "code"), BREAKS)
def test_a_broken_connection_costs_the_one_mail_that_was_on_its_way(
    smtp: SmtpSink, send_in_a_row: Any, fault: SmtpFault, code: str
) -> None:
    smtp.queue(fault, to="b@example.com")
    assert send_in_a_row("abcd") == ["OK: kept", code, "OK: kept", "OK: kept"]
    assert arrived(smtp) == (list("abcd") if fault.accept else list("acd"))
    assert smtp.connections == 2


def test_a_server_that_says_goodbye_between_two_mails_gets_the_next_on_a_new_connection(
    smtp: SmtpSink, send_in_a_row: Any
) -> None:
    assert send_in_a_row("a") == ["OK: kept"]
    smtp.queue(refuse("421 4.7.0 Too many messages on one connection", at=Stage.MAIL))
    assert send_in_a_row("bc") == ["OK: kept", "OK: kept"]
    assert (arrived(smtp), smtp.connections) == (list("abc"), 2)


def test_a_mail_that_was_announced_and_not_sent_leaves_no_trace(
    smtp: SmtpSink, new_mail: Any
) -> None:
    first, announced, other = (new_mail(to=f"{name}@example.com") for name in "abc")
    assert outcome(first, announced) == "OK: kept"
    assert outcome(other, None) == "OK: kept"
    assert arrived(smtp) == ["a", "c"]


def test_a_kept_connection_that_is_dropped_in_between_takes_its_announcement_along(
    smtp: SmtpSink, new_mail: Any
) -> None:
    first, second = (new_mail(to=f"{name}@example.com") for name in "ab")
    assert outcome(first, second) == "OK: kept"
    connections.drop("smtp")
    assert outcome(second, None) == "OK: kept"
    assert (arrived(smtp), smtp.connections) == (["a", "b"], 2)


def test_what_is_wrong_with_the_next_mail_is_told_of_it_and_not_of_this_one(
    smtp: SmtpSink, new_mail: Any
) -> None:
    good, broken = new_mail(to="a@example.com"), new_mail(subject="two\nlines")
    assert outcome(good, broken) == "OK: kept"
    assert outcome(broken, None) == "unsendable"
    assert arrived(smtp) == ["a"]


def test_one_of_several_recipients_may_be_refused(smtp: SmtpSink, new_mail: Any) -> None:
    smtp.queue(refuse("550 5.1.1 No such user"), to="b@example.com")
    accepted = send("smtp", new_mail(cc=["b@example.com"]))
    assert accepted.refused_recipients == 1
    assert len(smtp.messages) == 1


def test_a_slow_server_has_its_time_for_each_mail_anew(smtp: SmtpSink, send_in_a_row: Any) -> None:
    for name in "abc":
        smtp.queue(slow(0.4), to=f"{name}@example.com")
    assert send_in_a_row("abc") == ["OK: kept"] * 3  # 0.6 s is what each may take


def test_a_server_without_pipelining_is_talked_to_step_by_step(
    smtp: SmtpSink, send_in_a_row: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.support.smtp_sink.CAPABILITIES", ("250 sink.test",))
    assert send_in_a_row("abc") == ["OK: kept"] * 3
    assert (arrived(smtp), smtp.connections) == (list("abc"), 1)
