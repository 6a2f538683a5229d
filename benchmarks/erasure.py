"""Does erasing old mail slow the sending of new mail? On PostgreSQL, with processes of their own.

    .venv/bin/python -m benchmarks.erasure [--mails 500000] [--seconds 20]

1. A throw-away PostgreSQL gets so many finished mails past their retention, an attempt each.
2. Mail is enqueued and delivered, one after the other, and each is timed: first with nothing else
   going on, then while another process erases without a pause between its slices (beat asks it to
   erase a quarter of the time).
3. Both distributions are printed, and how fast was erased.

The provider is `memory`: what is measured is the database's share.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
ERASER = """
import django; django.setup()
import time
from datetime import timedelta
from notifications import erasure
begun, count = time.monotonic(), 0
while True:
    done = erasure.erase_old(within=timedelta(seconds=15))
    count += done.notifications
    print(count, round(time.monotonic() - begun, 1), flush=True)
    if done.is_done:
        break
"""
FILL = """
INSERT INTO notifications_notification
    (id, idempotency_key, event, locale, role, recipient, recipient_name, context, source_type,
     source_id, reference, template_version, subject, content_hash, message_id, status, priority,
     ticket, attempt_count, budget_attempt_base, budget_started_at, lost_count, expires_at,
     provider, provider_message_id, error_kind, error_code, error_summary, created_at, sent_at,
     finished_at)
SELECT gen_random_uuid(), 'old-' || n, 'order.placed', 'en', 'customer',
    'old' || n || '@example.com', 'Old Customer', jsonb_build_object('note', repeat('x', 1500)),
    'old', n::text, 'OLD-' || n, 'file:1', 'Your order', md5(n::text), '<' || n || '@example.com>',
    'sent', 0, 1, 1, 0, at, 0, at, 'memory', 'm' || n, '', '', '', at, at, at
FROM (SELECT n, now() - interval '100 days' - n * interval '1 second' AS at
      FROM generate_series(1, %s) AS n) AS old
"""
ATTEMPTS = """
INSERT INTO notifications_deliveryattempt
    (notification_id, ticket, number, provider, phase, outcome, error_code, summary, detail,
     provider_message_id, started_at, duration, next_step, next_reason)
SELECT id, 1, 1, 'memory', 'response', 'accepted', '', 'taken', repeat('y', 100), '', created_at,
    interval '10 milliseconds', 'done', '' FROM notifications_notification
"""


def main() -> None:
    """Fill, measure, erase and measure again."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mails", type=int, default=500_000)
    parser.add_argument("--seconds", type=float, default=20.0, help="of measuring without erasure")
    options = parser.parse_args()
    sys.path[:0] = [str(REPOSITORY), str(REPOSITORY / "platform")]
    from tests.support.postgres import PostgresServer

    server = PostgresServer()
    with tempfile.TemporaryDirectory(prefix="postroom-erasure-") as var_dir:
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHON_DOTENV_DISABLED": "1",
            "DEBUG": "true",
            "VAR_DIR": var_dir,
            "DATABASE_URL": server.url,
            "EMAIL_PROVIDERS": "memory",
            "REDIS_URL": "redis://127.0.0.1:1/0",  # limits by process: not what is measured
            "LOG_LEVEL": "ERROR",
            "PYTHONPATH": os.pathsep.join(sys.path[:2]),
        }
        try:
            _run(options.mails, options.seconds)
        finally:
            server.stop()


def _run(mails: int, seconds: float) -> None:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    call_command("migrate", verbosity=0)
    begun = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(FILL, [mails])
        cursor.execute(ATTEMPTS)
        cursor.execute("ANALYZE")
    print(f"{mails:,} finished mails past their retention, in {time.monotonic() - begun:.0f} s")
    _send_for(3)
    _show("nothing else going on", _send_for(seconds))
    eraser = subprocess.Popen(
        [sys.executable, "-c", ERASER], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    during: list[float] = []
    while eraser.poll() is None:
        during += _send_for(1)
    _show("while they are erased", during)
    told = eraser.stdout.read().split() if eraser.stdout else []
    if len(told) >= 2:
        count, took = int(told[-2]), float(told[-1])
        print(f"erased {count:,} in {took:.0f} s: {count / took:,.0f} a second")


def _send_for(seconds: float) -> list[float]:
    """Enqueue and deliver mail for so long; return how many milliseconds each delivery took."""
    from django.conf import settings

    from notifications.delivery import deliver
    from notifications.models import Notification
    from notifications.tickets import Ticketed
    from orders.services import place_order
    from tests.orders.requests import new_order

    assert settings.EMAIL_PROVIDERS == ["memory"]
    took, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        order = place_order(new_order())
        row = Notification.objects.get(reference=order.number)
        begun = time.perf_counter()
        deliver([Ticketed(row.pk, row.ticket)], retries_in_broker=False)
        took.append((time.perf_counter() - begun) * 1000)
    return took


def _show(when: str, took: list[float]) -> None:
    cuts = statistics.quantiles(took, n=100)
    print(
        f"delivery, {when:<22}: {len(took):>5} mails, p50 {cuts[49]:.1f} ms, "
        f"p95 {cuts[94]:.1f} ms, p99 {cuts[98]:.1f} ms, max {max(took):.0f} ms"
    )


if __name__ == "__main__":
    main()
