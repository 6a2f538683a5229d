"""The errors of the API, beyond those of DRF.

    APIException                 DRF's own; 400, 401, 403, 404, 405, 406, 415, 429, 500
    ├── ValidationError          400: errors of the body's values
    │   ├── InvalidParameter     400: an error of one of the query string's values
    │   └── InvalidParameters    400: errors of several
    └── Problem                  an error with further members
        ├── MalformedBody        400: `line`, `column`
        ├── MissingScope         403: `required_scopes`, `missing_scopes`
        ├── Conflict             409: whatever says what is possible instead
        ├── IdempotencyInProgress  409, with Retry-After
        ├── IdempotencyKeyReused   422
        ├── Unprocessable          422: `errors`, each with a pointer
        ├── LengthRequired       411
        └── ContentTooLarge      413: `limit_bytes`

`access.problem_documents` writes them as `application/problem+json`. This module is apart from it
because DRF imports its permission classes, and so these errors, while it makes its view classes.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from rest_framework import exceptions

from access import pointers, problem_types
from access.problem_types import ProblemType

# What RFC 9457 and we give a meaning of our own; `members` cannot replace it.
RESERVED = frozenset(
    {"type", "title", "status", "detail", "instance", "request_id", "code", "errors"}
)


class Problem(exceptions.APIException):
    """An error of known type whose document has further members.

    `problem_type` gives status, title and URI; `members` must be JSON-ready. Subclasses in other
    packages set `problem_type` to what `problem_types.define` returned.
    """

    problem_type: ProblemType = problem_types.INTERNAL_ERROR
    default_code = "error"

    def __init__(self, detail: str, *, code: str | None = None, **members: Any) -> None:
        if not RESERVED.isdisjoint(members):
            raise TypeError(
                f"Members cannot be called {', '.join(sorted(RESERVED & members.keys()))}."
            )
        self.status_code = self.problem_type.status
        self.members: Mapping[str, Any] = members
        super().__init__(detail, code)


class MalformedBody(Problem):
    """The body cannot be read as the JSON object that it should be."""

    problem_type = problem_types.MALFORMED_REQUEST
    default_code = "parse_error"


class MissingScope(Problem):
    """The key is good, but not for this."""

    problem_type = problem_types.MISSING_SCOPE
    default_code = "missing_scope"

    def __init__(self, *, required: Iterable[str], missing: Iterable[str]) -> None:
        required, missing = list(required), list(missing)
        # RFC 6750, section 3.1; DRF's handler sends it as WWW-Authenticate.
        self.auth_header = (
            f'Bearer realm="api", error="insufficient_scope", scope="{" ".join(required)}"'
        )
        names = ", ".join(missing)
        super().__init__(
            f"This API key lacks the scope {names}.",
            required_scopes=required,
            missing_scopes=missing,
        )


class Conflict(Problem):
    """The request is fine, but not now: `raise Conflict("…", code="illegal_event", legal=[…])`."""

    problem_type = problem_types.CONFLICT
    default_code = "conflict"


class IdempotencyInProgress(Problem):
    """Another request with the same Idempotency-Key holds on to it for too long."""

    problem_type = problem_types.IDEMPOTENCY_IN_PROGRESS
    default_code = "idempotency_in_progress"

    def __init__(self, *, retry_after: timedelta) -> None:
        self.wait = retry_after.total_seconds()  # DRF's handler sends it as Retry-After
        super().__init__("A request with this Idempotency-Key is still being carried out.")


class IdempotencyKeyReused(Problem):
    """The Idempotency-Key was used for something else."""

    problem_type = problem_types.IDEMPOTENCY_KEY_REUSED
    default_code = "idempotency_key_reused"

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key was sent with another method, path or body before.")


class Unprocessable(Problem):
    """The body is what it should be, but its values break a promise: `errors` says which, where.

    `errors` are pairs of a path and DRF's detail of what is wrong there.
    """

    problem_type = problem_types.UNPROCESSABLE
    default_code = "unprocessable"

    def __init__(
        self,
        detail: str,
        *,
        errors: Iterable[tuple[pointers.Path, exceptions.ErrorDetail]] = (),
        **members: Any,
    ) -> None:
        found = [
            {"detail": str(error), "pointer": pointers.to_pointer(path), "code": error.code}
            for path, error in errors
        ]
        super().__init__(detail, **members)
        if found:
            self.members = {**self.members, "errors": found}


class LengthRequired(Problem):
    """A chunked body on a server that does not mark its end."""

    problem_type = problem_types.LENGTH_REQUIRED
    default_code = "length_required"

    def __init__(self) -> None:
        super().__init__("This server cannot read a chunked body; send a Content-Length header.")


class ContentTooLarge(Problem):
    """The body has more than `limit` bytes."""

    problem_type = problem_types.CONTENT_TOO_LARGE
    default_code = "content_too_large"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"The request body may have at most {limit:,} bytes.", limit_bytes=limit)


class InvalidParameter(exceptions.ValidationError):
    """A query parameter has a value that it cannot have."""

    def __init__(self, name: str, detail: str, *, code: str = "invalid") -> None:
        super().__init__({name: [exceptions.ErrorDetail(detail, code)]})


class InvalidParameters(exceptions.ValidationError):
    """Several query parameters are not what they should be."""

    def __init__(self, errors: Mapping[str, exceptions.ErrorDetail]) -> None:
        super().__init__({name: [error] for name, error in errors.items()})


def type_of(error: exceptions.APIException) -> ProblemType | None:
    """Return the problem type of an exception, or None when only its status says what it is."""
    declared = getattr(error, "problem_type", None)
    if isinstance(declared, ProblemType):
        return declared
    if isinstance(error, exceptions.ValidationError) and error.status_code == 400:
        return problem_types.VALIDATION_ERROR
    return problem_types.for_status(error.status_code)
