"""Who may do what: each endpoint asks for its own right, a session, and the CSRF token."""

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from tests.studio.conftest import DATA, KEY, SUBJECT, Page, SignIn

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

READS = {
    "document": {"key": KEY},
    "history": {"key": KEY},
    "version": {"key": KEY, "id": "file"},
    "revisions": {"key": KEY},
}
LOOKS = {
    "check": {"key": KEY, "texts": {}},
    "preview": {"key": KEY, "texts": {}},
    "effect": {"key": KEY, "texts": {}},
    "presence": {"key": KEY},
}
ACTS = {
    "draft": {"key": KEY, "texts": {SUBJECT: "x"}, "revision": None},
    "discard": {"key": KEY, "revision": 1},
    "publish": {"key": KEY, "revision": 1},
    "rollback": {"key": KEY, "version": "file"},
    "test": {"key": KEY, "texts": {}},
}
RIGHTS = {
    "draft": "change_template",
    "discard": "change_template",
    "publish": "publish_template",
    "rollback": "publish_template",
    "test": "test_template",
}


@pytest.mark.parametrize("path", [*READS, *LOOKS])
def test_a_viewer_sees_everything(sign_in: SignIn, path: str) -> None:
    viewer = sign_in("Viewer")
    told = viewer.get(path, **READS[path]) if path in READS else viewer.post(path, **LOOKS[path])

    assert told[0] == 200, told


@pytest.mark.parametrize("path", ACTS)
def test_a_viewer_changes_nothing(sign_in: SignIn, path: str) -> None:
    assert sign_in("Viewer").post(path, **ACTS[path])[0] == 403


@pytest.mark.parametrize("path", ACTS)
def test_each_act_takes_its_own_right_and_no_other(sign_in: SignIn, path: str) -> None:
    person = sign_in("Viewer")
    for right in {"change_template", "publish_template", "test_template"} - {RIGHTS[path]}:
        person.user.user_permissions.add(Permission.objects.get(codename=right))

    assert person.post(path, **ACTS[path])[0] == 403


@pytest.mark.parametrize("path", [*READS, *LOOKS, *ACTS])
def test_nobody_gets_in_without_signing_in(client: Client, path: str) -> None:
    asked = client.get if path in READS else client.post
    response = asked(f"{DATA}{path}/")

    assert response.status_code == 401
    assert response.json()["code"] == "not_authenticated"


def test_a_customer_account_that_is_no_staff_is_refused(sign_in: SignIn) -> None:
    page = sign_in("superuser")
    User.objects.update(is_staff=False)

    assert page.get("document", key=KEY)[0] == 403


def test_a_request_without_the_csrf_token_changes_nothing(editor: Page) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(editor.user)

    response = strict.post(f"{DATA}draft/", ACTS["draft"], content_type="application/json")

    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]


def test_a_body_that_is_too_large_is_refused_before_it_is_read(editor: Page) -> None:
    status, problem = editor.post("check", key=KEY, texts={SUBJECT: "x" * 1_048_577})

    assert (status, problem["code"]) == (413, "content_too_large")
