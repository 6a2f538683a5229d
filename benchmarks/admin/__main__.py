"""`python -m benchmarks.admin`: every page of the admin at 10,000 and at 1,000,000 notifications.

Ends with 1 if a page takes more than twice as long with the million, needs more queries, or has the
database read a table of those that grow from end to end.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

SMALL, LARGE = 10_000, 1_000_000
ALLOWED = 2.0
ONE_MORE = 1
"""Where the small database has one page and the large one has two, their rows are counted too."""
TOO_SHORT = 0.004
"""Seconds by which a page may be slower whatever the ratio: nobody sees four milliseconds."""


def main() -> int:
    """Build both databases, measure, print, and say what does not hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.admin", description=__doc__)
    parser.add_argument("--small", type=int, default=SMALL, help=f"notifications ({SMALL:,})")
    parser.add_argument("--large", type=int, default=LARGE, help=f"notifications ({LARGE:,})")
    parser.add_argument("--plans", action="store_true", help="print each page's slowest query")
    parser.add_argument("--results", type=Path, help="write the figures as JSON, too")
    arguments = parser.parse_args()
    from tests.support.postgres import PostgresServer

    with tempfile.TemporaryDirectory(prefix="postroom-admin-") as folder:
        server = PostgresServer()
        try:
            _prepare(server.url, Path(folder))
            costs = {
                size: _measured(server.url, size) for size in (arguments.small, arguments.large)
            }
        finally:
            server.stop()
    return _report(costs[arguments.small], costs[arguments.large], arguments)


def _prepare(server_url: str, folder: Path) -> None:
    """Set Django up as in production, on a database that is none of the two."""
    os.environ |= {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHON_DOTENV_DISABLED": "1",
        "DEBUG": "false",
        "SECRET_KEY": "only-for-benchmarks-" + "x" * 50,
        "ALLOWED_HOSTS": "testserver",
        "DATABASE_URL": server_url,
        "EMAIL_PROVIDERS": "memory",
        "VAR_DIR": str(folder),
        "LOG_LEVEL": "ERROR",
    }
    import django
    from django.conf import settings

    settings.STORAGES["staticfiles"]["BACKEND"] = (  # no page is measured by its files
        "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    settings.SECURE_SSL_REDIRECT = False
    django.setup()


def _measured(server_url: str, size: int) -> dict[str, Any]:
    """Build a database of `size` notifications; return each page's cost by its name."""
    from django.contrib.auth.models import User
    from django.core.management import call_command
    from django.db import connection
    from django.test import Client

    from benchmarks.admin import data
    from benchmarks.admin.measure import measure
    from benchmarks.admin.pages import pages
    from tests.support.postgres import create_database

    name = f"admin_{size}"
    create_database(server_url, name)
    connection.close()
    connection.settings_dict["NAME"] = name
    began = time.monotonic()
    call_command("migrate", verbosity=0)
    data.fill(size=size)
    _say(f"{size:,} notifications made in {time.monotonic() - began:.0f} s")
    with connection.cursor() as cursor:  # a worker's time would not be the session's
        cursor.execute("SET max_parallel_workers_per_gather = 0")
    client = Client()
    client.force_login(User.objects.create_superuser("benchmark"))
    return {name: measure(client, url) for name, url in pages()}


def _report(small: dict[str, Any], large: dict[str, Any], arguments: argparse.Namespace) -> int:
    broken = []
    titles = (f"{arguments.small:,}", f"{arguments.large:,}")
    print(f"{'page':42} {titles[0]:>10} {titles[1]:>10}  ratio  queries")
    for name, less in small.items():
        more = large[name]
        ratio = more.seconds / less.seconds
        print(
            f"{name:42} {less.seconds * 1000:7.1f} ms {more.seconds * 1000:7.1f} ms"
            f"  {ratio:5.2f}  {less.queries:3} {more.queries:3}"
        )
        if arguments.plans:
            print(f"    {more.slowest}")
        if ratio > ALLOWED and more.seconds - less.seconds > TOO_SHORT:
            broken.append(f"{name}: {ratio:.2f} times as long")
        if more.queries > less.queries + ONE_MORE:
            broken.append(f"{name}: {more.queries} queries instead of {less.queries}")
        broken += [f"{name}: reads all of {table}: {sql[:300]}" for table, sql in more.scans]
    for problem in broken:
        print(f"DOES NOT HOLD  {problem}")
    print("All hold." if not broken else f"{len(broken)} do not hold.")
    if arguments.results:
        figures = {
            name: {"small": less.seconds, "large": large[name].seconds, "queries": less.queries}
            for name, less in small.items()
        }
        arguments.results.write_text(json.dumps(figures, indent=1), encoding="utf-8")
    return 1 if broken else 0


def _say(text: str) -> None:
    print(text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
