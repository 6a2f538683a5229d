"""Templates in real processes: a publish reaches each worker; a bad one harms its own mail only."""

import time
from typing import Any

import pytest

from tests.support.smtp_sink import SmtpSink
from tests.support.stack import Stack, StartStack, manage
from tests.support.waiting import eventually

IN_USE_WITHIN = 5.0  # seconds
ARRIVES_WITHIN = 20.0
pytestmark = pytest.mark.one_database

MAIL = "/templates/order.placed/en"
SUBJECT = "order.placed/en/subject.txt.jinja"
# What no check lets pass: only somebody with access to the database gets it there.
FORCE = f"""
from django.db.models import F
from templating.models import Revision, Snapshot, Template
live = Template.objects.get(event="order.placed", locale="en").live
texts = live.snapshot.texts | {{"{SUBJECT}": "\\n{{% for a in range(999999999) %}}x{{% endfor %}}"}}
Snapshot.objects.filter(pk=live.snapshot_id).update(texts=texts)
Revision.objects.update(number=F("number") + 1)
"""


@pytest.fixture(scope="module")
def stack(start_stack: StartStack) -> Stack:
    return start_stack()


def post(stack: Stack, path: str, body: dict[str, Any]) -> dict[str, Any]:
    """POST to the API; return the answer's body."""
    answer = stack.api.session.post(f"{stack.api.url}{path}/", json=body, timeout=20)
    assert answer.ok, answer.text
    found: dict[str, Any] = answer.json()
    return found


def publish(stack: Stack, subject: str) -> None:
    """Publish a subject of the confirmation of orders."""
    revision = post(stack, f"{MAIL}/drafts", {"revision": None, "subject": subject})["revision"]
    post(stack, f"{MAIL}/publish", {"revision": revision, "note": "end to end"})


def subjects(stack: Stack, sink: SmtpSink, name: str, *, orders: int) -> set[str]:
    """Place some orders; return the first word of the subject of each one's mail."""
    recipients = [f"{name}-{number}@example.com" for number in range(orders)]
    for recipient in recipients:
        assert stack.api.place_order(recipient, locale="en").status_code == 201
    eventually(lambda: all(map(sink.messages_to, recipients)), within=ARRIVES_WITHIN)
    return {
        str(sink.messages_to(recipient)[0].message["Subject"]).partition(" ")[0]
        for recipient in recipients
    }


def test_every_worker_process_uses_a_published_template_within_five_seconds(
    stack: Stack, sink: SmtpSink
) -> None:
    publish(stack, "First {{ order.number }}")
    time.sleep(IN_USE_WITHIN)
    assert subjects(stack, sink, "first", orders=8) == {"First"}, "in use, and kept, everywhere"

    publish(stack, "Second {{ order.number }}")
    time.sleep(IN_USE_WITHIN)

    assert subjects(stack, sink, "second", orders=8) == {"Second"}


def test_an_endless_template_costs_its_own_mail_only_and_that_until_it_is_mended(
    stack: Stack, sink: SmtpSink
) -> None:
    processes = {child.pid for child in stack.live.children()}
    manage("shell", "--verbosity=0", "-c", FORCE, environment=stack.environment)
    time.sleep(IN_USE_WITHIN)
    assert stack.api.place_order("a@example.com", number="BAD-1", locale="en").status_code == 201
    assert stack.api.place_order("b@example.com", number="GOOD-1", locale="ko").status_code == 201

    dead = eventually(
        lambda: _in_status(stack, "BAD-1", "failed"), within=ARRIVES_WITHIN, about="a dead letter"
    )
    assert dead["last_error"]["summary"].startswith(f"{SUBJECT}:2: ")
    eventually(lambda: _in_status(stack, "GOOD-1", "sent"), within=ARRIVES_WITHIN)
    assert {child.pid for child in stack.live.children()} == processes, "no worker was lost"

    post(stack, f"{MAIL}/rollback", {"version": None, "note": "the mend"})
    time.sleep(IN_USE_WITHIN)
    post(stack, f"/notifications/{dead['id']}/retry", {"reason": "mended"})
    eventually(lambda: _in_status(stack, "BAD-1", "sent"), within=ARRIVES_WITHIN)
    (mail,) = sink.messages_to("a@example.com")
    assert "BAD-1" in str(mail.message["Subject"])


def _in_status(stack: Stack, order: str, status: str) -> dict[str, Any] | None:
    found = stack.api.notification_of(order)
    return found if found["status"] == status else None
