"""Requests whose address is UTF-8, whatever their body claims to be.

Django decodes the query string by the charset of the *body's* Content-Type, already while it makes
the request object: `Content-Type: application/json; charset=hex` and any query string is a
LookupError before the first middleware, and so a bare 500 of the server's. The browsers' forms,
which that was made for, are UTF-8 here.
"""

from typing import Any

from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.utils.http import parse_header_parameters


class Utf8Request(WSGIRequest):
    """A request that takes no encoding from its Content-Type."""

    def _set_content_type_params(self, meta: dict[str, Any]) -> None:
        try:
            parsed = parse_header_parameters(meta.get("CONTENT_TYPE", ""))
        except ValueError:
            # An unknown charset in a parameter's own encoding (RFC 2231). No parser takes "".
            parsed = ("", {})
        self.content_type, self.content_params = parsed


class Utf8Handler(WSGIHandler):
    """Django's WSGI application, with such requests."""

    request_class = Utf8Request
