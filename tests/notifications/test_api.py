"""The REST API's notifications, as a client with a key sees them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone
from rest_framework.test import APIClient

from access import keys
from access.actors import Actor
from access.models import AuditEntry
from notifications.delivery import deliver
from notifications.models import Notification
from notifications.outbox import NewNotification
from notifications.publishing import Ticketed
from notifications.states import Status
from tests.support.smtp_sink import SmtpSink, refuse

URL = "/api/v1/notifications/"
LIST_FIELDS = {
    "reference",
    "send_at",
    "id",
    "order",
    "event",
    "template",
    "recipient",
    "locale",
    "status",
    "attempt_count",
    "next_attempt_at",
    "last_error",
    "provider",
    "created_at",
    "sent_at",
}

pytestmark = pytest.mark.django_db


def client_with(*scopes: str) -> APIClient:
    key = keys.create(name="tests", actor=Actor.system("tests"), allowed=scopes).key
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")
    client.raise_request_exception = False
    return client


@pytest.fixture
def api(db: None, greeting_templates: Any, settings: Any) -> APIClient:
    settings.DEBUG = True  # where files are read anew for every rendering
    return client_with("notifications:read", "notifications:write")


@pytest.fixture
def attempted(enqueued: Callable[..., Notification], sink: SmtpSink) -> Callable[..., Notification]:
    """Enqueue a notification and attempt it once."""

    def make(**changes: Any) -> Notification:
        row = enqueued(**changes)
        deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
        row.refresh_from_db()
        return row

    return make


def listed(api: APIClient, **filters: Any) -> list[str]:
    answer = api.get(URL, filters)
    assert answer.status_code == 200, answer.content
    return [one["id"] for one in answer.json()["results"]]


# --- the list


def test_the_list_shows_the_published_fields_newest_first(
    api: APIClient, enqueued: Callable[..., Notification]
) -> None:
    rows = [enqueued() for _ in range(3)]
    results = api.get(URL).json()["results"]
    assert [one["id"] for one in results] == [str(row.id) for row in reversed(rows)]
    assert set(results[0]) == LIST_FIELDS
    assert results[0]["order"] == rows[-1].reference
    assert results[0]["last_error"] is None


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"reference": "SO-7"}, "order", "SO-7"),
        ({"recipient": "wanted@example.com"}, "recipient", "wanted@example.com"),
    ],
)
def test_the_list_is_narrowed_by_exact_values(
    api: APIClient,
    enqueued: Callable[..., Notification],
    changes: dict[str, Any],
    name: str,
    value: str,
) -> None:
    enqueued(reference="SO-70", recipient="unwanted@example.com")
    wanted = enqueued(**changes)
    assert listed(api, **{name: value}) == [str(wanted.id)]


def test_the_list_is_narrowed_by_several_states(
    api: APIClient, enqueued: Callable[..., Notification], attempted: Callable[..., Notification]
) -> None:
    waiting, sent = enqueued(), attempted()
    assert set(listed(api, status=["queued", "sent"])) == {str(waiting.id), str(sent.id)}
    assert listed(api, status="sent") == [str(sent.id)]
    assert listed(api, provider="smtp") == [str(sent.id)]


def test_the_list_is_narrowed_by_time(
    api: APIClient, enqueued: Callable[..., Notification]
) -> None:
    row = enqueued()
    an_hour = timedelta(hours=1)
    assert listed(api, created_after=(row.created_at - an_hour).isoformat()) == [str(row.id)]
    assert listed(api, created_after=row.created_at.isoformat()) == [str(row.id)]
    assert listed(api, created_before=row.created_at.isoformat()) == []


@pytest.mark.parametrize(
    ("name", "value"), [("status", "posted"), ("created_after", "yesterday"), ("cursor", "x")]
)
def test_a_filter_that_cannot_be_read_is_named(api: APIClient, name: str, value: str) -> None:
    answer = api.get(URL, {name: value})
    assert answer.status_code == 400
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["errors"][0]["parameter"] == name


def test_pages_follow_each_other_without_gap_or_double(
    api: APIClient, enqueued: Callable[..., Notification]
) -> None:
    rows = {str(enqueued().id) for _ in range(5)}
    seen: list[str] = []
    url: str | None = f"{URL}?page_size=2"
    while url:
        page = api.get(url).json()
        seen += [one["id"] for one in page["results"]]
        url = page["next"]
    assert len(seen) == 5
    assert set(seen) == rows


# --- the detail


def test_a_retrying_mail_says_why_and_when_next(
    api: APIClient, attempted: Callable[..., Notification], sink: SmtpSink
) -> None:
    sink.queue(refuse("451 4.3.0 Try again later"))
    row = attempted()
    detail = api.get(f"{URL}{row.id}/").json()
    assert detail["status"] == "retrying"
    assert row.next_attempt_at is not None
    assert detail["outlook"]["at"] == detail["next_attempt_at"]
    assert "tried again" in detail["outlook"]["next"]
    assert detail["outlook"]["why"] == detail["last_error"]["summary"] != ""
    (attempt,) = detail["attempts"]
    assert (attempt["number"], attempt["outcome"], attempt["status_code"]) == (1, "transient", 451)
    assert attempt["decision"]["step"] == "retry"
    assert attempt["decision"]["at"] == detail["next_attempt_at"]


@pytest.mark.parametrize("status", Status.values)
def test_every_state_is_explained(
    api: APIClient, enqueued: Callable[..., Notification], status: str
) -> None:
    row = enqueued()
    later = timezone.now() + timedelta(minutes=1)
    claim = later if status == Status.SENDING else None
    Notification.objects.filter(pk=row.pk).update(
        status=status, claim_expires_at=claim, next_attempt_at=later
    )
    outlook = api.get(f"{URL}{row.id}/").json()["outlook"]
    assert outlook["next"].endswith(".")
    if status not in {
        "sending",
        "retrying",
        "failed",
    }:  # these quote the error, of which there is none
        assert outlook["why"].endswith(".")


def test_an_unknown_notification_is_not_found(api: APIClient) -> None:
    assert api.get(f"{URL}{uuid4()}/").status_code == 404
    assert api.get(f"{URL}SO-1001/").status_code == 404


# --- the content


def test_the_content_before_sending_is_what_would_be_sent(
    api: APIClient, enqueued: Callable[..., Notification]
) -> None:
    content = api.get(f"{URL}{enqueued().id}/content/").json()
    assert content["subject"] == "Hello Minji"
    assert "<b>Minji</b>" in content["html"]
    assert (content["was_sent"], content["identical"]) == (False, None)


def test_the_content_tells_whether_it_is_what_was_sent(
    api: APIClient, attempted: Callable[..., Notification], greeting_templates: Any
) -> None:
    row = attempted()
    content = api.get(f"{URL}{row.id}/content/").json()
    assert (content["was_sent"], content["identical"]) == (True, True)
    (greeting_templates / "subject.txt.jinja").write_text("Goodbye {{ name }}", encoding="utf-8")
    content = api.get(f"{URL}{row.id}/content/").json()
    assert (content["subject"], content["identical"]) == ("Goodbye Minji", False)


def test_content_that_cannot_be_rendered_says_why(
    api: APIClient, enqueued: Callable[..., Notification], greeting_templates: Any
) -> None:
    row = enqueued()
    (greeting_templates / "body.html.jinja").write_text("<p>{{ nmae }}</p>", encoding="utf-8")
    problem = api.get(f"{URL}{row.id}/content/")
    assert problem.status_code == 409
    assert problem.json()["code"] == "rendering_failed"
    assert problem.json()["line"] == 1
    Notification.objects.filter(pk=row.pk).update(erased_at=timezone.now())
    assert api.get(f"{URL}{row.id}/content/").json()["code"] == "content_erased"


# --- what can be done


def test_retry_moves_a_waiting_mail_to_now(
    api: APIClient, attempted: Callable[..., Notification], sink: SmtpSink
) -> None:
    sink.queue(refuse("451 4.3.0 Try again later"))
    row = attempted()
    assert row.next_attempt_at is not None
    answer = api.post(f"{URL}{row.id}/retry/", {"reason": "the server is back"})
    assert answer.status_code == 200, answer.content
    row.refresh_from_db()
    assert row.next_attempt_at <= timezone.now()
    entry = AuditEntry.objects.get(action="notification.retry")
    assert (entry.target_id, entry.reason) == (str(row.id), "the server is back")


def test_retry_gives_a_dead_letter_a_new_life(
    api: APIClient, attempted: Callable[..., Notification], sink: SmtpSink
) -> None:
    sink.queue(refuse("550 5.1.1 No such user"))
    row = attempted()
    assert row.status == Status.FAILED
    answer = api.post(f"{URL}{row.id}/retry/")
    assert (answer.status_code, answer.json()["status"]) == (200, "queued")
    assert AuditEntry.objects.filter(action="notification.redrive").count() == 1


def test_cancel_gives_up_on_a_waiting_mail(
    api: APIClient, enqueued: Callable[..., Notification]
) -> None:
    row = enqueued()
    answer = api.post(f"{URL}{row.id}/cancel/", {"reason": "ordered by mistake"})
    assert (answer.status_code, answer.json()["status"]) == (200, "cancelled")


@pytest.mark.parametrize("operation", ["retry", "cancel"])
def test_what_has_left_cannot_be_retried_or_cancelled(
    api: APIClient, attempted: Callable[..., Notification], operation: str
) -> None:
    answer = api.post(f"{URL}{attempted().id}/{operation}/")
    assert answer.status_code == 409
    problem = answer.json()
    assert (problem["code"], problem["status_now"]) == ("illegal_state", "sent")
    assert "queued" in problem["allowed_in"]


# --- who may


def test_reading_needs_its_scope_and_writing_another(
    db: None,
    enqueued: Callable[..., Notification],
    new_notification: Callable[..., NewNotification],
) -> None:
    row = enqueued()
    assert APIClient().get(URL).status_code == 401
    assert client_with("orders:read").get(URL).status_code == 403
    reader = client_with("notifications:read")
    assert reader.get(URL).status_code == 200
    assert reader.post(f"{URL}{row.id}/cancel/").status_code == 403
    assert Notification.objects.get(pk=row.pk).status == Status.QUEUED
