"""What to do next on a site where nothing has happened yet.

Who knows what can be done registers it (`register`); the overview knows none of it.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from access.models import ApiKey


@dataclass(frozen=True, kw_only=True)
class FirstStep:
    """One thing to do: why, where, and whether it has been done.

    `url` is empty where this person may not do it; `command` is what to type where no page does it.
    """

    title: str | Promise
    text: str | Promise
    done: bool
    url: str = ""
    command: str = ""


Ask = Callable[[HttpRequest], FirstStep | None]
"""Given who looks, gives the step as it stands, or None where it does not concern them."""


def api_key(request: HttpRequest) -> FirstStep:
    """Return the step of making the first API key."""
    may_add = request.user.has_perm("access.add_apikey")
    return FirstStep(
        title=gettext_lazy("Make an API key"),
        text=gettext_lazy("Your shop uses it to post orders to /api/v1/orders/."),
        done=ApiKey.objects.exists(),
        url=reverse("admin:access_apikey_add") if may_add else "",
        command="manage.py create_api_key my-shop",
    )


_asked: list[Ask] = [api_key]


def register(ask: Ask) -> None:
    """Let the overview show this step too; registering it twice changes nothing."""
    if ask not in _asked:
        _asked.append(ask)


def open_steps(request: HttpRequest) -> list[FirstStep]:
    """Return the steps, or nothing once all of them are done."""
    steps = [step for ask in _asked if (step := ask(request)) is not None]
    return [] if all(step.done for step in steps) else steps
