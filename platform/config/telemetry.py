"""Sentry and OpenTelemetry, for those who have a place for them; nothing personal in either."""

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from access import tracing
from config.env import SettingError
from config.version import VERSION
from providers.masking import mask

GetResponse = Callable[[HttpRequest], HttpResponseBase]
KEPT_OF_REQUEST = ("method", "url")
NEEDS = {
    "SENTRY_DSN": ("sentry_sdk", "sentry"),
    "OTEL_EXPORTER_OTLP_ENDPOINT": (
        "opentelemetry.exporter.otlp.proto.http.trace_exporter",
        "opentelemetry",
    ),
}


def start() -> None:
    """Begin, with what the settings name.

    Raises:
        SettingError: the library that it needs is not installed.
    """
    for name, (module, extra) in NEEDS.items():
        if getattr(settings, name) and not _is_there(module):
            raise SettingError(
                name, f"needs a library that is not installed: `uv sync --extra {extra}`."
            )
    if settings.SENTRY_DSN:
        start_sentry(settings.SENTRY_DSN)


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def start_sentry(dsn: str, **options: Any) -> None:
    """Send errors to `dsn`: no bodies, cookies, local variables or breadcrumbs; texts masked."""
    import sentry_sdk

    sentry_sdk.init(
        dsn=dsn,
        release=VERSION,
        environment=settings.SENTRY_ENVIRONMENT,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=_without_persons,
        **options,
    )


def _without_persons(event: Any, hint: Any) -> Any:  # noqa: ARG001 - Sentry's signature
    request = event.get("request")
    if request:
        event["request"] = {name: request[name] for name in KEPT_OF_REQUEST if name in request}
    event.pop("user", None)
    # Celery's arguments: ids, or the daily report's figures.
    event.get("extra", {}).pop("celery-job", None)
    return _masked(event)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, dict):
        return {name: _masked(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(one) for one in value]
    return value


class TracingMiddleware:
    """Opens the span of a request, and continues the caller's trace if there is one."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Name the span by the route: a path may hold an id, and a query an address."""
        if not settings.OTEL_EXPORTER_OTLP_ENDPOINT:
            return self.get_response(request)
        method = str(request.method)
        with tracing.span(
            method, kind="SERVER", parent=request.headers.get("traceparent", "")
        ) as span:
            response = self.get_response(request)
            match = request.resolver_match
            route = f"/{match.route}" if match else "unmatched"
            span.rename(f"{method} {route}")
            span.note(
                http_request_method=method,
                http_route=route,
                http_response_status=response.status_code,
            )
            if response.status_code >= 500:
                span.fail(str(response.status_code))
            return response
