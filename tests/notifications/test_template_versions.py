"""What was sent is shown again in the version that it was sent in, whatever is live by now."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from notifications.content import content_of
from notifications.delivery import deliver
from notifications.models import Notification
from notifications.tickets import Ticketed
from templating import live
from tests.support.smtp_sink import SmtpSink

Enqueued = Callable[..., Notification]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting_templates", "sink")]


@pytest.fixture(autouse=True)
def _as_a_new_process() -> Iterator[None]:
    live.forget()
    yield
    live.forget()


def sent(row: Notification) -> Notification:
    row.refresh_from_db()
    deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
    row.refresh_from_db()
    return row


def change_the_subject(folders: list[Path]) -> None:
    for subject in folders[0].glob("*/*/subject.txt.jinja"):
        subject.write_text("Changed since", encoding="utf-8")


def test_a_sent_mail_is_shown_as_it_was_sent_after_its_files_changed(
    enqueued: Enqueued, sink: SmtpSink, settings: Settings
) -> None:
    row = sent(enqueued())
    live.refresh(now=True)  # as before the next mail of this process
    change_the_subject(settings.TEMPLATES_EMAIL_DIRS)

    content = content_of(row)

    assert content.subject == row.subject != "Changed since"
    assert content.template_version == row.template_version
    assert content.identical is True


def test_a_mail_that_was_not_sent_is_shown_as_it_would_be_now(
    enqueued: Enqueued, settings: Settings
) -> None:
    row = enqueued()
    settings.DEBUG = True  # files are read again, as in development
    change_the_subject(settings.TEMPLATES_EMAIL_DIRS)

    assert content_of(row).subject == "Changed since"
