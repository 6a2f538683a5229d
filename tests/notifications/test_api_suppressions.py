"""The suppression list over the API: adding holds mail back, releasing lets it go."""

from collections.abc import Callable
from typing import Any

import pytest
from rest_framework.test import APIClient

from access import keys
from access.actors import Actor
from access.models import AuditEntry
from notifications.models import Notification, Suppression, SuppressionReason
from notifications.states import Status

pytestmark = pytest.mark.django_db
URL = "/api/v1/suppressions/"
Enqueued = Callable[..., Notification]


def client_with(*scopes: str) -> APIClient:
    key = keys.create(name="tests", actor=Actor.system("tests"), allowed=scopes).key
    return APIClient(HTTP_AUTHORIZATION=f"Bearer {key}", raise_request_exception=False)


@pytest.fixture
def api(db: None) -> APIClient:
    """A client that may see and change the list."""
    return client_with("suppressions:read", "suppressions:write")


def test_a_suppressed_address_is_not_mailed_until_it_is_released(
    api: APIClient, enqueued: Enqueued
) -> None:
    added = api.post(URL, {"address": "Minji@Example.com", "note": "asked by phone"})
    assert added.status_code == 201, added.content
    assert added.json()["address"] == "minji@example.com"
    assert added.json()["reason"] == "manual"
    assert enqueued(recipient="minji@EXAMPLE.com").status == Status.SUPPRESSED
    assert api.get(added.headers["Location"]).json() == added.json()
    released = api.delete(added.headers["Location"])
    assert (released.status_code, released.content) == (204, b"")
    assert enqueued(recipient="minji@example.com").status == Status.QUEUED
    assert api.delete(added.headers["Location"]).status_code == 404


def test_both_are_in_the_audit_log_without_the_address(api: APIClient) -> None:
    added = api.post(URL, {"address": "minji@example.com", "note": "asked by phone"})
    api.delete(added.headers["Location"])
    entries = list(AuditEntry.objects.filter(target_type="suppression").order_by("at"))
    assert [entry.action for entry in entries] == ["suppression.add", "suppression.release"]
    assert {entry.target_id for entry in entries} == {str(added.json()["id"])}
    assert "minji" not in str([entry.__dict__ for entry in entries])


def test_what_is_suppressed_already_keeps_its_reason(api: APIClient) -> None:
    Suppression.objects.create(address="a@example.com", reason=SuppressionReason.COMPLAINT)
    answer = api.post(URL, {"address": "A@example.com"})
    assert (answer.status_code, answer.json()["reason"]) == (200, "complaint")
    assert not AuditEntry.objects.filter(target_type="suppression").exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"address": ""},
        {"address": "nobody"},
        {"address": "a@b\r\nBcc: c@example.com"},
        {"address": 7},
        {"address": "a@example.com", "note": "x" * 501},
        {"address": "a@example.com", "reason": "complaint"},
    ],
    ids=str,
)
def test_what_is_no_address_is_refused_with_a_pointer(api: APIClient, body: dict[str, Any]) -> None:
    answer = api.post(URL, body)
    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][0]["pointer"].startswith("#/")
    assert not Suppression.objects.exists()


def test_the_list_is_filtered_and_paged(api: APIClient) -> None:
    for number in range(3):
        api.post(URL, {"address": f"a{number}@example.com"})
    Suppression.objects.create(
        address="b@example.com", reason=SuppressionReason.HARD_BOUNCE, provider="postmark"
    )
    assert len(api.get(URL).json()["results"]) == 4
    for query in ("address=B%40example.com", "reason=hard_bounce", "provider=postmark"):
        (found,) = api.get(f"{URL}?{query}").json()["results"]
        assert found["address"] == "b@example.com"
    assert api.get(f"{URL}?reason=boredom").status_code == 400


def test_each_way_needs_its_scope(api: APIClient) -> None:
    location = api.post(URL, {"address": "a@example.com"}).headers["Location"]
    reader, writer = client_with("suppressions:read"), client_with("suppressions:write")
    assert reader.post(URL, {"address": "b@example.com"}).status_code == 403
    assert reader.delete(location).status_code == 403
    assert writer.get(URL).status_code == 403


def test_releasing_is_repeatable_under_one_key(api: APIClient) -> None:
    location = api.post(URL, {"address": "a@example.com"}).headers["Location"]
    answers = [api.delete(location, headers={"Idempotency-Key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert answers[1].headers["Idempotent-Replayed"] == "true"
    assert "Content-Type" not in answers[1].headers


@pytest.mark.parametrize("identifier", [0, 10**18, 10**30])
def test_an_id_that_nothing_has_is_not_found(api: APIClient, identifier: int) -> None:
    assert api.get(f"{URL}{identifier}/").status_code == 404
