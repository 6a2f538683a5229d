"""What every request passes before any view: its id, its size, and the form of its errors.

Their order in settings.MIDDLEWARE is RequestId, ApiErrors, BodyLimit: the id is there for every
answer, and every refusal further in comes out as a problem document.
"""

import re
from collections.abc import Callable
from io import BytesIO

import structlog
import uuid_utils
from django.conf import settings
from django.core.exceptions import TooManyFieldsSent
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import is_valid_path
from django.utils.http import parse_header_parameters
from rest_framework import exceptions

from access import problem_documents, problems

GetResponse = Callable[[HttpRequest], HttpResponseBase]
REQUEST_ID_HEADER = "X-Request-ID"
# Safe in a log line, a header and a URL; whatever else a client sends is replaced, not mended.
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=@-]{0,127}", re.ASCII)


class RequestIdMiddleware:
    """Gives the request an id: in `request.request_id`, in every log line, and in the answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Take the caller's id if it is sane, else make one."""
        offered = request.headers.get(REQUEST_ID_HEADER, "")
        request_id = offered if SANE_REQUEST_ID.fullmatch(offered) else str(uuid_utils.uuid7())
        # Django's handlers read it from here; HttpRequest is open to attributes by design.
        request.request_id = request_id  # type: ignore[attr-defined]
        # Cleared at the start and not at the end: Django logs refused requests only after the
        # last middleware has returned, and that line must bear the id too.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        response = self.get_response(request)
        response.headers[REQUEST_ID_HEADER] = request_id
        return response


class ApiErrorsMiddleware:
    """Answers unknown API paths itself, and turns Django's error pages into problem documents.

    Django's handler404 does not suffice: with DEBUG it is not asked, and a path without its last
    slash is answered by a redirect that loses the body, or with DEBUG by an exception.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Pass everything through that is not the API's, or no error."""
        if not problem_documents.is_api(request):
            return self.get_response(request)
        refusal = (
            _malformed_header(request) or _malformed_address(request) or _unknown_path(request)
        )
        if refusal is not None:
            return problem_documents.respond(request, refusal)
        response = self.get_response(request)
        if response.status_code < 400 or "json" in response.headers.get("Content-Type", ""):
            return response
        return _as_problem(request, response)


def _malformed_header(request: HttpRequest) -> exceptions.APIException | None:
    # DRF reads both with this function, where its ValueError would be an error 500.
    for name in ("Accept", "Content-Type"):
        try:
            parse_header_parameters(request.headers.get(name, ""))
        except ValueError:
            return exceptions.ParseError(f"The {name} header is malformed.", "malformed_header")
    return None


def _malformed_address(request: HttpRequest) -> exceptions.APIException | None:
    # PostgreSQL cannot even be asked for a text with U+0000: it would be an error 500.
    if "\x00" in request.path_info:
        return exceptions.NotFound("A path cannot contain the character U+0000.")
    try:
        parameters = list(request.GET.lists())
    except TooManyFieldsSent:
        return exceptions.ParseError("The query string has too many parameters.")
    for name, values in parameters:
        if "\x00" in name or any("\x00" in value for value in values):
            return problems.InvalidParameter(
                name.replace("\x00", ""), "A parameter cannot contain the character U+0000."
            )
    return None


def _unknown_path(request: HttpRequest) -> exceptions.NotFound | None:
    path, urlconf = request.path_info, getattr(request, "urlconf", None)
    if is_valid_path(path, urlconf):
        return None
    if is_valid_path(f"{path}/", urlconf):
        return exceptions.NotFound(
            f"There is nothing at {path}. Did you mean {path}/ (with a slash)?"
        )
    return exceptions.NotFound(f"There is nothing at {path[:200]}.")


def _as_problem(request: HttpRequest, response: HttpResponseBase) -> HttpResponse:
    """Return a problem document with the status and the telling headers of `response`."""
    if response.status_code == 500:
        error = problem_documents.internal_error()
    else:
        phrase = response.reason_phrase
        error = exceptions.APIException(f"{phrase}.", phrase.lower().replace(" ", "_"))
        error.status_code = response.status_code
    answer = problem_documents.respond(request, error)
    for name in ("Allow", "Retry-After", "WWW-Authenticate"):
        if name in response.headers:
            answer.headers[name] = response.headers[name]
    return answer


class BodyLimitMiddleware:
    """Refuses API requests and webhooks whose body is larger than the settings allow."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Judge by Content-Length before a byte is read; read a chunked body up to the limit."""
        if not problem_documents.is_api(request):
            return self.get_response(request)
        try:
            _bound_body(request, limit=_limit(request))
        except problems.Problem as refusal:
            return problem_documents.respond(request, refusal)
        return self.get_response(request)


def _limit(request: HttpRequest) -> int:
    if request.path_info.startswith(problem_documents.WEBHOOKS_PREFIX):
        return int(settings.WEBHOOK_MAX_BODY_BYTES)
    return int(settings.API_MAX_BODY_BYTES)


def _bound_body(request: HttpRequest, *, limit: int) -> None:
    """Make sure that at most `limit` bytes of the body will be read.

    Raises:
        ContentTooLarge: there are more.
        LengthRequired: the body is chunked and the server does not mark its end.
    """
    if "chunked" in request.headers.get("Transfer-Encoding", "").lower():
        _read_chunked(request, limit=limit)
        return
    declared = request.META.get("CONTENT_LENGTH") or "0"
    # An unreadable length is 0 to Django, which then reads nothing.
    if declared.isascii() and declared.isdigit() and (len(declared) > 18 or int(declared) > limit):
        raise problems.ContentTooLarge(limit=limit)


def _read_chunked(request: HttpRequest, *, limit: int) -> None:
    """Read the chunked body and put it where Django and DRF expect one of known length.

    Both go by Content-Length, which a chunked request does not have, and would see no body.
    """
    if not request.META.get("wsgi.input_terminated"):
        # Such a server leaves the socket as it is: reading on would wait for ever.
        raise problems.LengthRequired
    body = request.META["wsgi.input"].read(limit + 1)
    if len(body) > limit:
        raise problems.ContentTooLarge(limit=limit)
    request.META["CONTENT_LENGTH"] = str(len(body))
    request._stream = BytesIO(body)  # noqa: SLF001  where HttpRequest reads from
