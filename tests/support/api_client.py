"""A shop's client of the REST API, as the tests use it."""

from collections.abc import Iterator
from typing import Any

import requests

LINES = [{"sku": "TEA-1", "name": "Green tea", "quantity": 2, "unit_price": "12.00"}]
WON_LINES = [{"sku": "TEA-1", "name": "녹차", "quantity": 2, "unit_price": "12000"}]


class ApiClient:
    """Talks to one server with one API key; each method raises for an error answer."""

    def __init__(self, *, url: str, key: str) -> None:
        self.url = f"{url}/api/v1"
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {key}"

    def place_order(
        self, email: str, *, timeout: float = 20, idempotency_key: str = "", **fields: Any
    ) -> requests.Response:
        """POST an order of two packs of tea and return the answer, whatever it is."""
        name = fields.pop("name", "Kim Minji")
        body = {"customer": {"email": email, "name": name}, "currency": "USD", "lines": LINES}
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key else {}
        return self.session.post(
            f"{self.url}/orders/", json=body | fields, headers=headers, timeout=timeout
        )

    def add_event(self, number: str, kind: str, data: dict[str, Any]) -> dict[str, Any]:
        """POST an order event."""
        answer = self.session.post(
            f"{self.url}/orders/{number}/events/", json={"type": kind, "data": data}, timeout=20
        )
        return self._json(answer)

    def notifications(self, **filters: str) -> list[dict[str, Any]]:
        """Return all notifications that the filters let through."""
        return list(self._pages(f"{self.url}/notifications/", filters))

    def _pages(self, url: str | None, filters: dict[str, str]) -> Iterator[dict[str, Any]]:
        while url:
            page = self._json(self.session.get(url, params=filters, timeout=20))
            yield from page["results"]
            url, filters = page["next"], {}

    def notification_of(self, order: str) -> dict[str, Any]:
        """Return the detail of an order's one notification."""
        (found,) = self.notifications(order=order)
        return self.notification(found["id"])

    def notification(self, identifier: str) -> dict[str, Any]:
        """Return one notification with its attempts."""
        return self._json(self.session.get(f"{self.url}/notifications/{identifier}/", timeout=20))

    def content(self, identifier: str) -> dict[str, Any]:
        """Return one notification's mail."""
        url = f"{self.url}/notifications/{identifier}/content/"
        return self._json(self.session.get(url, timeout=20))

    @staticmethod
    def _json(answer: requests.Response) -> dict[str, Any]:
        assert answer.ok, f"{answer.status_code} {answer.text}"
        body: dict[str, Any] = answer.json()
        return body
