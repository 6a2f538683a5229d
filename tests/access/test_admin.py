"""API keys and the audit log in the admin."""

import re

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from access import keys
from access.keys import CreatedKey, KeyRefused
from access.models import ApiKey, AuditEntry

pytestmark = pytest.mark.django_db
KEYS = "/admin/access/apikey/"
ENTRIES = "/admin/access/auditentry/"


@pytest.fixture
def admin(client: Client) -> Client:
    client.force_login(User.objects.create_superuser("admin"))
    return client


def test_a_new_key_is_shown_once_and_works(admin: Client) -> None:
    assert admin.get(f"{KEYS}add/").status_code == 200
    form = {"name": "Web shop", "scopes": ["orders:read", "orders:write"]}
    response = admin.post(f"{KEYS}add/", {**form, "expires_at_0": "", "expires_at_1": ""})
    assert "no-store" in response.headers["Cache-Control"]
    found = re.search(r"pr_[a-z0-9]{8}_[A-Za-z0-9]{40}", response.content.decode())
    assert found is not None
    record = keys.verify(found[0])
    assert (record.name, record.scopes) == ("Web shop", ["orders:read", "orders:write"])
    for url in (KEYS, f"{KEYS}{record.pk}/change/", f"{KEYS}{record.pk}/history/"):
        page = admin.get(url)
        assert page.status_code == 200
        assert found[0] not in page.content.decode()
        assert record.secret_hash not in page.content.decode()
    entry = AuditEntry.objects.get(action="api_key.create")
    assert (entry.actor_kind, entry.actor_label) == ("user", "admin")


@pytest.mark.parametrize(
    "form", [{"name": "", "scopes": ["orders:read"]}, {"name": "x"}, {"name": "x", "scopes": "all"}]
)
def test_a_bad_form_makes_no_key(admin: Client, form: dict[str, object]) -> None:
    assert admin.post(f"{KEYS}add/", form).status_code == 200
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_by_post_with_a_reason(admin: Client, key: CreatedKey) -> None:
    url = f"{KEYS}{key.record.pk}/revoke/"
    assert "Requests with it are refused" in admin.get(url).content.decode()
    admin.post(url, {"_form_submitted": "on", "reason": ""})
    assert keys.verify(key.key)
    response = admin.post(url, {"_form_submitted": "on", "reason": "Lost laptop."})
    assert response.headers["HX-Redirect"] == f"{KEYS}{key.record.pk}/change/"
    with pytest.raises(KeyRefused, match="revoked"):
        keys.verify(key.key)
    assert AuditEntry.objects.get(action="api_key.revoke").reason == "Lost laptop."
    assert "is revoked" in admin.get(f"{KEYS}{key.record.pk}/change/").content.decode()


def test_an_unknown_key_cannot_be_revoked(admin: Client) -> None:
    url = f"{KEYS}999/revoke/"
    assert admin.post(url, {"_form_submitted": "on", "reason": "x"}).status_code == 404


def test_a_key_cannot_be_changed_or_deleted(admin: Client, key: CreatedKey) -> None:
    url = f"{KEYS}{key.record.pk}"
    assert admin.post(f"{url}/change/", {"name": "Other"}).status_code == 403
    assert admin.post(f"{url}/delete/", {"post": "yes"}).status_code == 403
    assert ApiKey.objects.get().name == "Web shop"


def test_who_may_see_keys_may_not_make_or_revoke_them(client: Client, key: CreatedKey) -> None:
    user = User.objects.create_user("reader", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_apikey"))
    client.force_login(user)
    page = client.get(f"{KEYS}{key.record.pk}/change/")
    assert page.status_code == 200
    assert "/revoke/" not in page.content.decode()
    assert client.get(f"{KEYS}add/").status_code == 403
    url = f"{KEYS}{key.record.pk}/revoke/"
    assert client.post(url, {"_form_submitted": "on", "reason": "x"}).status_code == 403
    assert keys.verify(key.key)


def test_the_audit_log_can_be_read_and_searched_and_nothing_else(
    admin: Client, key: CreatedKey
) -> None:
    entry = AuditEntry.objects.get()
    assert "api_key.create" in admin.get(f"{ENTRIES}?q=tests").content.decode()
    assert admin.get(f"{ENTRIES}{entry.pk}/change/").status_code == 200
    assert admin.post(f"{ENTRIES}{entry.pk}/change/", {"reason": "x"}).status_code == 403
    assert admin.get(f"{ENTRIES}add/").status_code == 403
    assert admin.post(f"{ENTRIES}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert "api_key.create" in admin.get(f"{ENTRIES}?q=api_key.create").content.decode()
    assert KEYS + "1/" not in admin.get(f"{ENTRIES}?q=nobody").content.decode()
    found = admin.get(f"{ENTRIES}?q={key.record.pk}").content.decode()
    assert f"{KEYS}{key.record.pk}/change/" in found
    everything = {"action": "delete_selected", "_selected_action": entry.pk, "post": "yes"}
    admin.post(ENTRIES, everything)
    assert AuditEntry.objects.count() == 1
