"""Every error of the API as `application/problem+json` (RFC 9457).

DRF's views get here through drf-standardized-errors' handler function, with our handler and
formatter classes; everything else through `access.middleware.ApiErrorsMiddleware` and Django's
handler400…500. All build the same document, with `to_problem`.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from django.core.exceptions import RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.utils.encoding import escape_uri_path
from django.views import defaults
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions

from access import pointers, problem_types
from access.problem_types import ProblemType
from access.problems import InvalidParameter, type_of

log = structlog.get_logger(__name__)

CONTENT_TYPE = "application/problem+json"
# Webhooks too: whoever sends them is a program, and their bodies are bounded alike.
WEBHOOKS_PREFIX = "/webhooks/"
API_PREFIXES = ("/api/", WEBHOOKS_PREFIX)
MAX_ERRORS = 100


def to_problem(
    *,
    request: HttpRequest,
    status: int,
    kind: ProblemType | None,
    detail: str,
    code: str,
    members: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the document. `instance` is the path asked for, `request_id` finds its logs."""
    return {
        "type": kind.uri if kind else problem_types.UNDEFINED,
        "title": kind.title if kind else problem_types.phrase(status),
        "status": status,
        "detail": detail,
        "instance": escape_uri_path(request.path),
        "request_id": getattr(request, "request_id", ""),
        "code": code,
        **(members or {}),
    }


def describe(request: HttpRequest, error: exceptions.APIException) -> dict[str, Any]:
    """Return the document for `error`, for an answer of the caller's own."""
    context: Any = {"request": request, "view": None, "args": (), "kwargs": {}}
    document: dict[str, Any] = ProblemFormatter(error, context, error).run()
    return document


def respond(request: HttpRequest, error: exceptions.APIException) -> JsonResponse:
    """Return the response for `error` outside of DRF's views."""
    body = describe(request, error)
    return JsonResponse(body, status=error.status_code, content_type=CONTENT_TYPE)


class ProblemFormatter(ExceptionFormatter):
    """Turns an exception into a problem document."""

    def run(self) -> dict[str, Any]:
        """Return the document, ready for JSON."""
        # DRF's request passes unknown attributes on to Django's, so either will do.
        request: Any = self.context["request"]
        members = dict(getattr(self.exc, "members", {}))
        if isinstance(self.exc, exceptions.ValidationError):
            detail, code = self._validation(request, members)
        else:
            first = next(pointers.flatten(self.exc.detail), None)
            detail, code = (first.detail, first.code) if first else ("", "error")
        _log(request, status=self.exc.status_code, code=code)
        return to_problem(
            request=request,
            status=self.exc.status_code,
            kind=type_of(self.exc),
            detail=detail,
            code=code,
            members=members,
        )

    def _validation(self, request: HttpRequest, members: dict[str, Any]) -> tuple[str, str]:
        """Add `errors` to `members`; return the document's `detail` and `code`."""
        found = list(pointers.flatten(self.exc.detail))
        in_query = isinstance(self.exc, InvalidParameter) or request.method in {
            "GET",
            "HEAD",
            "DELETE",
        }
        members["errors"] = [
            {
                "detail": each.detail,
                **({"parameter": each.parameter} if in_query else {"pointer": each.pointer}),
                "code": each.code,
            }
            for each in found[:MAX_ERRORS]
        ]
        if len(found) == 1:
            place = found[0].parameter if in_query else found[0].pointer.removeprefix("#")
            return (f"{place}: {found[0].detail}" if place else found[0].detail), "invalid"
        listed = f"the first {MAX_ERRORS} are" if len(found) > MAX_ERRORS else "each is"
        return f"{len(found)} values are invalid; {listed} listed in errors.", "invalid"


def _log(request: Any, *, status: int, code: str) -> None:
    """Write the line that a refused request's id finds; our own mistakes have Django's."""
    if status >= 500:
        return
    # The route and not the path, which may hold an address of somebody's.
    route = request.resolver_match.route if request.resolver_match else None
    log.info("request.refused", status=status, code=code, method=request.method, route=route)


class ProblemHandler(ExceptionHandler):
    """Answers a DRF view's exception, whatever renderer was negotiated, with a problem document."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        """Give Django's own exceptions for unreadable requests the status they deserve."""
        if isinstance(exc, RequestDataTooBig):
            # Only reached where a view reads a form; JSON is bounded by the middleware before.
            return exceptions.ParseError("The request body is too large.", "content_too_large")
        if isinstance(exc, UnreadablePostError):
            return exceptions.ParseError("The connection ended before the whole body had arrived.")
        if isinstance(exc, SuspiciousOperation):
            return exceptions.ParseError()
        return super().convert_known_exceptions(exc)

    def convert_unhandled_exceptions(self, exc: Exception) -> exceptions.APIException:
        """Say nothing about our own mistakes but where to find them."""
        if isinstance(exc, exceptions.APIException):
            return exc
        return internal_error()

    def get_response(  # type: ignore[override]  # a view's finalize_response takes any response
        self, exc: exceptions.APIException, data: dict[str, Any]
    ) -> JsonResponse:
        """Return the response, with WWW-Authenticate and Retry-After where they belong."""
        return JsonResponse(
            data, status=exc.status_code, headers=self.get_headers(exc), content_type=CONTENT_TYPE
        )


def internal_error() -> exceptions.APIException:
    """Return what the client is told of a mistake of ours."""
    return exceptions.APIException(
        "Something went wrong on our side; the request id finds it in the logs.", "internal_error"
    )


def is_api(request: HttpRequest) -> bool:
    """Say whether the request is for the API, whose every answer is for a program."""
    return request.path_info.startswith(API_PREFIXES)


def _wants_problem(request: HttpRequest) -> bool:
    if is_api(request):
        return True
    try:
        # A browser, or curl with its */*, gets Django's page: text/html stands first.
        preferred = request.get_preferred_type(["text/html", "application/json", CONTENT_TYPE])
    except ValueError:  # from a header that cannot be parsed
        return False
    return preferred in {"application/json", CONTENT_TYPE}


def handler400(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request that Django itself refuses, such as one for a foreign host."""
    if _wants_problem(request):
        return respond(request, exceptions.ParseError("The request is malformed.", "bad_request"))
    return defaults.bad_request(request, exception)


def handler403(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a refusal outside of DRF's views."""
    if _wants_problem(request):
        return respond(request, exceptions.PermissionDenied())
    return defaults.permission_denied(request, exception)


def handler404(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Answer a request for an unknown path."""
    if _wants_problem(request):
        return respond(request, exceptions.NotFound())
    return defaults.page_not_found(request, exception)


def handler500(request: HttpRequest) -> HttpResponse:
    """Answer a request that failed outside of DRF's views."""
    if _wants_problem(request):
        return respond(request, internal_error())
    return defaults.server_error(request)
