"""Django's own mail, through Postroom: stored, delivered and inspected like any other."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes
from email.mime.image import MIMEImage
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.core.mail import EmailMessage, EmailMultiAlternatives, send_mail
from django.core.mail.message import BadHeaderError
from django.db import transaction
from django.test import Client
from django.utils import timezone
from rest_framework.test import APIClient

from access import keys
from access.actors import Actor
from notifications import operations
from notifications.delivery import deliver
from notifications.models import Notification, Role, StoredMail, StoredPart, Suppression
from notifications.states import Status
from notifications.stored_mail import TooLarge, Unsupported
from notifications.tickets import Ticketed
from tests.support.smtp_sink import SmtpSink, refuse

pytestmark = pytest.mark.django_db
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d4944415478da63f8ffff"
    "ff7f0009fb03fd05434534 0000000049454e44ae426082".replace(" ", "")
)


@pytest.fixture(autouse=True)
def backend(settings: Any) -> None:
    """Use our backend, which Django's test runner has replaced by its own."""
    settings.EMAIL_BACKEND = "notifications.mail_backend.OutboxEmailBackend"


def deliver_all() -> None:
    waiting = Notification.objects.filter(status__in=[Status.QUEUED, Status.RETRYING])
    waiting.update(next_attempt_at=timezone.now())
    if tickets := [Ticketed(row.id, row.ticket) for row in waiting]:
        deliver(tickets, retries_in_broker=False)


def elaborate() -> EmailMultiAlternatives:
    """Return a message with everything that Django's messages can have."""
    message = EmailMultiAlternatives(
        subject="Grüße, 안녕하세요",
        body="Plain text — 본문",
        from_email='"Ada, Countess" <ada@shop.example.com>',
        to=["Kim Minji <minji@example.com>", "second@example.com"],
        cc=["copy@example.com"],
        bcc=["hidden@example.com"],
        reply_to=["help@shop.example.com", "boss@shop.example.com"],
        headers={"X-Campaign": "spring", "Message-ID": "<own-1@shop.example.com>"},
    )
    message.attach_alternative("<p>HTML <img src='cid:pixel'></p>", "text/html")
    message.attach("보고서.csv", "a;b\n1;ü\n", "text/csv")
    message.attach("raw.bin", bytes(range(256)), "application/octet-stream")
    image = MIMEImage(PIXEL, "png")
    image.add_header("Content-ID", "<pixel>")
    image.add_header("Content-Disposition", "inline", filename="pixel.png")
    message.attach(image)
    inner = EmailMessage("Inner", "Forwarded", "a@example.com", ["b@example.com"])
    message.attach(None, inner, "message/rfc822")
    return message


def canonical(data: bytes) -> list[Any]:
    """Return all that a mail says, without the boundaries and dates that differ each time."""
    found: list[Any] = []
    for part in message_from_bytes(data).walk():
        headers = sorted(
            (name.lower(), re.sub(r'boundary="[^"]*"', "boundary", " ".join(value.split())))
            for name, value in part.items()
            if name.lower() not in {"date", "message-id"} or value.startswith("<own")
        )
        body = None if part.is_multipart() else part.get_payload(decode=True)
        found.append((headers, body))
    return found


def test_send_mail_is_written_down_delivered_and_recorded(sink: SmtpSink) -> None:
    assert send_mail("Hello", "Text", None, ["minji@example.com"]) == 1
    row = Notification.objects.get()
    assert (row.event, row.role, row.status) == ("django.mail", Role.RECIPIENT, Status.QUEUED)
    assert (row.recipient, row.subject) == ("minji@example.com", "Hello")
    deliver_all()
    row.refresh_from_db()
    assert (row.status, row.provider, row.attempts.count()) == (Status.SENT, "smtp", 1)
    [received] = sink.messages
    assert received.message["Message-ID"] == row.message_id
    assert received.message.get_content().strip() == "Text"
    assert not hasattr(mail, "outbox") or not mail.outbox


def test_a_message_leaves_exactly_as_it_was_written(sink: SmtpSink) -> None:
    message = elaborate()
    wanted = canonical(message.message().as_bytes(linesep="\r\n"))
    message.send()
    deliver_all()
    [received] = sink.messages
    assert canonical(received.data) == wanted
    assert received.recipients == (
        "minji@example.com",
        "second@example.com",
        "copy@example.com",
        "hidden@example.com",
    )
    assert b"hidden@example.com" not in received.data
    assert received.sender == "ada@shop.example.com"
    row = Notification.objects.get()
    assert row.message_id == "<own-1@shop.example.com>"
    assert (row.recipient, row.recipient_name) == ("minji@example.com", "Kim Minji")


