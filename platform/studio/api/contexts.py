"""The data of a preview over the API: a sample, or the client's own, which keeps the contract."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from rest_framework.exceptions import ErrorDetail

from access.problems import Unprocessable
from studio.previews import Data, UnknownSample, sample_data
from templating import contracts
from templating.publishing import Target

MOST_ERRORS = 20


def chosen(target: Target, body: Mapping[str, Any]) -> Data:
    """Return what a preview is rendered with.

    Raises:
        Unprocessable: the contract has no such sample, or the context does not satisfy it.
    """
    if "context" in body:
        _hold_to_contract(target.event, body["context"])
        return Data(context=body["context"], locale=target.locale)
    try:
        return sample_data(target, body.get("sample"))
    except UnknownSample as error:
        detail = ErrorDetail(f"There is no sample {error}.", "unknown_sample")
        raise Unprocessable(
            "The contract has no such sample.", errors=[(("sample",), detail)]
        ) from error


def _hold_to_contract(event: str, context: Mapping[str, Any]) -> None:
    try:
        contracts.get(event).context.model_validate(context)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        raise Unprocessable(
            f"The context does not satisfy the contract of {event}.",
            code="context_refused",
            errors=[
                (("context", *one["loc"]), ErrorDetail(one["msg"], one["type"]))
                for one in found[:MOST_ERRORS]
            ],
        ) from error
