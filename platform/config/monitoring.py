"""Answers `/healthz`, `/readyz` and `/metrics` before anything else looks at the request.

Probes and Prometheus ask a process by its IP address and over plain HTTP. Further in, such a
request would be refused for its Host header (ALLOWED_HOSTS) or redirected to https.
"""

from collections.abc import Callable, Mapping

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from config import health, metrics

GetResponse = Callable[[HttpRequest], HttpResponseBase]
VIEWS: Mapping[str, Callable[[HttpRequest], HttpResponseBase]] = {
    "/healthz": health.alive,
    "/readyz": health.ready,
    "/metrics": metrics.metrics,
}


class MonitoringMiddleware:
    """Stands first; none of these views reads Host, session or user."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer a monitor, or pass the request on."""
        view = VIEWS.get(request.path_info)
        if view is None:
            return self.get_response(request)
        response = view(request)
        response.headers["Cache-Control"] = "no-store"
        return response
