"""`manage.py up`: start everything and keep it running until Ctrl-C."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from config.runner import up


class Command(BaseCommand):
    """The door to config.runner."""

    help = "Start Valkey (unless REDIS_URL is set), web, workers and beat, until Ctrl-C."
    # The database may not be there yet, and checks would ask it.
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until asked to stop; leave with the runner's status."""
        sys.exit(up.run())