def test_it_is_tried_again_as_the_same_mail(sink: SmtpSink) -> None:
    elaborate().send()
    sink.queue(refuse("451 4.3.0 Try again later"))
    deliver_all()
    assert Notification.objects.get().status == Status.RETRYING
    deliver_all()
    row = Notification.objects.get()
    assert (row.status, row.attempt_count, len(sink.messages)) == (Status.SENT, 2, 1)
    assert row.content_hash == StoredMail.objects.get().digest


def test_the_body_may_be_html_alone(sink: SmtpSink) -> None:
    message = EmailMessage("Hi", "<p>Only HTML</p>", None, ["a@example.com"])
    message.content_subtype = "html"
    message.send()
    deliver_all()
    assert sink.messages[0].message.get_content_type() == "text/html"


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_kept_at_once_and_published() -> None:
    send_mail("Hello", "Text", None, ["minji@example.com"])
    assert Notification.objects.get().relay_at is not None


@pytest.mark.django_db(transaction=True)
def test_with_a_transaction_that_is_rolled_back_nothing_is_sent() -> None:
    with transaction.atomic():
        send_mail("Hello", "Text", None, ["minji@example.com"])
        assert StoredMail.objects.exists()
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not StoredMail.objects.exists()


def test_several_messages_are_kept_all_or_none() -> None:
    good = EmailMessage("Hi", "x", None, ["a@example.com"])
    bad = EmailMessage("Hi\nBcc: x@example.com", "x", None, ["b@example.com"])
    nobody = EmailMessage("Hi", "x", None, [])
    with pytest.raises(BadHeaderError):
        mail.get_connection().send_messages([good, bad])
    assert not Notification.objects.exists()
    assert mail.get_connection().send_messages([good, nobody]) == 1


def test_fail_silently_says_that_nothing_was_taken() -> None:
    bad = EmailMessage("Hi\nBcc: x@example.com", "x", None, ["b@example.com"])
    assert bad.send(fail_silently=True) == 0
    assert not Notification.objects.exists()


def test_a_mail_that_is_too_large_is_refused_with_its_size(settings: Any) -> None:
    settings.MAIL_MAX_BYTES = 2000
    message = EmailMessage("Hi", "x", None, ["a@example.com"])
    message.attach("big.bin", b"\0" * 2000, "application/octet-stream")
    with pytest.raises(TooLarge, match="MAIL_MAX_BYTES"):
        message.send()


class Signed(EmailMessage):
    """A message that makes its own MIME."""

    def message(self) -> Any:
        return super().message()


@pytest.mark.parametrize(
    "message",
    [
        Signed("Hi", "x", None, ["a@example.com"]),
        EmailMessage("Hi", "nul \x00", None, ["a@example.com"]),
        EmailMessage("Hi", "half \ud800", None, ["a@example.com"]),
    ],
    ids=["own MIME", "U+0000", "surrogate"],
)
def test_what_cannot_be_kept_is_refused_and_not_sent_changed(message: EmailMessage) -> None:
    with pytest.raises((Unsupported, UnicodeError)):
        message.send()
    assert not Notification.objects.exists()


def test_a_template_of_one_providers_own_is_refused() -> None:
    message = EmailMessage("Hi", "x", None, ["a@example.com"])
    message.template_id = "welcome"  # type: ignore[attr-defined]
    with pytest.raises(Unsupported, match="template_id"):
        message.send()


def test_anymails_tags_and_metadata_are_carried_beside_our_ids(
    use_providers: Callable[..., None],
) -> None:
    from anymail.backends.test import EmailBackend

    use_providers(EMAIL_PROVIDERS="memory")
    message = EmailMessage("Hi", "x", None, ["a@example.com"])
    message.tags = ["welcome"]  # type: ignore[attr-defined]
    message.metadata = {"user": 7}  # type: ignore[attr-defined]
    message.send()
    row = Notification.objects.get()
    assert row.tags == ["welcome"]
    from notifications.making import make

    made = make(row).message
    assert made.tags == ["django.mail", "welcome"]  # type: ignore[attr-defined]
    assert made.metadata == {  # type: ignore[attr-defined]
        "user": 7,
        "notification_id": str(row.id),
        "ticket": "0",
    }
    assert EmailBackend  # Anymail is what reads these


def test_send_at_schedules_it() -> None:
    at = timezone.now() + timedelta(hours=3)
    message = EmailMessage("Hi", "x", None, ["a@example.com"])
    message.send_at = at  # type: ignore[attr-defined]
    message.send()
    row = Notification.objects.get()
    assert (row.send_at, row.next_attempt_at, row.relay_at) == (at, at, at)


def test_an_idempotency_key_makes_it_one_mail_and_does_not_leave(sink: SmtpSink) -> None:
    for _ in range(2):
        EmailMessage(
            "Hi", "x", None, ["a@example.com"], headers={"Idempotency-Key": "welcome-7"}
        ).send()
    deliver_all()
    assert Notification.objects.count() == StoredMail.objects.count() == 1
    assert "Idempotency-Key" not in sink.messages[0].message


