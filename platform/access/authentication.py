"""Knows a request by the API key in its Authorization header."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from access import keys
from access.models import ApiKey

SCHEME = "Bearer"
CHALLENGE = f'{SCHEME} realm="api"'


class ApiKeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer <key>`; `request.auth` and `request.user` are then the `ApiKey`."""

    def authenticate(self, request: Request) -> tuple[ApiKey, ApiKey] | None:
        """Return the key's record, or None if the request presents no key.

        Raises:
            AuthenticationFailed: it presents one that is malformed, unknown, expired or revoked.
        """
        scheme, _, key = request.headers.get("Authorization", "").strip().partition(" ")
        if scheme.lower() != SCHEME.lower():
            return None
        try:
            record = keys.verify(key.strip())
        except keys.KeyRefused as refusal:
            raise AuthenticationFailed(refusal.detail, refusal.code) from refusal
        return record, record

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge that goes with a 401, as RFC 6750 words it."""
        # With no key presented, the RFC wants no error code in the challenge.
        presented = request.headers.get("Authorization", "").lower().startswith(SCHEME.lower())
        return f'{CHALLENGE}, error="invalid_token"' if presented else CHALLENGE
