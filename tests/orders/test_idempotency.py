"""`Idempotency-Key` on real orders: twice is once, at once is once, and a kill leaves nothing."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections, transaction
from django.utils import timezone
from rest_framework.test import APIClient

from access import idempotency, keys
from access.actors import Actor
from access.models import ApiKey, IdempotencyKey
from notifications.models import Notification
from orders.models import Order, OrderEvent
from tests.orders.requests import ORDERS, body

pytestmark = pytest.mark.django_db(transaction=True)
AT_ONCE = 50
ClientWith = Callable[..., APIClient]


def post(api: APIClient, key: str = "k-1", path: str = ORDERS, **changes: Any) -> Any:
    """POST an order, or what `changes` make of it, with an idempotency key."""
    return api.post(path, body(**changes), headers={"Idempotency-Key": key})


@pytest.mark.parametrize("number", [None, "TEA-9"])
def test_the_same_request_twice_gets_the_same_answer_and_one_order(
    api: APIClient, number: str | None
) -> None:
    first, second = post(api, number=number), post(api, number=number)
    assert first.status_code == second.status_code == 201
    assert second.content == first.content
    assert second.headers["Location"] == first.headers["Location"]
    assert second.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert Order.objects.count() == Notification.objects.count() == 1


def test_the_order_of_the_bodys_members_does_not_matter(api: APIClient) -> None:
    post(api)
    turned = dict(reversed(body().items()))
    answer = api.post(ORDERS, turned, headers={"Idempotency-Key": "k-1"})
    assert answer.headers["Idempotent-Replayed"] == "true"


def test_another_body_under_the_same_key_is_refused(api: APIClient) -> None:
    post(api, number=None)
    answer = post(api, number=None, shipping="1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert answer.json()["type"] == "/api/problems/idempotency-key-reused/"
    assert Order.objects.count() == 1


def test_a_broken_body_under_the_same_key_is_refused_for_the_key(api: APIClient) -> None:
    post(api)
    assert post(api, currency="XXX").json()["code"] == "idempotency_key_reused"
    IdempotencyKey.objects.update(created_at=timezone.now() - idempotency.KEPT)
    assert post(api, currency="XXX").status_code == 400


def test_the_same_key_for_another_path_is_refused(api: APIClient) -> None:
    post(api)
    answer = api.post(
        f"{ORDERS}TEA-7/events/", {"type": "paid"}, headers={"Idempotency-Key": "k-1"}
    )
    assert answer.status_code == 422
    assert OrderEvent.objects.count() == 1


def test_an_event_is_recorded_once(api: APIClient) -> None:
    post(api)
    asked = {"path": f"{ORDERS}TEA-7/events/", "data": {"type": "paid"}}
    answers = [api.post(**asked, headers={"Idempotency-Key": "paid-1"}) for _ in range(2)]
    # Without the key the second would be a conflict.
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


def test_each_api_key_has_idempotency_keys_of_its_own(
    api: APIClient, client_with: ClientWith
) -> None:
    post(api, number=None)
    answer = post(client_with("orders:write"), number=None)
    assert "Idempotent-Replayed" not in answer.headers
    assert Order.objects.count() == 2


def test_a_refused_request_leaves_its_key_free_for_the_corrected_one(api: APIClient) -> None:
    assert post(api, currency="XXX").status_code == 400
    assert not IdempotencyKey.objects.exists()
    assert post(api).status_code == 201


def test_a_conflict_leaves_nothing_behind(api: APIClient) -> None:
    post(api)
    assert post(api, key="k-2").status_code == 409
    assert post(api, key="k-2", number="TEA-8").status_code == 201


@pytest.mark.parametrize("key", ["", "two words", "k" * 256, "é"])
def test_a_malformed_key_is_refused(api: APIClient, key: str) -> None:
    answer = post(api, key=key)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_idempotency_key")
    assert not Order.objects.exists()


def at_once(work: Callable[[], Any], *, times: int) -> list[Any]:
    """Run `work` in so many threads that start together."""
    barrier = threading.Barrier(times)

    def run(_index: int) -> Any:
        barrier.wait(timeout=30)
        try:
            return work()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


@pytest.mark.parametrize("number", [None, "TEA-9"])
def test_fifty_identical_requests_at_once_are_one_order_and_one_mail(
    client_with: ClientWith, number: str | None
) -> None:
    key = keys.create(name="many", actor=Actor.system("tests")).key

    def one() -> Any:
        client = APIClient(HTTP_AUTHORIZATION=f"Bearer {key}", raise_request_exception=False)
        return post(client, number=number)

    answers = at_once(one, times=AT_ONCE)
    codes = Counter(answer.status_code for answer in answers)
    assert set(codes) <= {201, 409}, codes
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    fresh = [
        answer
        for answer in answers
        if answer.status_code == 201 and "Idempotent-Replayed" not in answer.headers
    ]
    assert len(fresh) == 1
    assert Order.objects.count() == Notification.objects.count() == 1
    # Whoever was told to wait succeeds when asking again.
    assert one().content == fresh[0].content


def test_who_waits_too_long_is_told_when_to_ask_again(
    api: APIClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "PATIENCE", timedelta(milliseconds=200))
    if connections["default"].vendor == "sqlite":
        # Of this thread's connection only.
        monkeypatch.setitem(connections["default"].settings_dict["OPTIONS"], "timeout", 0.2)
        connections["default"].cursor().execute("PRAGMA busy_timeout = 200")
    api.get(ORDERS)  # notes the key's use, which is another write
    owner = ApiKey.objects.get()
    inserted, release = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic():
            IdempotencyKey.objects.create(api_key=owner, key="k-1", fingerprint="x")
            inserted.set()
            release.wait(20)
            transaction.set_rollback(True)
        connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    try:
        assert inserted.wait(10)
        answer = post(api)
    finally:
        release.set()
        holder.join(20)
        connections.close_all()
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_in_progress")
    assert answer.headers["Retry-After"] == "1"
    assert post(api).status_code == 201


@pytest.mark.parametrize("number", [None, "TEA-9"])
@pytest.mark.parametrize("killed_before", ["commit", "answer"])
def test_a_process_killed_in_the_middle_leaves_one_order_in_the_end(
    api: APIClient, killed_before: str, number: str | None
) -> None:
    """Kill -9 when everything is written but not committed, and right after the commit."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            die_before(killed_before)
            post(api, number=number)
        finally:
            os._exit(1)  # not reached: the request never returns
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL
    answer = post(api, number=number)
    assert answer.status_code == 201
    assert ("Idempotent-Replayed" in answer.headers) is (killed_before == "answer")
    assert Order.objects.count() == Notification.objects.count() == 1


