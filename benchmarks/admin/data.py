"""Fills a database with orders, their events and mail, attempts and counts, by SQL alone."""

import json
from datetime import timedelta

from django.db import connection
from django.db.backends.utils import CursorWrapper

from notifications.histogram import COLUMNS
from templating import contracts

ATTEMPTS_PER_TWO = 5
"""Every other notification has two attempts, the others three."""
HISTORY = timedelta(days=60)

MAPPING = """
CREATE TEMPORARY TABLE made AS
SELECT i, uuidv7(-shift) AS id, uuidv7(-shift) AS event_id, (i + 2) / 3 AS order_no,
       now() - shift AS at, i %% 1000 AS kind,
       CASE i %% 3 WHEN 1 THEN 'placed' WHEN 2 THEN 'paid' ELSE 'shipped' END AS type
FROM (SELECT i, %(history)s::interval * (1 - i::float8 / %(size)s) AS shift
      FROM generate_series(1, %(size)s) AS i) AS numbers
"""
ORDERS = """
INSERT INTO orders_order (id, number, status, is_paid, refunded_total, customer_email,
    customer_name, locale, currency, subtotal, shipping, discount, tax, total, url, metadata,
    created_at, updated_at)
SELECT gen_random_uuid(), 'SO-' || (100000 + order_no), 'shipped', true, 0,
       'customer' || order_no || '@example.com', 'Customer ' || order_no, 'en', 'USD', 25, 5, 0, 0,
       30, '', '{}', min(at), max(at)
FROM made GROUP BY order_no
"""
EVENTS = """
INSERT INTO orders_orderevent (id, order_id, type, data, status_before, status_after, created_at)
SELECT made.event_id, orders_order.id, made.type, '{}',
       CASE made.type WHEN 'placed' THEN '' WHEN 'paid' THEN 'placed' ELSE 'paid' END,
       made.type, made.at
FROM made JOIN orders_order ON orders_order.number = 'SO-' || (100000 + made.order_no)
"""
STATUS = """CASE WHEN kind < 20 THEN 'failed' WHEN kind < 24 THEN 'unknown'
    WHEN kind < 29 THEN 'retrying' WHEN kind < 39 THEN 'bounced'
    WHEN kind < 40 THEN 'complained' WHEN kind < 42 THEN 'suppressed'
    WHEN kind < 43 THEN 'cancelled' WHEN kind < 44 THEN 'queued' WHEN kind < 144 THEN 'sent'
    ELSE 'delivered' END"""
