"""Templates over the REST API: contracts, versions, previews, drafts, publishing."""

from collections.abc import Callable
from typing import Any

import jsonschema
import pytest
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

from access import keys
from access.actors import Actor
from notifications.models import Notification
from studio.models import Draft
from templating import live
from templating.models import TemplateVersion
from tests.studio.conftest import KEY, SUBJECT, Page

pytestmark = pytest.mark.django_db

BASE = "/api/v1/templates"
MAIL = f"{BASE}/order.shipped/ko"
JSON = "application/json"


def client_with(*scopes: str) -> Client:
    """Return a client whose key has these scopes."""
    key = keys.create(name="Git", actor=Actor.system("tests"), allowed=scopes).key
    return Client(headers={"Authorization": f"Bearer {key}"})


@pytest.fixture
def api(db: None) -> Client:
    """A client that may read and write templates."""
    return client_with("templates:read", "templates:write")


def post(client: Client, path: str, body: dict[str, Any], **headers: str) -> Any:
    """POST to a mail's resource; return the response."""
    return client.post(f"{MAIL}/{path}/", body, content_type=JSON, headers=headers)


def publish(client: Client, subject: str) -> int:
    """Save and publish a subject; return the version's number."""
    saved = post(client, "drafts", {"revision": None, "subject": subject})
    assert saved.status_code == 200, saved.content
    published = post(client, "publish", {"revision": saved.json()["revision"], "note": "by API"})
    assert published.status_code == 200, published.content
    return int(published.json()["version"])


def test_the_list_says_how_each_mail_stands(api: Client) -> None:
    publish(api, "새 제목")

    results = api.get(f"{BASE}/").json()["results"]

    shipped = next(one for one in results if one["event"] == "order.shipped")
    states = {one["locale"]: (one["state"], one["version"]) for one in shipped["locales"]}
    assert states == {"en": ("file", None), "ko": ("published", 1)}
    assert shipped["description"]


def test_the_contract_is_a_json_schema_that_its_samples_satisfy(api: Client) -> None:
    found = api.get(f"{BASE}/order.shipped/").json()

    jsonschema.Draft202012Validator.check_schema(found["contract"])
    assert {"typical", "forty lines", "zero totals"} <= {one["name"] for one in found["samples"]}
    for sample in found["samples"]:
        jsonschema.validate(sample["context"], found["contract"])
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"order": {}}, found["contract"])


def test_a_mail_is_told_with_its_texts_and_what_it_uses(api: Client) -> None:
    found = api.get(f"{MAIL}/").json()

    assert found["subject"]
    assert found["html"].startswith("{%")
    assert "_strings/ko.toml" in found["uses"]
    assert (found["state"], found["version"], found["draft"]) == ("file", None, None)


ABSENT = [
    "order.eaten/",
    "order.eaten/ko/",
    "order.shipped/KO/",
    "order.shipped/fr/",
    "_layouts/mail.html.jinja/",
]


@pytest.mark.parametrize("path", ABSENT)
def test_what_is_not_there_is_not_found(api: Client, path: str) -> None:
    response = api.get(f"{BASE}/{path}")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_a_preview_is_what_would_be_sent_and_stores_nothing(api: Client) -> None:
    body = {"subject": "{{ order.number }}!", "sample": "forty lines"}
    found = post(api, "preview", body).json()

    assert found["subject"] == "SO-1001!"
    assert "Tea no. 40" in found["text"]
    assert not Draft.objects.exists()


def test_a_preview_with_data_of_ones_own_holds_it_to_the_contract(api: Client) -> None:
    samples = api.get(f"{BASE}/order.shipped/").json()["samples"]
    context = samples[0]["context"]
    context["order"]["number"] = "MINE-1"
    assert post(api, "preview", {"subject": "{{ order.number }}", "context": context}).json()[
        "subject"
    ] == "MINE-1"  # fmt: skip

    del context["order"]["total"]
    refused = post(api, "preview", {"context": context})
    assert (refused.status_code, refused.json()["code"]) == (422, "context_refused")
    assert refused.json()["errors"][0]["pointer"] == "#/context/order/total"
    assert post(api, "preview", {"sample": "nope"}).json()["errors"][0]["pointer"] == "#/sample"


def test_a_hostile_preview_is_a_conflict_with_its_place(api: Client) -> None:
    found = post(api, "preview", {"html": "\n{{ ''.__class__ }}"})

    assert (found.status_code, found.json()["code"]) == (409, "rendering_failed")
    assert found.json()["error"]["line"] == 2


