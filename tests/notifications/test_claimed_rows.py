"""A claim reads what an attempt takes, and an attempt asks the database for no more of its row."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from notifications.delivery import deliver
from notifications.models import Notification, Suppression, SuppressionReason
from notifications.states import Status
from notifications.tickets import Ticketed
from tests.support.smtp_sink import SmtpSink, Stage, disconnect, refuse

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("greeting_templates")]
Enqueued = Callable[..., Notification]
ENDS = {
    "accepted": Status.SENT,
    "refused": Status.FAILED,
    "put off": Status.RETRYING,
    "nobody knows": Status.RETRYING,
    "cannot be rendered": Status.FAILED,
    "expired": Status.FAILED,
    "suppressed": Status.SUPPRESSED,
}


@pytest.mark.parametrize("end", ENDS)
def test_an_attempt_reads_its_row_once(
    end: str,
    enqueued: Enqueued,
    sink: SmtpSink,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = enqueued(recipient="minji@example.com")
    rows = Notification.objects.filter(pk=row.pk)
    if end == "refused":
        sink.queue(refuse("550 5.1.1 No such user"))
    elif end == "put off":
        sink.queue(refuse("451 4.3.0 Later"))
    elif end == "nobody knows":
        sink.queue(disconnect(at=Stage.BODY))
    elif end == "cannot be rendered":
        rows.update(context={})
    elif end == "expired":
        rows.update(expires_at=timezone.now() - timedelta(seconds=1))
    elif end == "suppressed":
        Suppression.objects.create(address=row.recipient, reason=SuppressionReason.MANUAL)

    def asked(_row: Notification, **what: Any) -> None:
        raise AssertionError(f"asked for {what.get('fields')}")

    with monkeypatch.context() as patched:
        patched.setattr(Notification, "refresh_from_db", asked)
        deliver([Ticketed(row.pk, 0)], retries_in_broker=True)
    row.refresh_from_db()
    assert row.status == ENDS[end], (row.error_code, row.error_summary)
