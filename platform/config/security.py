"""What every answer tells the browser to refuse: a policy for pages, a stricter one for the rest.

Set here and not by a proxy, so that it is tested with the pages it holds for. Preview frames
(`srcdoc`) inherit the policy of the page around them.
"""

from collections.abc import Callable, Mapping

from django.http import HttpRequest
from django.http.response import HttpResponseBase

GetResponse = Callable[[HttpRequest], HttpResponseBase]
Policy = Mapping[str, str]

# Data and error documents: nothing of them is ever to be run or shown as a page.
DATA: Policy = {"default-src": "'none'", "frame-ancestors": "'none'"}
PAGES: Policy = {
    "default-src": "'self'",
    "script-src": "'self'",
    # Style attributes, in the admin's widgets as in the mails that it shows.
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: https:",  # logos and pictures of the mails that are previewed
    "font-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
# The admin's scripts (Alpine) evaluate expressions in attributes. It holds for the admin alone,
# whose pages are made of escaped values.
ADMIN: Policy = {**PAGES, "script-src": "'self' 'unsafe-eval'"}

# The longest beginning decides.
POLICIES: Mapping[str, Policy] = {"/admin/": ADMIN, "/api/docs/": PAGES, "/": DATA}
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=(), browsing-topics=()"


class SecurityHeadersMiddleware:
    """Adds Content-Security-Policy and Permissions-Policy, unless a view has set its own."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer with the policy of the request's path."""
        response = self.get_response(request)
        response.headers.setdefault("Content-Security-Policy", policy_for(request.path_info))
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        return response


def policy_for(path: str) -> str:
    """Return the policy of a path, as the header holds it."""
    prefix = max((one for one in POLICIES if path.startswith(one)), key=len, default="/")
    return "; ".join(f"{directive} {sources}" for directive, sources in POLICIES[prefix].items())
