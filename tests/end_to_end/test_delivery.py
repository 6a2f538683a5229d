"""The main job: an order posted becomes an email delivered, through real processes."""

from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from tests.support.api_client import WON_LINES
from tests.support.smtp_sink import SmtpSink, Stage, refuse
from tests.support.stack import Stack, StartStack
from tests.support.waiting import eventually

ARRIVES_WITHIN = 10.0  # seconds


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    return start_stack()


def place(stack: Stack, recipient: str, **fields: Any) -> str:
    """Place an order and return its number."""
    answer = stack.api.place_order(recipient, **fields)
    assert answer.status_code == 201, answer.text
    number: str = answer.json()["number"]
    return number


def mail_for(sink: SmtpSink, recipient: str) -> EmailMessage:
    """Return the one mail for a recipient, as soon as it has arrived."""
    (mail,) = eventually(lambda: sink.messages_to(recipient), within=ARRIVES_WITHIN)
    return mail.message


def settled(stack: Stack, order: str, status: str) -> dict[str, Any]:
    """Return an order's notification, as soon as it has this status."""

    def look() -> dict[str, Any] | None:
        found = stack.api.notification_of(order)
        return found if found["status"] == status else None

    return eventually(look, within=ARRIVES_WITHIN, about=f"{order} {status}")


def test_an_order_becomes_a_well_formed_email(stack: Stack, sink: SmtpSink) -> None:
    order = place(stack, "ada@example.com", name="Ada Lovelace")
    mail = mail_for(sink, "ada@example.com")
    assert mail.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in mail.iter_parts()] == ["text/plain", "text/html"]
    assert mail["From"] == "Postroom Demo Shop <orders@shop.example.com>"
    assert mail["To"] == "Ada Lovelace <ada@example.com>"
    assert order in mail["Subject"]
    # "-0000" is how RFC 5322 writes UTC of a machine that tells no time zone.
    date = parsedate_to_datetime(mail["Date"]).replace(tzinfo=UTC)
    assert abs(datetime.now(UTC) - date) < timedelta(minutes=1)
    assert mail["Message-ID"].endswith("@shop.example.com>")
    assert mail["Auto-Submitted"] == "auto-generated"
    text, html = (part.get_content() for part in mail.iter_parts())
    assert "Green tea" in text
    assert "Green tea" in html
    assert "$24.00" in html
    assert "<" not in text.replace("<https://", "")


def test_the_record_tells_what_was_sent(stack: Stack, sink: SmtpSink) -> None:
    order = place(stack, "record@example.com")
    mail = mail_for(sink, "record@example.com")
    record = settled(stack, order, "sent")
    assert record["message_id"] == mail["Message-ID"]
    assert record["subject"] == mail["Subject"]
    assert record["provider"] == "smtp"
    (attempt,) = record["attempts"]
    assert (attempt["number"], attempt["outcome"]) == (1, "accepted")
    content = stack.api.content(record["id"])
    assert (content["was_sent"], content["identical"]) == (True, True)
    assert content["subject"] == record["subject"]


def test_a_korean_order_is_mailed_in_korean(stack: Stack, sink: SmtpSink) -> None:
    place(
        stack,
        "minji@example.com",
        name="김민지",
        locale="ko",
        currency="KRW",
        lines=WON_LINES,
    )
    mail = mail_for(sink, "minji@example.com")
    assert mail["To"] == "김민지 <minji@example.com>"
    assert "주문" in mail["Subject"]
    html = list(mail.iter_parts())[-1].get_content()
    assert "김민지" in html
    assert "₩24,000" in html
    assert mail["Content-Language"] == "ko"


