"""The studio's two pages: who gets them, what they lead to, and what they hold."""

import pytest
from django.contrib.auth.models import Group, User
from django.test import Client

pytestmark = pytest.mark.django_db

LIST = "/admin/templates/"
EDITOR = f"{LIST}edit/order.shipped/ko/"


def signed_in(*, role: str | None) -> Client:
    """Return the client of somebody of the staff who has this role, or none."""
    user = User.objects.create_user("mina", is_staff=True)
    if role:
        user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    return client


@pytest.mark.parametrize("path", [LIST, EDITOR])
def test_a_stranger_is_asked_to_sign_in(path: str) -> None:
    response = Client().get(path)

    assert response.status_code == 302
    assert response.headers["Location"].startswith(f"/admin/login/?next={LIST}")


@pytest.mark.parametrize("path", [LIST, EDITOR])
def test_who_may_not_see_templates_gets_neither_page(path: str) -> None:
    assert signed_in(role=None).get(path).status_code == 403


def test_the_list_leads_to_every_mail_and_every_shared_file() -> None:
    page = signed_in(role="Viewer").get(LIST).content.decode()

    for key in (
        "order.shipped/ko",
        "order.paid/en",
        "_layouts/mail.html.jinja",
        "_strings/ko.toml",
    ):
        assert f'href="{LIST}edit/{key}/"' in page
    assert "Begin a translation" not in page  # which is for those who may edit


@pytest.mark.parametrize(
    "key", ["order.shipped/ko", "order.shipped/pt-BR", "_partials/facts.txt.jinja"]
)
def test_what_exists_or_could_be_written_has_an_editor(key: str) -> None:
    response = signed_in(role="Viewer").get(f"{LIST}edit/{key}/")

    assert response.status_code == 200
    assert f'"key": "{key}"' in response.content.decode()


@pytest.mark.parametrize(
    "key", ["order.lost/ko", "order.shipped/xx yy", "_layouts/none.jinja", "x"]
)
def test_what_is_no_template_has_none(key: str) -> None:
    assert signed_in(role="Viewer").get(f"{LIST}edit/{key}/").status_code == 404


def test_a_translation_is_begun_under_the_languages_right_name() -> None:
    response = signed_in(role="Editor").get(LIST, {"event": "order.paid", "locale": "PT_br"})

    assert response.headers["Location"] == f"{LIST}edit/order.paid/pt-BR/"


def test_what_is_no_language_is_said_to_be_none() -> None:
    client = signed_in(role="Editor")
    response = client.get(LIST, {"event": "order.paid", "locale": "<b>Klingon"})

    assert response.status_code == 200
    assert "“&lt;b&gt;Klingon” is no language" in response.content.decode()
