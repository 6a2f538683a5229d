"""The published schema says of orders what is true."""

from typing import Any

import pytest
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.validation import validate_schema

from orders import event_types


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema as it is published."""
    generated: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)
    return generated


def resolve(schema: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow a $ref."""
    while "$ref" in part:
        part = schema["components"]["schemas"][part["$ref"].rpartition("/")[2]]
    return part


def test_the_schema_is_valid_openapi(schema: dict[str, Any]) -> None:
    validate_schema(schema)


def test_every_event_has_a_body_of_its_own(schema: dict[str, Any]) -> None:
    post = schema["paths"]["/api/v1/orders/{number}/events/"]["post"]
    body = post["requestBody"]["content"]["application/json"]["schema"]
    alternatives = resolve(schema, body)["oneOf"]
    assert len(alternatives) == len(event_types.postable())
    shipped = next(
        resolve(schema, each)
        for each in alternatives
        if each["$ref"].endswith("NewOrderEventShippedRequest")
    )
    data = shipped["properties"]["data"]
    assert data["additionalProperties"] is False
    assert set(data["properties"]) == {
        "carrier",
        "tracking_number",
        "tracking_url",
        "estimated_delivery",
    }


def test_placing_an_order_says_what_is_required(schema: dict[str, Any]) -> None:
    post = schema["paths"]["/api/v1/orders/"]["post"]
    content = post["requestBody"]["content"]["application/json"]
    assert set(resolve(schema, content["schema"])["required"]) == {"customer", "currency", "lines"}
    assert len(content["examples"]) == 2
    assert set(post["responses"]) >= {"201", "400", "401", "403", "409", "413"}
