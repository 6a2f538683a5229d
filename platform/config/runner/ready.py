"""What the person at the terminal reads when everything is up."""

import json

from django.conf import settings

from config.runner import first_run

ANY_ADDRESS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared with, not listened on
EXAMPLE_ORDER = {
    "customer": {"email": "minji@example.com", "name": "Kim Minji"},
    "locale": "ko",
    "currency": "KRW",
    "lines": [{"sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": "12000"}],
}


def reachable_host() -> str:
    """Return the host under which this machine reaches the web process."""
    return "127.0.0.1" if settings.HOST in ANY_ADDRESS else settings.HOST


def block(made: first_run.Credentials) -> str:
    """Return where everything is, what was made on this first run, and how to place an order."""
    base = f"http://{_url_host()}:{settings.PORT}"
    return f"""
Postroom is ready.

  Admin     {base}/admin/
  API docs  {base}/api/docs/
  Health    {base}/readyz
  Mail      {_providers()}
{_credentials(made)}
Place an order{_key_hint(made.api_key)}:

curl -X POST {base}/api/v1/orders/ -H "Authorization: Bearer {made.api_key or "$KEY"}" \
-H "Content-Type: application/json" -d '{json.dumps(EXAMPLE_ORDER)}'

Ctrl-C stops everything.
"""


def _credentials(made: first_run.Credentials) -> str:
    rows = []
    if made.password:
        rows.append(f"  Administrator  {first_run.ADMIN} / {made.password}")
    if made.api_key:
        rows.append(f"  API key        {made.api_key}")
    return "\n".join(["", "Made for you, and shown only this once:", *rows, ""]) if rows else ""


def where_mail_goes() -> str:
    """Say where the first provider's mail can be seen."""
    mailer = settings.MAILERS[settings.EMAIL_PROVIDERS[0]]
    if mailer["TYPE"] == "console":
        return "their mail follows here, on the console."
    return f"their mail goes to the provider {_providers()}."


def _providers() -> str:
    return ", then ".join(settings.EMAIL_PROVIDERS)


def _key_hint(api_key: str | None) -> str:
    return "" if api_key else " (a key for $KEY: `make key NAME=mine`)"


def _url_host() -> str:
    host = "localhost" if settings.HOST in {*ANY_ADDRESS, "127.0.0.1", "::1"} else settings.HOST
    return f"[{host}]" if ":" in host else host
