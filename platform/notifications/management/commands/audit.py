"""`manage.py audit`: is there an event without its mail, or a mail that nobody moves?"""

import sys
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from notifications.auditing import WINDOW, audit


class Command(BaseCommand):
    """Run the audit, print what it found, and exit with 1 if that is anything."""

    help = "Look for events without their mail and for mail that is stuck; exit 1 if there is any."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the window's length."""
        hours = int(WINDOW.total_seconds() // 3600)
        parser.add_argument("--hours", type=int, default=hours, help="How far back to look.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line per finding, and a last one that sums up."""
        run = audit(window=timedelta(hours=options["hours"]))
        for finding in run.findings:
            self.stdout.write("{kind:8} {event:20} {reference:20} since {since}".format(**finding))
        self.stdout.write(f"{run.missing_count} missing, {run.overdue_count} overdue")
        if not run.is_clean:
            sys.exit(1)
