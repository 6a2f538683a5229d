"""Publishes contracts as JSON Schema, for clients and editors that are not Python."""

from typing import Any

from templating.contracts import EventContract

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema(contract: EventContract) -> dict[str, Any]:
    """Return the schema of an event's context as it is stored: amounts and times are texts.

    `examples` holds the contract's samples, the default first.
    """
    schema = contract.context.model_json_schema(mode="serialization")
    return {
        "$schema": DIALECT,
        "$id": f"urn:postroom:event:{contract.event}",
        **schema,
        "title": contract.title,
        "description": contract.description,
        "examples": [sample.model_dump(mode="json") for sample in contract.samples.values()],
    }
