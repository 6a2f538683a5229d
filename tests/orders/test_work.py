"""What the POST of an order costs, counted as work and not as time: this does not flicker."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.orders.requests import ORDERS, body
from tests.support.valkey import ValkeyServer

pytestmark = pytest.mark.django_db(transaction=True)
STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


def test_an_order_takes_one_commit_and_few_queries(api: APIClient, valkey: ValkeyServer) -> None:
    api.post(
        ORDERS, body(number="W-1"), format="json"
    )  # the key's last use is written once an hour
    with CaptureQueriesContext(connection) as captured:
        answer = api.post(
            ORDERS, body(number="W-2"), format="json", headers={"Idempotency-Key": "once"}
        )
    assert answer.status_code == 201, answer.content
    asked = [q["sql"] for q in captured.captured_queries if q["sql"].startswith(STATEMENTS)]
    # The key; idempotency with its answer; order, lines, event; notification.
    # PostgreSQL bounds its wait for a lock as well.
    assert len(asked) <= 7, asked
    assert sum(q["sql"] == "COMMIT" for q in captured.captured_queries) == 1