def test_suppressed_recipients_are_left_out_and_the_others_get_it(sink: SmtpSink) -> None:
    Suppression.objects.create(address="minji@example.com", reason="manual")
    elaborate().send()
    Suppression.objects.create(address="copy@example.com", reason="manual")  # meanwhile
    deliver_all()
    assert Notification.objects.get().status == Status.SENT
    [received] = sink.messages
    assert received.recipients == ("second@example.com", "hidden@example.com")
    assert b"minji@example.com" not in received.data


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_with_nobody_left_it_is_suppressed(sink: SmtpSink, when: str) -> None:
    if when == "before":
        Suppression.objects.create(address="minji@example.com", reason="manual")
    send_mail("Hello", "Text", None, ["Minji@example.com"])
    if when == "meanwhile":
        Suppression.objects.create(address="minji@example.com", reason="manual")
    deliver_all()
    assert Notification.objects.get().status == Status.SUPPRESSED
    assert not sink.messages


def test_a_batch_of_usual_mail_asks_for_no_stored_mail(
    enqueued: Callable[..., Notification],
    greeting_templates: Any,
    sink: SmtpSink,
    django_assert_max_num_queries: Any,
) -> None:
    rows = [enqueued() for _ in range(5)]
    with django_assert_max_num_queries(400) as captured:
        deliver([Ticketed(row.id, row.ticket) for row in rows], retries_in_broker=False)
    assert len(sink.messages) == 5
    assert not [one for one in captured.captured_queries if "storedmail" in one["sql"]]


def test_its_attachments_go_with_it_when_it_is_deleted() -> None:
    elaborate().send()
    assert StoredPart.objects.count() == 4
    Notification.objects.all().delete()
    assert not StoredPart.objects.exists()


@pytest.fixture
def api() -> APIClient:
    key = keys.create(name="tests", actor=Actor.system("tests")).key
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")


def test_the_api_shows_the_mail_its_recipients_and_its_attachments(
    api: APIClient, sink: SmtpSink
) -> None:
    elaborate().send()
    row = Notification.objects.get()
    content = api.get(f"/api/v1/notifications/{row.pk}/content/").json()
    assert (content["subject"], content["text"]) == ("Grüße, 안녕하세요", "Plain text — 본문")
    assert content["html"].startswith("<p>HTML")
    assert content["sender"] == '"Ada, Countess" <ada@shop.example.com>'
    assert content["recipients"] == [
        "minji@example.com",
        "second@example.com",
        "copy@example.com",
        "hidden@example.com",
    ]
    assert [one["filename"] for one in content["attachments"]] == [
        "보고서.csv",
        "raw.bin",
        "pixel.png",
        "",
    ]
    assert (content["was_sent"], content["identical"]) == (False, None)
    deliver_all()
    assert api.get(f"/api/v1/notifications/{row.pk}/content/").json()["identical"] is True


def test_what_was_erased_is_not_shown(api: APIClient) -> None:
    elaborate().send()
    StoredMail.objects.all().delete()
    row = Notification.objects.get()
    answer = api.get(f"/api/v1/notifications/{row.pk}/content/")
    assert (answer.status_code, answer.json()["code"]) == (409, "content_erased")


def test_a_password_reset_arrives_and_is_seen_in_the_admin_and_the_api(
    api: APIClient, sink: SmtpSink, client: Client
) -> None:
    User.objects.create_superuser("minji", "minji@example.com", "old password")
    answer = client.post("/admin/password_reset/", {"email": "minji@example.com"})
    assert answer.status_code == 302, answer.content
    deliver_all()
    [received] = sink.messages
    text = received.message.get_content()
    (link,) = re.findall(r"http://testserver(/admin/reset/\S+)", text)
    assert client.get(link, follow=True).status_code == 200
    row = Notification.objects.get()
    listed = api.get("/api/v1/notifications/?event=django.mail").json()["results"]
    assert [one["id"] for one in listed] == [str(row.pk)]
    client.force_login(User.objects.get())
    page = client.get(f"/admin/notifications/notification/{row.pk}/change/", follow=True)
    assert page.status_code == 200
    assert "Password reset" in page.content.decode()


def test_a_person_can_cancel_and_redrive_it(sink: SmtpSink) -> None:
    send_mail("Hello", "Text", None, ["minji@example.com"])
    row = Notification.objects.get()
    actor = Actor.system("tests")
    sink.queue(refuse("550 5.1.1 No such user"))
    deliver_all()
    assert operations.redrive([row.pk], actor=actor, reason="It exists by now.") == [row.pk]
    deliver_all()
    row.refresh_from_db()
    assert row.status == Status.SENT
