"""manage.py create_api_key, list_api_keys, revoke_api_key."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from access import keys, scopes
from access.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_the_key_stands_alone_on_the_last_line_and_works() -> None:
    printed = run("create_api_key", "Web shop")
    key = printed.splitlines()[-1]
    assert printed.endswith(f"{key}\n")
    assert keys.verify(key).name == "Web shop"
    assert ApiKey.objects.get().scopes == list(scopes.ALL)
    assert AuditEntry.objects.get().actor_label == "manage.py create_api_key"


def test_a_key_gets_the_scopes_and_the_expiry_that_were_asked_for() -> None:
    run(
        "create_api_key", "Reader", "--scope", "notifications:read", "--scope", "orders:read",
        "--expires-in", "30",
    )  # fmt: skip
    record = ApiKey.objects.get()
    assert record.scopes == ["orders:read", "notifications:read"]
    assert record.expires_at is not None
    assert (record.expires_at - record.created_at).days in {29, 30}


@pytest.mark.parametrize(
    "arguments",
    [
        ("Web shop", "--scope", "orders:delete"),
        ("",),
        ("x" * 101,),
        ("Web shop", "--expires-in", "0"),
        ("Web shop", "--expires-in", "99999999999"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run("create_api_key", *arguments)
    assert not ApiKey.objects.exists()


def test_keys_are_listed_with_state_and_without_secret() -> None:
    key = run("create_api_key", "Web shop").splitlines()[-1]
    prefix = key.split("_")[1]
    listed = run("list_api_keys")
    assert prefix in listed
    assert "active" in listed
    assert key.rsplit("_", 1)[1] not in listed
    run("revoke_api_key", prefix, "--reason", "rotation")
    assert "revoked" in run("list_api_keys")
    assert AuditEntry.objects.get(action="api_key.revoke").reason == "rotation"


def test_revoking_an_unknown_prefix_says_so() -> None:
    with pytest.raises(CommandError, match="No API key has the prefix 'zzz'"):
        run("revoke_api_key", "zzz")