def die_before(point: str) -> None:
    """Make this process kill itself at a point of its next request."""

    def die(*_args: Any, **_kwargs: Any) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    if point == "commit":
        connections["default"]._commit = die  # type: ignore[method-assign]
    else:
        APIClient.request = requested_then(die)  # type: ignore[method-assign]


def requested_then(die: Callable[[], None]) -> Any:
    """Return a `request` whose answer never arrives."""
    request = APIClient.request

    def request_and_die(client: APIClient, **options: Any) -> None:
        request(client, **options)
        die()

    return request_and_die


def test_a_key_is_forgotten_after_a_day(api: APIClient) -> None:
    post(api, number=None)
    IdempotencyKey.objects.update(created_at=timezone.now() - idempotency.KEPT)
    # Not swept away yet, but over.
    assert "Idempotent-Replayed" not in post(api, number=None).headers
    assert Order.objects.count() == 2


def test_old_keys_are_deleted_in_batches(api: APIClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "BATCH", 2)
    owner = ApiKey.objects.get()
    old = timezone.now() - idempotency.KEPT
    for index in range(5):
        IdempotencyKey.objects.create(
            api_key=owner, key=f"old-{index}", fingerprint="x", created_at=old
        )
    post(api)
    assert idempotency.forget_old_keys() == 5
    assert IdempotencyKey.objects.get().key == "k-1"
