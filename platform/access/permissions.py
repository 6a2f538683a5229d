"""Lets a request pass if its API key has the scopes that the view declares."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.core.exceptions import ImproperlyConfigured
from rest_framework.permissions import BasePermission
from rest_framework.request import Request

from access.models import ApiKey
from access.problems import MissingScope
from access.scopes import Scope, parse

if TYPE_CHECKING:
    # DRF imports this module while it makes this very class.
    from rest_framework.views import APIView

Declared = Mapping[str, str | tuple[str, ...]]


def scopes_for(view: "APIView", method: str) -> tuple[Scope, ...]:
    """Return the scopes that `view` requires for `method`.

    A view declares `required_scopes = {"GET": "orders:read", "POST": ("orders:write", …)}`. HEAD
    needs what GET needs, OPTIONS nothing but a key.

    Raises:
        ImproperlyConfigured: the view handles the method but declares nothing for it, which would
            leave it open to every key.
    """
    declared: Declared = getattr(view, "required_scopes", {})
    names = declared.get("GET" if method == "HEAD" else method)
    if names is not None:
        return parse((names,) if isinstance(names, str) else names)
    if method == "OPTIONS" or not hasattr(view, method.lower()):
        return ()
    raise ImproperlyConfigured(
        f"{type(view).__name__}.required_scopes says nothing about {method}."
    )


class HasScope(BasePermission):
    """401 without a key; 403 naming the scopes if the key lacks one."""

    def has_permission(self, request: Request, view: "APIView") -> bool:
        """Say whether the request has a key.

        Raises:
            MissingScope: it has, but the key may not do this.
        """
        key = request.auth
        if not isinstance(key, ApiKey):
            return False
        required = scopes_for(view, request.method or "GET")
        missing = [scope for scope in required if scope not in key.scopes]
        if missing:
            raise MissingScope(required=required, missing=missing)
        return True
