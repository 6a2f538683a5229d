"""The admin's login: after too many tries it has to be waited for, over all web processes.

Own rather than django-axes: that keeps each try as a row, and brings middleware, backend and pages
of its own, where the counters of `access.throttling` are shared already and forget by themselves.
Tries are counted, successful or not, per person and address; per address, against one who tries
many names; and per name, against many who try one.
"""

import time
from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.crypto import salted_hmac
from django.utils.translation import ngettext
from unfold.forms import AuthenticationForm

from access import throttling

log = structlog.get_logger(__name__)

WINDOW = timedelta(minutes=15)
MOST = {"name and address": 10, "address": 50, "name": 100}


class LoginForm(AuthenticationForm):  # type: ignore[misc]  # unfold ships no types
    """The admin's own form, which asks first whether this may be tried (again)."""

    def clean(self) -> dict[str, Any]:
        """Count the try; look at the password only if it may be looked at.

        Raises:
            ValidationError: there were too many, or it is wrong.
        """
        name = str(self.cleaned_data.get("username", "")).strip().casefold()
        address = client_address(self.request)
        if name and (passed := _exceeded(name, address)):
            minutes = max(1, -(-_seconds_left() // 60))
            log.warning("login_throttled", limit=passed)
            raise ValidationError(
                ngettext(
                    "Too many tries. Wait %(minutes)d minute, then try again.",
                    "Too many tries. Wait %(minutes)d minutes, then try again.",
                    minutes,
                ),
                code="throttled",
                params={"minutes": minutes},
            )
        cleaned: dict[str, Any] = super().clean()
        return cleaned


def client_address(request: HttpRequest | None) -> str:
    """Return the address that asks: as our own proxy saw it, or as the connection says."""
    if request is None:
        return ""
    if settings.BEHIND_TLS_PROXY:
        # The last one is what our proxy added; those before it anybody can write.
        forwarded = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if forwarded:
            return forwarded
    return str(request.META.get("REMOTE_ADDR") or "")


def _exceeded(name: str, address: str) -> str:
    """Count one try, and return which of the limits it is beyond, if any."""
    seconds = int(WINDOW.total_seconds())
    window = int(time.time() // seconds)
    counts = throttling.shared_counts()
    keys = {"name and address": f"{name}\n{address}", "address": address, "name": name}
    beyond = [
        kind
        for kind, key in keys.items()
        # A digest: names and addresses are people's, and Redis is no place for them.
        if counts.add(f"login:{kind}:{_digest(key)}", window=window, lasts=seconds) > MOST[kind]
    ]
    return beyond[0] if beyond else ""


def _digest(text: str) -> str:
    return salted_hmac("access.login", text).hexdigest()[:24]


def _seconds_left() -> int:
    seconds = int(WINDOW.total_seconds())
    return seconds - int(time.time() % seconds)
