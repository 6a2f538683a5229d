"""MASK_ADDRESSES: who may not see recipients sees none, wherever they stand."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from access import masking
from notifications.models import Notification, ProviderEvent
from tests.notifications.conftest import greeting

URL = "/admin/notifications/notification/"
ADDRESS = "minji.secret@example.com"
NAME = "Kim Minji"

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(attempted: Callable[..., Notification], settings: Any) -> Notification:
    """A mail to somebody whose address and name are everywhere in it."""
    settings.MASK_ADDRESSES = True
    made = attempted(
        "550 5.1.1 No such user",
        reference="SO-4711",
        recipient=ADDRESS,
        recipient_name=NAME,
        context=greeting(f"{NAME} <{ADDRESS}>"),
    )
    made.attempts.update(detail=f"550 {ADDRESS} is unknown", summary=f"{ADDRESS} is unknown")
    Notification.objects.filter(pk=made.pk).update(error_summary=f"{ADDRESS} is unknown")
    ProviderEvent.objects.create(
        provider="smtp",
        fingerprint="1",
        event_type="bounced",
        notification=made,
        payload={"Email": ADDRESS, "Name": NAME},
    )
    return made


def pages(row: Notification) -> list[str]:
    """Return every address of the admin that speaks of this mail."""
    attempt, event = row.attempts.get(), row.provider_events.get()
    return [
        URL,
        f"{URL}?q=SO-4711",
        f"{URL}{row.pk}/change/",
        f"{URL}{row.pk}/live/",
        "/admin/notifications/deliveryattempt/",
        f"/admin/notifications/deliveryattempt/{attempt.pk}/change/",
        "/admin/notifications/providerevent/",
        f"/admin/notifications/providerevent/{event.pk}/change/",
    ]


def test_a_viewer_sees_no_recipient_anywhere(viewer: Client, row: Notification) -> None:
    for address in pages(row):
        answer = viewer.get(address)
        assert answer.status_code == 200, address
        text = answer.content.decode()
        assert "minji.secret" not in text, address
        assert NAME not in text, address


def test_a_viewer_is_told_that_names_are_masked_and_still_sees_the_domain(
    viewer: Client, row: Notification
) -> None:
    text = viewer.get(f"{URL}{row.pk}/change/").content.decode()
    assert "m***@example.com" in text
    assert "masked for you" in text


def test_an_operator_sees_whose_mail_it_is(operator: Client, row: Notification) -> None:
    assert ADDRESS in operator.get(URL).content.decode()
    assert ADDRESS in operator.get(f"{URL}{row.pk}/change/").content.decode()


def test_without_the_setting_everybody_sees_it(
    viewer: Client, row: Notification, settings: Any
) -> None:
    settings.MASK_ADDRESSES = False
    assert ADDRESS in viewer.get(URL).content.decode()


def test_a_masked_address_is_not_guessed_letter_by_letter(
    viewer: Client, row: Notification
) -> None:
    def found(term: str) -> int:
        return len(viewer.get(URL, {"q": term}).context["cl"].result_list)

    assert found("minji") == 0
    assert found(ADDRESS) == 1
    assert found("SO-47") == 1


def test_masking_changes_nothing_that_is_stored(viewer: Client, row: Notification) -> None:
    for address in pages(row):
        viewer.get(address)
    row.refresh_from_db()
    assert (row.recipient, row.recipient_name) == (ADDRESS, NAME)
    assert row.context["name"] == f"{NAME} <{ADDRESS}>"


@pytest.mark.parametrize(
    ("data", "masked"),
    [
        (
            {"customer": {"name": "Ada", "email": "ada@example.com"}},
            {"customer": {"name": "A***", "email": "a***@example.com"}},
        ),
        ({"items": [{"name": "Green tea"}]}, {"items": [{"name": "Green tea"}]}),
        (
            {"shipping_address": {"line1": "1 Elm St", "country": "KR"}},
            {"shipping_address": {"line1": "1***", "country": "KR"}},
        ),
        (
            {"note": "write to ada@example.com, please"},
            {"note": "write to a***@example.com, please"},
        ),
        (
            {"shop": {"support_email": "help@shop.example"}},
            {"shop": {"support_email": "help@shop.example"}},
        ),
    ],
)
def test_what_names_or_places_a_person_is_masked_and_nothing_else(
    data: dict[str, Any], masked: dict[str, Any]
) -> None:
    assert masking.mask_data(data) == masked
