"""While an answer is awaited, its thread does what else there is to do: once, and nothing worse."""

import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from providers import connections, idle
from providers.errors import ProviderError
from providers.sending import send
from tests.support.fake_esp import POSTMARK_TOKEN, FakeEsp
from tests.support.http_endpoint import HttpEndpoint
from tests.support.smtp_sink import SmtpSink, Stage, refuse
from tests.support.waiting import eventually


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Find no work of a test in this thread after it."""
    yield
    connections.reset()
    idle.awaiting_answer()


@pytest.fixture(params=[False, True], ids=["step by step", "pipelined"])
def smtp(request: Any, sink: SmtpSink, use_providers: Any, settings: Any) -> SmtpSink:
    """A mail server, which is sent to in both ways."""
    settings.SMTP_FAST_PATH = request.param
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url)
    return sink


def test_a_mail_server_is_not_waited_for_without_doing_anything(
    smtp: SmtpSink, new_mail: Any
) -> None:
    mails = [new_mail(to=f"n{number}@example.com") for number in range(3)]
    done: list[int] = []
    for number, mail in enumerate(mails):
        with idle.meanwhile(partial(done.append, number)):
            send("smtp", mail, following=mails[number + 1] if number < 2 else None)
        assert done == list(range(number + 1))
    assert [mail.recipients[0] for mail in smtp.messages] == [mail.to[0] for mail in mails]


@pytest.mark.parametrize("is_plain", [True, False], ids=["posted here", "through requests"])
def test_an_esp_has_the_whole_mail_before_anything_else_is_done(
    endpoint: HttpEndpoint, use_providers: Any, new_mail: Any, is_plain: bool
) -> None:
    use_providers(
        EMAIL_PROVIDERS="postmark",
        POSTMARK_SERVER_TOKEN=POSTMARK_TOKEN,
        POSTMARK_API_URL=f"{endpoint.url}/",
    )
    if not is_plain:  # as a proxy or credentials would make it
        opened = connections.take("postmark")._open()  # type: ignore[attr-defined]
        opened.cookies.set("a", "b")
    arrived: list[int] = []

    def work() -> None:
        eventually(lambda: endpoint.received, within=5)
        arrived.append(len(endpoint.received))

    # What is answered is nothing that Postmark says: all that counts is when.
    with idle.meanwhile(work), pytest.raises(ProviderError):
        send("postmark", new_mail())
    assert arrived == [1]


@pytest.mark.parametrize("is_plain", [True, False], ids=["posted here", "through requests"])
def test_an_answer_that_came_in_time_is_read_however_late(
    esp: FakeEsp, use_providers: Any, new_mail: Any, is_plain: bool
) -> None:
    use_providers(
        timeout=0.3,
        EMAIL_PROVIDERS="postmark",
        POSTMARK_SERVER_TOKEN=POSTMARK_TOKEN,
        POSTMARK_API_URL=f"{esp.url}/",
    )
    if not is_plain:
        opened = connections.take("postmark")._open()  # type: ignore[attr-defined]
        opened.cookies.set("a", "b")
    with idle.meanwhile(partial(time.sleep, 0.5)):
        assert send("postmark", new_mail()).provider_message_id
    assert len(esp.messages) == 1


def test_a_reply_that_came_in_time_is_read_however_late(
    smtp: SmtpSink, settings: Any, new_mail: Any
) -> None:
    settings.EMAIL_SEND_TIMEOUT = timedelta(seconds=0.3)
    connections.reset()
    send("smtp", new_mail())
    with idle.meanwhile(partial(time.sleep, 0.5)):
        assert send("smtp", new_mail()).status_code == 250
    assert len(smtp.messages) == 2


def test_each_answer_is_time_for_one_work_the_innermost_first() -> None:
    done: list[str] = []
    with idle.meanwhile(lambda: done.append("outer")):
        with idle.meanwhile(lambda: done.append("inner")):
            idle.awaiting_answer()
            assert done == ["inner"]
            idle.awaiting_answer()
        idle.awaiting_answer()
    assert done == ["inner", "outer"]


def test_what_no_answer_was_awaited_for_is_not_done_later() -> None:
    done: list[str] = []
    with idle.meanwhile(lambda: done.append("outer")):
        with idle.meanwhile(lambda: done.append("inner")):
            pass
        idle.awaiting_answer()
    idle.awaiting_answer()
    assert done == ["outer"]


def test_work_is_that_of_its_thread() -> None:
    done: list[str] = []
    with idle.meanwhile(lambda: done.append("here")):
        other = threading.Thread(target=idle.awaiting_answer)
        other.start()
        other.join()
    assert done == []


@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.BODY])
def test_a_refusal_is_told_whatever_was_done_meanwhile(
    smtp: SmtpSink, settings: Any, new_mail: Any, stage: Stage
) -> None:
    first, second = (new_mail(to=f"{name}@example.com") for name in ("one", "two"))
    done: list[str] = []
    smtp.queue(refuse("451 4.3.0 Later", at=stage))
    with (
        idle.meanwhile(partial(done.append, "first")),
        pytest.raises(ProviderError) as caught,
    ):
        send("smtp", first, following=second)
    assert (caught.value.status_code, caught.value.can_fail_over) == (451, True)
    with idle.meanwhile(partial(done.append, "second")):
        send("smtp", second)
    # Step by step the first answer is time to write the second mail, and here the only one.
    only_one = stage is Stage.MAIL and not settings.SMTP_FAST_PATH
    assert done == (["second"] if only_one else ["first", "second"])
    assert [mail.recipients[0] for mail in smtp.messages] == ["two@example.com"]
