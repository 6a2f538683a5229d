"""API keys: made, presented, refused, revoked."""

import hashlib
import threading
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.db import connections, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from access import keys
from access.actors import Actor
from access.keys import CreatedKey, KeyRefused
from access.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db
TESTER = Actor.system("tests")
BASKETS = "/api/v1/baskets/"


def present(client: Client, authorization: str) -> tuple[int, str, str]:
    response = client.get(BASKETS, headers={"Authorization": authorization})
    return (
        response.status_code,
        response.json().get("code", ""),
        response.headers.get("WWW-Authenticate", ""),
    )


def test_a_key_opens_the_api_and_names_the_actor(with_key: Client, key: CreatedKey) -> None:
    response = with_key.get(BASKETS)
    assert response.status_code == 200
    assert response.json() == {
        "kind": "api_key",
        "id": str(key.record.pk),
        "label": f"Web shop ({key.record.prefix})",
    }


def test_only_the_hash_of_a_key_is_at_rest(key: CreatedKey) -> None:
    row = ApiKey.objects.values().get()
    assert row["secret_hash"] == hashlib.sha256(key.key.encode()).hexdigest()
    secret = key.key.rsplit("_", 1)[1]
    assert len(secret) == 40
    assert not any(secret in str(value) for value in row.values())
    assert secret not in str(AuditEntry.objects.values().get())


def test_two_keys_share_nothing() -> None:
    first, second = (keys.create(name="same", actor=TESTER) for _ in range(2))
    assert first.key != second.key
    assert first.record.prefix != second.record.prefix


def test_the_scheme_is_read_in_any_case_and_with_spaces(client: Client, key: CreatedKey) -> None:
    assert present(client, f"bEARER   {key.key} ")[0] == 200


def test_no_key_is_401_with_a_challenge_without_an_error(client: Client) -> None:
    response = client.get(BASKETS)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == 'Bearer realm="api"'
    assert response.json()["code"] == "not_authenticated"


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer nonsense",
        "Bearer pr_aaaaaaaa_" + "A" * 40,
        "Bearer pr_aaaaaaa\x00_" + "A" * 40,
        "Bearer pr_aaaaaaaa_" + "é" * 40,
        "Bearer " + "pr_" * 20_000,
        "Bearer pr_aaaaaaaa_" + "A" * 40 + "\n",
        "Bearer ' OR 1=1 --",
        "Bearer \udcff",
    ],
)
def test_a_bad_key_is_401(client: Client, authorization: str) -> None:
    status, code, challenge = present(client, authorization)
    assert (status, code) == (401, "invalid_key")
    assert challenge == 'Bearer realm="api", error="invalid_token"'


@pytest.mark.parametrize("authorization", ["Basic YTpi", "Token abc", "", "pr_x"])
def test_another_scheme_counts_as_no_key(client: Client, authorization: str) -> None:
    assert present(client, authorization)[:2] == (401, "not_authenticated")


def test_a_key_with_one_wrong_character_is_refused_like_an_unknown_one(
    client: Client, key: CreatedKey
) -> None:
    wrong = key.key[:-1] + ("a" if key.key[-1] != "a" else "b")
    assert present(client, f"Bearer {wrong}")[:2] == (401, "invalid_key")


def test_an_expired_key_is_401(client: Client, key: CreatedKey) -> None:
    ApiKey.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert present(client, f"Bearer {key.key}")[:2] == (401, "expired_key")


def test_a_revoked_key_is_401_from_the_next_request_on(client: Client, key: CreatedKey) -> None:
    assert present(client, f"Bearer {key.key}")[0] == 200
    assert keys.revoke(record=key.record, actor=TESTER, reason="lost laptop")
    assert present(client, f"Bearer {key.key}")[:2] == (401, "revoked_key")


def test_revoking_twice_is_recorded_once(key: CreatedKey) -> None:
    assert keys.revoke(record=key.record, actor=TESTER, reason="lost laptop")
    assert not keys.revoke(record=key.record, actor=TESTER)
    entry = AuditEntry.objects.get(action="api_key.revoke")
    assert (entry.reason, entry.target_id) == ("lost laptop", str(key.record.pk))


def test_the_last_use_is_written_at_most_once_a_minute(
    key: CreatedKey, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    start = timezone.now()
    with django_assert_num_queries(2):
        keys.verify(key.key, now=start)
    for seconds in (1, 30, 59):
        with django_assert_num_queries(1):
            keys.verify(key.key, now=start + timedelta(seconds=seconds))
    with django_assert_num_queries(2):
        keys.verify(key.key, now=start + timedelta(seconds=60))
    assert ApiKey.objects.get().last_used_at == start + timedelta(seconds=60)


@pytest.mark.django_db(transaction=True)
def test_a_good_key_opens_a_database_that_somebody_else_has_locked(
    with_key: Client,
) -> None:
    if connections["default"].vendor != "sqlite":
        return  # PostgreSQL locks rows, and nobody holds a key's for long
    locked, release = threading.Event(), threading.Event()

    def lock() -> None:
        with transaction.atomic():
            ApiKey.objects.update(name="held")
            locked.set()
            release.wait(20)
        connections.close_all()

    holder = threading.Thread(target=lock)
    holder.start()
    try:
        assert locked.wait(10)
        assert with_key.get(BASKETS).status_code == 200
        assert not release.is_set()
    finally:
        release.set()
        holder.join(20)
    assert ApiKey.objects.get().last_used_at is None
    assert with_key.get(BASKETS).status_code == 200
    assert ApiKey.objects.get().last_used_at is not None


def test_a_refused_key_is_not_noted_as_used(key: CreatedKey) -> None:
    keys.revoke(record=key.record, actor=TESTER)
    with pytest.raises(KeyRefused):
        keys.verify(key.key)
    assert ApiKey.objects.get().last_used_at is None


def test_a_missing_scope_is_403_and_named(client: Client) -> None:
    reader = keys.create(name="Reader", actor=TESTER, allowed=["orders:read"])
    response = client.post(
        BASKETS, {}, "application/json", headers={"Authorization": f"Bearer {reader.key}"}
    )
    assert response.status_code == 403
    problem = response.json()
    assert problem["type"] == "/api/problems/missing-scope/"
    assert problem["detail"] == "This API key lacks the scope orders:write."
    assert problem["required_scopes"] == ["orders:read", "orders:write"]
    assert problem["missing_scopes"] == ["orders:write"]
    assert 'error="insufficient_scope"' in response.headers["WWW-Authenticate"]


def test_head_needs_what_get_needs(client: Client) -> None:
    other = keys.create(name="Other", actor=TESTER, allowed=["templates:read"])
    headers = {"Authorization": f"Bearer {other.key}"}
    assert client.head(BASKETS, headers=headers).status_code == 403
    assert client.options(BASKETS, headers=headers).status_code == 200
    assert client.options(BASKETS).status_code == 401


def test_a_view_that_declares_no_scope_is_closed_and_not_open(with_key: Client) -> None:
    assert with_key.get("/api/v1/undeclared/").status_code == 500


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("", ["orders:read"]), ("  ", ["orders:read"]), ("x" * 101, ["orders:read"]), ("x", ["all"])],
)
def test_a_key_needs_a_name_and_known_scopes(name: str, allowed: list[str]) -> None:
    with pytest.raises(ValidationError):
        keys.create(name=name, actor=TESTER, allowed=allowed)
    assert not ApiKey.objects.exists()
    assert not AuditEntry.objects.exists()
