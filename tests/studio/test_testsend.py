"""An editor sends a draft to themself, through the providers that carry customers' mail."""

from collections.abc import Callable
from typing import Any

import pytest

from access.models import AuditEntry
from config.env import Environment
from notifications import suppression_list
from notifications.models import Notification
from providers import connections, routing
from providers.configuration import read_providers
from tests.studio.conftest import HTML, KEY, LAYOUT, SUBJECT, Page
from tests.support.smtp_sink import SmtpSink, refuse

pytestmark = pytest.mark.django_db


def test_a_test_reaches_the_editor_and_says_that_it_is_one(editor: Page, sink: SmtpSink) -> None:
    told = editor.ok(editor.post("test", key=KEY, texts={SUBJECT: "새 제목"}))

    (received,) = sink.messages
    assert received.recipients == (editor.user.email,)
    message = received.message
    assert message["Subject"] == "[Test] 새 제목" == told["subject"]
    assert message["X-Postroom-Test"].startswith("order.shipped draft:")
    assert message["Message-ID"] == told["message_id"]
    assert message["Auto-Submitted"] == "auto-generated"
    assert (told["to"], told["provider"]) == (editor.user.email, "smtp")
    assert {part.get_content_type() for part in message.walk()} >= {"text/plain", "text/html"}


def test_it_leaves_no_notification_and_an_audit_entry(editor: Page, sink: SmtpSink) -> None:
    told = editor.ok(editor.post("test", key=KEY, texts={}))

    assert not Notification.objects.exists()
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.target_id) == ("template.test", KEY)
    assert entry.data == {"provider": "smtp", "message_id": told["message_id"]}
    assert editor.user.email not in str(entry.data)


def test_a_test_with_a_recent_order_holds_no_personal_data(
    editor: Page, sink: SmtpSink, real_mail: Callable[..., Notification]
) -> None:
    row = real_mail(sample="one line")
    editor.ok(editor.post("test", key=KEY, texts={}, notification=str(row.id)))

    body = sink.messages[0].message.get_body(("plain",))
    assert body is not None
    assert "SO-1" in body.get_content()
    assert "Minji" not in body.get_content()


def test_a_layout_is_tested_in_the_mail_that_is_looked_at(editor: Page, sink: SmtpSink) -> None:
    texts = {LAYOUT: "{% block subject %}{% endblock %} !"}
    editor.ok(editor.post("test", key=LAYOUT, texts=texts, target=KEY))

    assert sink.messages[0].message["Subject"].endswith("!")


def test_a_line_break_in_a_subject_or_a_name_makes_no_header(editor: Page, sink: SmtpSink) -> None:
    editor.user.first_name = "Eve\r\nBcc: all@example.com"
    editor.user.save()
    texts = {SUBJECT: "Hi\r\nBcc: all@example.com\r\n\r\nbody"}

    editor.ok(editor.post("test", key=KEY, texts=texts))

    (received,) = sink.messages
    assert received.recipients == (editor.user.email,)
    assert received.message["Bcc"] is None
    assert received.message["Subject"] == "[Test] Hi Bcc: all@example.com body"


def test_a_draft_that_cannot_be_rendered_is_not_sent(editor: Page, sink: SmtpSink) -> None:
    status, problem = editor.post("test", key=KEY, texts={HTML: "\n{{ order.numbr }}"})

    assert (status, problem["code"]) == (409, "rendering_failed")
    assert (problem["error"]["template"], problem["error"]["line"]) == (HTML, 2)
    assert sink.messages == []


def test_an_editor_without_an_address_is_told_so(editor: Page, sink: SmtpSink) -> None:
    editor.user.email = ""
    editor.user.save()

    status, problem = editor.post("test", key=KEY, texts={})

    assert status == 400
    assert problem["errors"][0]["code"] == "no_address"


def test_a_suppressed_address_gets_no_test_either(editor: Page, sink: SmtpSink) -> None:
    from access.actors import Actor

    suppression_list.suppress(editor.user.email, note="", actor=Actor.system("tests"))

    status, problem = editor.post("test", key=KEY, texts={})

    assert (status, problem["code"]) == (409, "suppressed")


def test_a_refusal_is_told_in_the_providers_words_and_the_next_is_tried(
    editor: Page, settings: Any
) -> None:
    with SmtpSink() as first, SmtpSink() as second:
        environment = {
            "EMAIL_PROVIDERS": "one=smtp,two=smtp",
            "ONE_SMTP_URL": first.url,
            "TWO_SMTP_URL": second.url,
        }
        settings.MAILERS = read_providers(Environment(environment), debug=False)
        settings.EMAIL_PROVIDERS = list(settings.MAILERS)
        connections.reset()
        routing.reset()
        first.queue(refuse("451 4.3.0 Try later"), refuse("451 4.3.0 Try later"))

        told = editor.ok(editor.post("test", key=KEY, texts={}))
        assert (told["provider"], len(second.messages)) == ("two", 1)

        second.queue(refuse("550 5.1.1 No such user"))
        routing.reset()
        status, problem = editor.post("test", key=KEY, texts={})

    assert (status, problem["code"]) == (409, "not_accepted")
    assert problem["attempts"][-1]["provider"] == "two"


def test_with_every_provider_paused_the_test_says_when_to_try_again(
    editor: Page, sink: SmtpSink
) -> None:
    from datetime import timedelta

    from django.utils import timezone

    until = timezone.now() + timedelta(minutes=5)
    routing.pause("smtp", until=until, reason="for the test")
    try:
        status, problem = editor.post("test", key=KEY, texts={})
    finally:
        routing.reset()

    assert (status, problem["code"]) == (409, "no_provider")
    assert problem["available_at"][:16] == until.isoformat()[:16]
