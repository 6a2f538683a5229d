"""POST /api/v1/notifications/: any event's templates to any address."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from rest_framework.test import APIClient

from access import keys
from access.actors import Actor
from notifications.claims import claim
from notifications.delivery import deliver
from notifications.models import Notification, Role, Suppression
from notifications.relay import relay as relay_once
from notifications.states import Status
from notifications.tickets import Ticketed
from templating import contracts
from tests.support.smtp_sink import SmtpSink
from tests.support.valkey import ValkeyServer

URL = "/api/v1/notifications/"
pytestmark = pytest.mark.django_db


def client_with(*scopes: str) -> APIClient:
    key = keys.create(name="tests", actor=Actor.system("tests"), allowed=scopes).key
    client = APIClient(HTTP_AUTHORIZATION=f"Bearer {key}")
    client.raise_request_exception = False
    return client


@pytest.fixture
def api() -> APIClient:
    return client_with("notifications:read", "notifications:write")


def message(**changes: Any) -> dict[str, Any]:
    """Return the body of a request to send a message of the shop."""
    body = {
        "event": "shop.message",
        "recipient": "Minji@EXAMPLE.com",
        "context": {"subject": "Hours", "paragraphs": ["Open on Sundays."]},
    }
    return body | changes


def refused(api: APIClient, status: int, **changes: Any) -> dict[str, Any]:
    """Send what must be refused with this status; return the problem."""
    answer = api.post(URL, message(**changes))
    assert answer.status_code == status, answer.content
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert not Notification.objects.exists()
    problem: dict[str, Any] = answer.json()
    return problem


def test_a_mail_is_accepted_shown_and_sent(api: APIClient, sink: SmtpSink) -> None:
    answer = api.post(
        URL,
        message(
            recipient_name="Kim Minji",
            locale="ko",
            reference="NEWS-7",
            reply_to="help@shop.example.com",
            tags=["hours"],
        ),
    )
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert answer.headers["Location"] == f"http://testserver{URL}{shown['id']}/"
    assert api.get(answer.headers["Location"]).json() == shown
    assert (shown["status"], shown["role"], shown["reference"]) == (
        "queued",
        Role.RECIPIENT,
        "NEWS-7",
    )
    assert (shown["recipient"], shown["tags"]) == ("Minji@example.com", ["hours"])
    row = Notification.objects.get()
    deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
    [received] = sink.messages
    assert received.message["Reply-To"] == "help@shop.example.com"
    assert received.message["To"] == "Kim Minji <Minji@example.com>"
    assert "Open on Sundays." in received.data.decode("utf-8", "replace")


def test_an_order_events_template_goes_to_any_address_with_a_context_that_keeps_its_contract(
    api: APIClient,
) -> None:
    sample = next(iter(contracts.get("order.shipped").samples.values()))
    context = sample.model_dump(mode="json")
    del context["shop"]  # filled in
    answer = api.post(URL, message(event="order.shipped", context=context))
    assert answer.status_code == 201, answer.content
    row = Notification.objects.get()
    assert row.context["shop"]["name"]
    assert api.get(f"{URL}{row.pk}/content/").status_code == 200


def test_what_the_context_lacks_is_422_with_pointers(api: APIClient) -> None:
    sample = next(iter(contracts.get("order.shipped").samples.values()))
    context = sample.model_dump(mode="json")
    del context["order"]["number"]
    context["order"]["items"][0]["quantity"] = "many"
    context["colour"] = "green"
    problem = refused(api, 422, event="order.shipped", context=context)
    assert problem["code"] == "context_refused"
    assert {error["pointer"]: error["code"] for error in problem["errors"]} == {
        "#/context/order/number": "missing",
        "#/context/order/items/0/quantity": "int_parsing",
        "#/context/colour": "extra_forbidden",
    }


def test_a_mail_that_cannot_be_rendered_is_refused_when_it_is_asked_for(
    api: APIClient, greeting_templates: Any, settings: Any
) -> None:
    settings.DEBUG = True  # where files are read anew
    (greeting_templates / "subject.txt.jinja").write_text("Hello {{ nmae }}", encoding="utf-8")
    problem = refused(api, 422, event="test.greeting", context={"name": "Minji"})
    assert problem["code"] == "rendering_failed"
    assert problem["template"] == "test.greeting/en/subject.txt.jinja"
    assert problem["line"] == 1


def test_an_unknown_event_is_named_with_those_that_are_known(api: APIClient) -> None:
    problem = refused(api, 400, event="order.teleported")
    (error,) = problem["errors"]
    assert (error["pointer"], error["code"]) == ("#/event", "unknown_event")
    assert "shop.message" in error["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"recipient": "nobody"}, "#/recipient"),
        ({"recipient": "a@example.com\r\nBcc: b@example.com"}, "#/recipient"),
        ({"recipient_name": "A\r\nBcc: b@example.com"}, "#/recipient_name"),
        ({"reply_to": "x"}, "#/reply_to"),
        ({"locale": "../ko"}, "#/locale"),
        ({"context": []}, "#/context"),
        ({"tags": "hours"}, "#/tags"),
        ({"tags": ["a"] * 11}, "#/tags"),
        ({"tags": ["a\nb"]}, "#/tags/0"),
        ({"send_at": "tomorrow"}, "#/send_at"),
        ({"send_at": "2026-03-14T09:26:53"}, "#/send_at"),
        ({"send_at": 7}, "#/send_at"),
        ({"expires_after": 1}, "#/expires_after"),
        ({"expires_after": "3600"}, "#/expires_after"),
        ({"idempotency_key": "k" * 151}, "#/idempotency_key"),
        ({"html": "<p>"}, "#/html"),
    ],
)
def test_bad_values_are_refused_with_their_place(
    api: APIClient, changes: dict[str, Any], pointer: str
) -> None:
    problem = refused(api, 400, **changes)
    assert [error["pointer"] for error in problem["errors"]] == [pointer]


def test_more_than_a_year_ahead_is_too_far(api: APIClient) -> None:
    far = (timezone.now() + timedelta(days=400)).isoformat()
    assert refused(api, 400, send_at=far)["errors"][0]["code"] == "too_late"


def test_it_needs_the_scope_to_send() -> None:
    reader = client_with("notifications:read")
    answer = reader.post(URL, message())
    assert (answer.status_code, answer.json()["missing_scopes"]) == (403, ["notifications:write"])


# --- later


def schedule(api: APIClient, **changes: Any) -> Notification:
    at = timezone.now() + timedelta(hours=1)
    answer = api.post(URL, message(send_at=at.isoformat(), **changes))
    assert answer.status_code == 201, answer.content
    return Notification.objects.get()


def test_a_scheduled_mail_waits_in_the_database_and_is_not_sent_early(
    api: APIClient, valkey: ValkeyServer
) -> None:
    row = schedule(api)
    assert row.send_at == row.next_attempt_at == row.relay_at
    assert claim([Ticketed(row.id, row.ticket)], now=timezone.now()) == []
    relay_once()
    with valkey.client() as client:
        assert client.llen("live") == client.llen("backlog") == 0
    shown = api.get(f"{URL}{row.pk}/").json()
    assert shown["status"] == "queued"
    assert parse_datetime(shown["outlook"]["at"]) == row.send_at
    assert "asked for" in shown["outlook"]["next"]
    assert [row.pk for row in claim([Ticketed(row.id, 0)], now=row.send_at)] == [row.pk]


def test_a_scheduled_mail_expires_counted_from_its_time(api: APIClient) -> None:
    row = schedule(api, expires_after=600)
    assert row.send_at is not None
    assert row.expires_at == row.send_at + timedelta(minutes=10)


def test_a_scheduled_mail_can_be_cancelled_or_sent_now(api: APIClient, sink: SmtpSink) -> None:
    row = schedule(api)
    assert api.post(f"{URL}{row.pk}/retry/").status_code == 200
    deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
    row.refresh_from_db()
    assert row.status == Status.SENT
    Notification.objects.all().delete()
    row = schedule(api)
    assert api.post(f"{URL}{row.pk}/cancel/").json()["status"] == "cancelled"
    assert claim([Ticketed(row.id, 0)], now=row.send_at) == []


def test_a_time_that_has_passed_means_now(api: APIClient) -> None:
    past = (timezone.now() - timedelta(hours=1)).isoformat()
    assert api.post(URL, message(send_at=past)).status_code == 201
    assert Notification.objects.get().next_attempt_at is None


# --- twice, and to whom


def test_one_idempotency_key_is_one_mail_for_ever(api: APIClient) -> None:
    first = api.post(URL, message(idempotency_key="news-7-minji"))
    second = api.post(URL, message(idempotency_key="news-7-minji"))
    assert (first.status_code, second.status_code) == (201, 200)
    assert first.json()["id"] == second.json()["id"]
    assert second.headers["Location"] == first.headers["Location"]
    other = api.post(URL, message(idempotency_key="news-7-minji", recipient="b@example.com"))
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert Notification.objects.count() == 1


def test_two_clients_keys_do_not_meet(api: APIClient) -> None:
    other = client_with("notifications:write")
    assert api.post(URL, message(idempotency_key="k")).status_code == 201
    assert other.post(URL, message(idempotency_key="k")).status_code == 201


def test_the_header_replays_the_answer(api: APIClient) -> None:
    answers = [api.post(URL, message(), headers={"Idempotency-Key": "h-1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert answers[1].headers["Location"] == answers[0].headers["Location"]
    assert Notification.objects.count() == 1


def test_a_suppressed_address_gets_a_record_and_no_mail(api: APIClient) -> None:
    Suppression.objects.create(address="minji@example.com", reason="complaint")
    answer = api.post(URL, message())
    assert (answer.status_code, answer.json()["status"]) == (201, "suppressed")


def test_sending_costs_a_constant_number_of_queries(
    api: APIClient, known_templates: None, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    api.post(URL, message())  # notes the key's use
    counts = []
    for paragraphs in (1, 50):
        context = {"subject": "Hours", "paragraphs": ["x"] * paragraphs}
        with django_assert_max_num_queries(20) as captured:
            api.post(URL, message(context=context))
        counts.append(len(captured))
    assert counts[0] == counts[1]


@pytest.mark.django_db(transaction=True)
def test_asked_for_by_many_at_once_it_exists_once() -> None:
    api = client_with("notifications:write")
    authorization = api._credentials | {"HTTP_AUTHORIZATION": api.defaults["HTTP_AUTHORIZATION"]}

    def ask(_: int) -> tuple[int, str]:
        try:
            answer = APIClient(**authorization).post(URL, message(idempotency_key="once"))
            return answer.status_code, answer.json()["id"]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(24)))
    assert {status for status, _ in answers} <= {200, 201}
    assert len({identifier for _, identifier in answers}) == 1
    assert Notification.objects.count() == 1