def test_a_draft_is_saved_told_and_published(api: Client) -> None:
    saved = post(api, "drafts", {"revision": None, "subject": "{{ order.numbr }}"}).json()
    assert (saved["revision"], saved["outdated"]) == (1, False)
    assert saved["problems"][0]["suggestion"] == "number"
    assert api.get(f"{MAIL}/").json()["draft"]["subject"] == "{{ order.numbr }}"

    refused = post(api, "publish", {"revision": 1})
    assert (refused.status_code, refused.json()["code"]) == (409, "blocked")

    saved = post(api, "drafts", {"revision": 1, "subject": "{{ order.number }}"}).json()
    assert saved["problems"] == []
    assert saved["html"], "what is left out stays"
    assert post(api, "publish", {"revision": 2, "note": "Short"}).json() == {"version": 1}
    assert api.get(f"{MAIL}/").json()["draft"] is None
    live.refresh(now=True)


def test_a_draft_that_somebody_changed_in_the_studio_is_a_conflict(
    api: Client, editor: Page
) -> None:
    editor.save("theirs")

    refused = post(api, "drafts", {"revision": None, "subject": "mine"})

    assert (refused.status_code, refused.json()["code"]) == (409, "draft_changed")
    assert refused.json()["draft"]["texts"][SUBJECT] == "theirs"


def test_a_draft_can_be_discarded(api: Client) -> None:
    post(api, "drafts", {"revision": None, "subject": "x"})

    assert api.delete(f"{MAIL}/drafts/?revision=7").status_code == 409
    assert api.delete(f"{MAIL}/drafts/").json()["errors"][0]["parameter"] == "revision"
    assert api.delete(f"{MAIL}/drafts/?revision=1").status_code == 204
    assert not Draft.objects.get().open


def test_versions_are_listed_read_and_rolled_back_to(api: Client) -> None:
    publish(api, "하나")
    publish(api, "둘")

    versions = api.get(f"{MAIL}/versions/").json()["results"]
    assert [(one["number"], one["note"]) for one in versions] == [(2, "by API"), (1, "by API")]
    first = api.get(f"{MAIL}/versions/1/").json()
    assert first["files"][SUBJECT] == "하나"
    assert api.get(f"{MAIL}/versions/9/").status_code == 404

    assert post(api, "rollback", {"version": 1, "note": "too long"}).json() == {"version": 3}
    assert api.get(f"{MAIL}/versions/3/").json()["restores"] == 1
    assert post(api, "rollback", {"version": None}).json() == {"version": None}
    assert api.get(f"{MAIL}/").json()["state"] == "file"
    assert post(api, "rollback", {"version": 9}).status_code == 422


def test_a_key_cannot_pass_the_gate(api: Client, real_mail: Callable[..., Notification]) -> None:
    row = real_mail()
    failing = "{% if order.number == 'SO-1' %}{{ 1 / 0 }}{% endif %}x"
    saved = post(api, "drafts", {"revision": None, "subject": failing}).json()

    refused = post(api, "publish", {"revision": saved["revision"]})

    assert (refused.status_code, refused.json()["code"]) == (409, "gate")
    assert refused.json()["gate"][0]["notification"] == str(row.id)
    unknown = post(api, "publish", {"revision": saved["revision"], "override": "please"})
    assert unknown.status_code == 400


def test_each_write_with_an_idempotency_key_is_done_once(api: Client) -> None:
    key = {"Idempotency-Key": "k-1"}
    first = post(api, "drafts", {"revision": None, "subject": "x"}, **key)
    again = post(api, "drafts", {"revision": None, "subject": "x"}, **key)

    assert again.json() == first.json()
    assert again.headers["Idempotent-Replayed"] == "true"
    published = {"Idempotency-Key": "k-2"}
    for _ in range(2):
        assert post(api, "publish", {"revision": 1}, **published).json() == {"version": 1}
    assert TemplateVersion.objects.count() == 1


def test_reading_takes_one_scope_and_writing_another() -> None:
    reader, writer = client_with("templates:read"), client_with("templates:write")

    assert reader.get(f"{MAIL}/").status_code == 200
    assert writer.get(f"{MAIL}/").status_code == 403
    for path in ("drafts", "publish", "rollback", "preview"):
        assert post(reader, path, {}).status_code == 403
    assert reader.delete(f"{MAIL}/drafts/?revision=1").status_code == 403
    assert post(writer, "preview", {}).status_code == 200
    assert Client().get(f"{MAIL}/").status_code == 401


def test_the_examples_of_the_schema_are_accepted(api: Client) -> None:
    published: Any = SchemaGenerator().get_schema(request=None, public=True)
    paths = published["paths"]
    template = "/api/v1/templates/{event}/{locale}"
    for path, status in (("preview", 200), ("drafts", 200), ("publish", 200)):
        content = paths[f"{template}/{path}/"]["post"]["requestBody"]["content"][JSON]
        for example in content["examples"].values():
            assert post(api, path, example["value"]).status_code == status, (path, example)
    assert not any("/admin/templates" in path for path in paths), "the pages' data is no API"
    assert KEY == "order.shipped/ko"
