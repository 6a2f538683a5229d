"""The data of a preview over the API: a sample, or the client's own, which keeps the contract."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from rest_framework.exceptions import ErrorDetail
from rest_framework.exceptions import ValidationError as Invalid

from access import pointers
from studio.previews import Data, sample_data
from templating import contracts
from templating.publishing import Target


def chosen(target: Target, body: Mapping[str, Any]) -> Data:
    """Return what a preview is rendered with.

    Raises:
        UnknownSample: the contract has no such sample.
        rest_framework.exceptions.ValidationError: the context does not satisfy the contract, with
            the pointer to its first wrong value.
    """
    if "context" not in body:
        return sample_data(target, body.get("sample"))
    try:
        contracts.get(target.event).context.model_validate(body["context"])
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        detail = ErrorDetail(first["msg"], first["type"])
        raise Invalid(pointers.nest(("context", *first["loc"]), detail)) from error
    return Data(context=body["context"], locale=target.locale)