NOTIFICATIONS = f"""
INSERT INTO notifications_notification (id, idempotency_key, event, locale, role, recipient,
    recipient_name, context, source_type, source_id, reference, template_version, subject,
    content_hash, message_id, status, priority, ticket, attempt_count, budget_attempt_base,
    budget_started_at, lost_count, next_attempt_at, relay_at, expires_at, provider,
    provider_message_id, error_kind, error_code, error_summary, created_at, sent_at, finished_at)
SELECT id, event_id || ':customer', 'order.' || type, CASE i %% 3 WHEN 0 THEN 'ko' ELSE 'en' END,
       'customer', 'customer' || order_no || '@example.com', 'Customer ' || order_no,
       CASE WHEN type = 'placed' AND i %% 50 = 1 THEN %(context)s::jsonb ELSE '{{}}' END,
       'orders.order_event', event_id::text, 'SO-' || (100000 + order_no), 'file', 'Your order', '',
       '<' || id || '@example.com>', {STATUS}, 0, 2, 2, 0, at, 0,
       CASE WHEN kind BETWEEN 24 AND 28 THEN now() + (i %% 7200) * interval '1 second' END,
       CASE WHEN kind BETWEEN 24 AND 28 OR kind = 43
            THEN now() + (i %% 7200) * interval '1 second' END,
       at + interval '48 hours', CASE i %% 5 WHEN 0 THEN 'smtp' ELSE 'memory' END, 'p-' || i,
       CASE WHEN kind < 20 THEN 'permanent' WHEN kind < 24 THEN 'unknown'
            WHEN kind < 29 THEN 'transient' ELSE '' END,
       CASE WHEN kind < 29 THEN 'smtp_451' ELSE '' END,
       CASE WHEN kind < 29 THEN 'The server answered that it is busy.' ELSE '' END,
       at, CASE WHEN kind >= 44 THEN at + interval '2 seconds' END,
       CASE WHEN kind NOT BETWEEN 20 AND 28 AND kind <> 43 THEN at + interval '2 seconds' END
FROM made
"""
ATTEMPTS = """
INSERT INTO notifications_deliveryattempt (notification_id, ticket, number, provider, phase,
    outcome, error_code, summary, detail, status_code, provider_message_id, started_at, duration,
    next_step, next_reason, next_attempt_at)
SELECT id, n, n, CASE i %% 5 WHEN 0 THEN 'smtp' ELSE 'memory' END, 'response',
       CASE WHEN n = 2 + i %% 2 AND kind >= 44 THEN 'accepted' ELSE 'transient' END,
       CASE WHEN n = 2 + i %% 2 AND kind >= 44 THEN '' ELSE 'smtp_451' END, 'It is busy.', '', 451,
       '', at + n * interval '1 second', interval '120 milliseconds',
       CASE WHEN n = 2 + i %% 2 AND kind >= 44 THEN 'done' ELSE 'retry' END, 'smtp_451', NULL
FROM made, LATERAL generate_series(1, 2 + i %% 2) AS n
"""
REPORTS = """
INSERT INTO notifications_providerevent (provider, fingerprint, event_type, notification_id,
    provider_message_id, occurred_at, received_at, processed_at, payload)
SELECT 'memory', 'f-' || i, CASE WHEN kind < 144 THEN 'bounced' ELSE 'delivered' END, id, 'p-' || i,
       at, at, at, '{}'
FROM made WHERE kind >= 130
"""
SUPPRESSIONS = """
INSERT INTO notifications_suppression (address, reason, provider, note, created_at)
SELECT 'customer' || i || '@example.com', 'hard_bounce', 'memory', '', at FROM made WHERE kind < 30
"""
AUDIT_LOG = """
INSERT INTO access_auditentry (actor_kind, actor_id, actor_label, action, target_type, target_id,
    reason, data, at)
SELECT 'user', '1', 'minji', 'notification.redrive', 'notification', id::text, 'Mended.', '{}', at
FROM made WHERE kind < 100
"""
COUNTS = """
INSERT INTO {table} ({span}, provider, event, outcome, count, duration, {columns})
SELECT date_trunc('{span}', at, 'UTC'), provider, event, outcome, count(*),
       count(*) * interval '2 seconds', {values}
FROM (SELECT at, '' AS provider, 'order.' || type AS event,
             CASE WHEN kind < 20 THEN 'failed' WHEN kind < 29 THEN 'retrying' ELSE 'sent' END
             AS outcome
      FROM made
      UNION ALL
      SELECT at, CASE i %% 5 WHEN 0 THEN 'smtp' ELSE 'memory' END, 'order.' || type,
             CASE WHEN kind >= 44 THEN 'attempt.accepted' ELSE 'attempt.transient' END
      FROM made) AS all_of_it
GROUP BY 1, 2, 3, 4
"""
BIG = (
    *("notifications_notification", "notifications_deliveryattempt", "notifications_providerevent"),
    *("notifications_suppression", "orders_order", "orders_orderevent", "access_auditentry"),
    *("notifications_deliveryrollup", "notifications_hourlyrollup"),
)
"""The tables that grow; none may be read from end to end by a page."""


def fill(*, size: int) -> None:
    """Make `size` notifications with 2.5 times as many attempts, and all that belongs to them."""
    sample = next(iter(contracts.get("order.placed").samples.values()))
    given = {
        "size": size,
        "history": HISTORY,
        "context": json.dumps(sample.model_dump(mode="json")),
    }
    with connection.cursor() as cursor:
        # The rows fit together by construction; checking each reference would take minutes.
        cursor.execute("SET session_replication_role = replica")
        indexes = _drop_indexes(cursor)
        for statement in (MAPPING, ORDERS, EVENTS, NOTIFICATIONS, ATTEMPTS, REPORTS):
            cursor.execute(statement, given)
        for statement in (SUPPRESSIONS, AUDIT_LOG, _counts("minute"), _counts("hour")):
            cursor.execute(statement, given)
        for definition in indexes:
            cursor.execute(definition)
        cursor.execute("DROP TABLE made")
        cursor.execute("SET session_replication_role = origin")
        cursor.execute("VACUUM ANALYZE")


def _counts(span: str) -> str:
    table = {"minute": "notifications_deliveryrollup", "hour": "notifications_hourlyrollup"}[span]
    values = ["count(*)" if column == COLUMNS[8] else "0" for column in COLUMNS]
    return COUNTS.format(
        table=table, span=span, columns=", ".join(COLUMNS), values=", ".join(values)
    )


def _drop_indexes(cursor: CursorWrapper) -> list[str]:
    """Drop the indexes that no constraint stands on; return what makes them again."""
    cursor.execute(
        "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexname NOT IN"
        " (SELECT conname FROM pg_constraint)",
        [list(BIG)],
    )
    found = cursor.fetchall()
    for name, _definition in found:
        cursor.execute(f'DROP INDEX "{name}"')
    return [definition for _name, definition in found]
