"""The catalogue of problem types (RFC 9457): what each error of the API means and what to do.

A type's URI is its full path on this very server (`/api/problems/not-found/`), where
`access.urls` serves its entry: the same string on every installation, so that clients can compare
it, and always there to be read, with no outside host.
"""

from dataclasses import dataclass
from http import HTTPStatus

BASE_PATH = "/api/problems/"
UNDEFINED = "about:blank"


@dataclass(frozen=True, kw_only=True)
class ProblemType:
    """One kind of error. The title never varies from occurrence to occurrence."""

    slug: str
    status: int
    title: str
    meaning: str

    @property
    def uri(self) -> str:
        """Return the `type` member's value."""
        return f"{BASE_PATH}{self.slug}/"


_catalogue: dict[str, ProblemType] = {}
_by_status: dict[int, ProblemType] = {}


def define(*, slug: str, status: int, title: str, meaning: str) -> ProblemType:
    """Add a type to the catalogue and return it.

    Raises:
        ValueError: the slug is taken: a type's URI must mean one thing.
    """
    if slug in _catalogue:
        raise ValueError(f"The problem type {slug!r} is already defined.")
    _catalogue[slug] = ProblemType(slug=slug, status=status, title=title, meaning=meaning)
    return _catalogue[slug]


def catalogue() -> tuple[ProblemType, ...]:
    """Return all types by status, then slug."""
    return tuple(sorted(_catalogue.values(), key=lambda each: (each.status, each.slug)))


def find(slug: str) -> ProblemType | None:
    """Return the type called `slug`, or None."""
    return _catalogue.get(slug)


def for_status(status: int) -> ProblemType | None:
    """Return the type of errors of which nothing is known but the HTTP status, or None."""
    return _by_status.get(status)


def phrase(status: int) -> str:
    """Return HTTP's own words for a status, as RFC 9457 wants for a title of `about:blank`."""
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Error"


def _define_for_status(*, slug: str, status: int, title: str, meaning: str) -> ProblemType:
    kind = define(slug=slug, status=status, title=title, meaning=meaning)
    _by_status[status] = kind
    return kind


VALIDATION_ERROR = define(
    slug="validation-error",
    status=400,
    title="The request has invalid values",
    meaning="`errors` lists each invalid value: `pointer` is its place in the body (a JSON "
    "pointer), `parameter` its name in the query string, `code` a stable short name, `detail` what "
    "is wrong. Nothing was stored. Correct the values and send the request again.",
)
MALFORMED_REQUEST = _define_for_status(
    slug="malformed-request",
    status=400,
    title="The request cannot be read",
    meaning="The body is not the JSON object it should be, or the address is malformed. For a "
    "syntax error `line` and `column` say where. Correct the request before sending it again.",
)
NOT_AUTHENTICATED = _define_for_status(
    slug="not-authenticated",
    status=401,
    title="A valid API key is required",
    meaning="Send `Authorization: Bearer <key>`. `code` says whether the key is missing "
    "(`not_authenticated`), unknown (`invalid_key`), expired (`expired_key`) or revoked "
    "(`revoked_key`).",
)
PERMISSION_DENIED = _define_for_status(
    slug="permission-denied",
    status=403,
    title="This is not allowed",
    meaning="The request is understood and will be refused again.",
)
MISSING_SCOPE = define(
    slug="missing-scope",
    status=403,
    title="The API key lacks a scope",
    meaning="`required_scopes` names what the request needs, `missing_scopes` what the key lacks. "
    "Use a key that has it; the scopes of a key are chosen when it is made.",
)
NOT_FOUND = _define_for_status(
    slug="not-found",
    status=404,
    title="There is nothing at this address",
    meaning="The record does not exist, or the path is wrong. Every path ends with a slash.",
)
METHOD_NOT_ALLOWED = _define_for_status(
    slug="method-not-allowed",
    status=405,
    title="The resource does not support this method",
    meaning="The `Allow` header lists the methods that it supports.",
)
NOT_ACCEPTABLE = _define_for_status(
    slug="not-acceptable",
    status=406,
    title="The answer is not available in the asked format",
    meaning="Answers are `application/json`. Send `Accept: application/json`, or no Accept header.",
)
CONFLICT = _define_for_status(
    slug="conflict",
    status=409,
    title="The request conflicts with the present state",
    meaning="`code` and `detail` say with what, and further members what is possible instead. "
    "The same request may succeed once the state has changed.",
)
IDEMPOTENCY_IN_PROGRESS = define(
    slug="idempotency-in-progress",
    status=409,
    title="A request with this Idempotency-Key is still being carried out",
    meaning="Nothing was done. Wait for as many seconds as the `Retry-After` header says, then "
    "send the same request with the same key again: it gets the answer of the first, or is carried "
    "out.",
)
LENGTH_REQUIRED = _define_for_status(
    slug="length-required",
    status=411,
    title="The request must say its length",
    meaning="This server cannot read chunked bodies. Send a Content-Length header.",
)
CONTENT_TOO_LARGE = _define_for_status(
    slug="content-too-large",
    status=413,
    title="The request body is too large",
    meaning="`limit_bytes` is the most that a body may have (API_MAX_BODY_BYTES). Send less.",
)
UNSUPPORTED_MEDIA_TYPE = _define_for_status(
    slug="unsupported-media-type",
    status=415,
    title="The request body is in an unsupported format",
    meaning="Bodies are JSON in UTF-8. Send `Content-Type: application/json`.",
)
UNPROCESSABLE = _define_for_status(
    slug="unprocessable-content",
    status=422,
    title="The request is understood but cannot be carried out",
    meaning="`code`, `detail` and, where values are at fault, `errors` say why.",
)
IDEMPOTENCY_KEY_REUSED = define(
    slug="idempotency-key-reused",
    status=422,
    title="The Idempotency-Key belongs to another request",
    meaning="Within the last 24 hours this key was sent with another method, path or body. Nothing "
    "was done. Use a new key for each new request, and the old one only to repeat the old request.",
)
THROTTLED = _define_for_status(
    slug="throttled",
    status=429,
    title="Too many requests",
    meaning="Wait for as many seconds as the `Retry-After` header says, then repeat the request.",
)
INTERNAL_ERROR = _define_for_status(
    slug="internal-error",
    status=500,
    title="Postroom failed to answer",
    meaning="The mistake is ours. `request_id` finds its cause in Postroom's logs. Repeat the "
    "request if it is safe to repeat.",
)
