"""No text of a customer, a shop or a client becomes a header, or a recipient, of a mail."""

from collections.abc import Callable

import pytest

from notifications.delivery import deliver
from notifications.models import Notification
from notifications.tickets import Ticketed
from tests.notifications.conftest import greeting
from tests.support.smtp_sink import SmtpSink

Enqueued = Callable[..., Notification]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting_templates", "valkey")]
EVIL = [
    "Kim\r\nBcc: evil@example.com",
    "Kim\nBcc: evil@example.com",
    "Kim\rBcc: evil@example.com",
    "Kim\u2028Bcc: evil@example.com",
    "Kim\x0bBcc: evil@example.com\x85X-Evil: yes",
    "Kim\r\n\r\n<script>alert(1)</script>",
    'Kim" <evil@example.com>, "Minji',
]


def sent(row: Notification, sink: SmtpSink) -> None:
    """Send the mail, and see that it went to its recipient alone, with our headers alone."""
    deliver([Ticketed(row.pk, row.ticket)], retries_in_broker=False)
    assert sink.messages_to("evil@example.com") == []
    for mail in sink.messages_to(row.recipient):
        names = {name.lower() for name in mail.message}
        assert not names & {"bcc", "cc", "x-evil"}
        assert len(mail.message.get_all("To")) == len(mail.message.get_all("Subject")) == 1


@pytest.mark.parametrize("evil", EVIL)
def test_a_customers_name_stays_a_name(evil: str, enqueued: Enqueued, sink: SmtpSink) -> None:
    row = enqueued(recipient="minji@example.com", recipient_name=evil)
    sent(row, sink)
    assert len(sink.messages_to("minji@example.com")) == 1


@pytest.mark.parametrize("evil", EVIL)
def test_what_a_subject_is_made_of_stays_in_the_subject(
    evil: str, enqueued: Enqueued, sink: SmtpSink
) -> None:
    row = enqueued(recipient="minji@example.com", context=greeting(evil))
    sent(row, sink)
    [mail] = sink.messages_to("minji@example.com")
    assert "\n" not in str(mail.message["Subject"])


@pytest.mark.parametrize(
    "evil", ["minji@example.com\r\nBcc: evil@example.com", "a@example.com, evil@example.com"]
)
def test_an_address_that_is_more_than_one_is_no_address(
    evil: str, enqueued: Enqueued, sink: SmtpSink
) -> None:
    row = enqueued(recipient=evil)
    deliver([Ticketed(row.pk, row.ticket)], retries_in_broker=False)
    assert sink.messages_to("evil@example.com") == []