def test_each_event_of_an_order_is_mailed(stack: Stack, sink: SmtpSink) -> None:
    order = place(stack, "events@example.com")
    stack.api.add_event(order, "paid", {})
    stack.api.add_event(
        order,
        "shipped",
        {
            "carrier": "CJ Logistics",
            "tracking_number": "6412345678",
            "tracking_url": "https://track.example.com/6412345678",
        },
    )
    stack.api.add_event(order, "delivered", {})
    eventually(lambda: len(sink.messages_to("events@example.com")) == 4, within=ARRIVES_WITHIN)
    subjects = {mail.message["Subject"] for mail in sink.messages_to("events@example.com")}
    assert len(subjects) == 4
    assert all(order in subject for subject in subjects)
    assert len({mail.message["Message-ID"] for mail in sink.messages_to("events@example.com")}) == 4


def test_refused_twice_it_arrives_at_the_third_attempt(stack: Stack, sink: SmtpSink) -> None:
    recipient = "third@example.com"
    later = refuse("451 4.3.0 Try again later")
    sink.queue(later, later, to=recipient)
    order = place(stack, recipient)
    mail = mail_for(sink, recipient)
    record = settled(stack, order, "sent")

    assert [one.accepted for one in sink.tries_to(recipient)] == [False, False, True]
    assert record["message_id"] == mail["Message-ID"]
    assert record["attempt_count"] == 3
    first, second, third = record["attempts"]
    for number, attempt in enumerate((first, second), start=1):
        assert attempt["number"] == number
        assert attempt["outcome"] == "transient"
        assert attempt["error"]["code"] == "smtp_451"
        assert attempt["error"]["summary"]
        assert attempt["decision"]["step"] == "retry"
    assert (third["outcome"], third["decision"]["step"]) == ("accepted", "done")
    for before, after in ((first, second), (second, third)):
        promised = datetime.fromisoformat(before["decision"]["at"])
        assert datetime.fromisoformat(after["started_at"]) >= promised
    assert record["last_error"] is None


@pytest.mark.parametrize(
    ("stage", "code"), [(Stage.RCPT, "recipient_rejected"), (Stage.BODY, "content_refused")]
)
def test_refused_for_good_it_is_a_dead_letter_after_one_attempt(
    stack: Stack, sink: SmtpSink, stage: Stage, code: str
) -> None:
    recipient = f"nobody-{stage}@example.com"
    sink.always(refuse("550 5.1.1 No such user", at=stage), to=recipient)
    order = place(stack, recipient)
    record = settled(stack, order, "failed")
    (attempt,) = record["attempts"]
    assert attempt["outcome"] == "permanent"
    assert attempt["decision"]["step"] == "dead_letter"
    assert record["last_error"]["code"] == code
    assert record["next_attempt_at"] is None
    assert recipient not in record["last_error"]["summary"]
    assert sink.messages_to(recipient) == []


def test_a_waiting_mail_can_be_retried_now_and_cancelled(stack: Stack, sink: SmtpSink) -> None:
    recipient = "operator@example.com"
    sink.always(refuse("550 5.1.1 No such user"), to=recipient)
    order = place(stack, recipient)
    identifier = settled(stack, order, "failed")["id"]
    sink.clear()
    url = f"{stack.api.url}/notifications/{identifier}"
    answer = stack.api.session.post(f"{url}/retry/", json={"reason": "mailbox made"}, timeout=10)
    assert answer.status_code == 200, answer.text
    mail_for(sink, recipient)
    settled(stack, order, "sent")
    answer = stack.api.session.post(f"{url}/cancel/", json={}, timeout=10)
    assert answer.status_code == 409
    assert answer.json()["status_now"] == "sent"


def test_a_hundred_orders_get_a_hundred_mails(stack: Stack, sink: SmtpSink) -> None:
    recipients = [f"customer-{number}@example.com" for number in range(100)]
    for recipient in recipients:
        place(stack, recipient)
    eventually(lambda: all(map(sink.messages_to, recipients)), within=30)
    assert all(len(sink.messages_to(recipient)) == 1 for recipient in recipients)
    eventually(lambda: not {"queued", "sending", "retrying"} & set(stack.statuses()), within=10)
