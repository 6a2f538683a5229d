"""The schema tells the truth about keys, scopes and problems."""

from typing import Any

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db


@pytest.fixture
def schema(with_key: Client) -> dict[str, Any]:
    answer = with_key.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    document: dict[str, Any] = answer.json()
    return document


def operation(schema: dict[str, Any], path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = schema["paths"][path][method]
    return found


def resolve(schema: dict[str, Any], reference: dict[str, str]) -> dict[str, Any]:
    found: Any = schema
    for part in reference["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def test_it_is_openapi_3_1(schema: dict[str, Any]) -> None:
    assert schema["openapi"].startswith("3.1")


def test_an_operation_names_its_key_and_its_scopes(schema: dict[str, Any]) -> None:
    assert schema["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    post = operation(schema, "/api/v1/baskets/", "post")
    assert post["security"] == [{"apiKey": ["orders:read", "orders:write"]}]
    assert "`orders:write` (place orders and record their events)" in post["description"]


def test_an_operation_lists_the_errors_that_it_can_have_and_no_other(
    schema: dict[str, Any],
) -> None:
    post = operation(schema, "/api/v1/baskets/", "post")["responses"]
    assert post.keys() == {
        "201",
        "400",
        "401",
        "403",
        "406",
        "409",
        "413",
        "415",
        "422",
        "429",
        "500",
    }
    get = operation(schema, "/api/v1/baskets/", "get")["responses"]
    assert get.keys() == {"200", "400", "401", "403", "406", "429", "500"}
    open_one = operation(schema, "/api/problems/{slug}/", "get")["responses"]
    assert open_one.keys() == {"200", "400", "404", "406", "500"}


def test_every_error_is_a_problem_document(schema: dict[str, Any]) -> None:
    for path in schema["paths"].values():
        for each in path.values():
            for status, response in each["responses"].items():
                if status >= "400":
                    assert list(response["content"]) == ["application/problem+json"]
                    assert response["description"]


def test_the_described_members_are_those_of_real_answers(
    schema: dict[str, Any], with_key: Client
) -> None:
    described = operation(schema, "/api/v1/baskets/", "post")["responses"]["400"]
    reference = described["content"]["application/problem+json"]["schema"]
    base, further = resolve(schema, reference)["allOf"]
    members = resolve(schema, base)["properties"].keys() | further["properties"].keys()
    for body in ("{}", "{"):
        problem = with_key.post("/api/v1/baskets/", body, "application/json").json()
        assert set(resolve(schema, base)["required"]) <= problem.keys() <= members


def test_a_list_describes_its_pages(schema: dict[str, Any]) -> None:
    get = operation(schema, "/api/v1/entries/", "get")
    parameters = {each["name"]: each["schema"] for each in get["parameters"]}
    assert parameters["page_size"]["maximum"] == 200
    assert "cursor" in parameters
    page = resolve(schema, get["responses"]["200"]["content"]["application/json"]["schema"])
    assert page["properties"]["next"]["type"] == ["string", "null"]
    assert page["required"] == ["next", "previous", "results"]


def test_no_example_shows_an_error_in_another_form(schema: dict[str, Any]) -> None:
    assert "client_error" not in str(schema)
