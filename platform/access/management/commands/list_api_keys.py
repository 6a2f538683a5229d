"""List the API keys."""

from typing import Any

from django.core.management.base import BaseCommand

from access import scopes
from access.models import ApiKey

ROW = "{:<10}{:<10}{:<18}{:<18}{:<24}{}"


class Command(BaseCommand):
    """`manage.py list_api_keys`."""

    help = "List the API keys (the keys themselves are not kept)."

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line for each key, the newest first."""
        self.stdout.write(ROW.format("PREFIX", "STATE", "LAST USED", "EXPIRES", "NAME", "SCOPES"))
        for key in ApiKey.objects.iterator():
            shown = "all" if set(key.scopes) == set(scopes.ALL) else ",".join(key.scopes)
            times = [
                f"{at:%Y-%m-%d %H:%M}" if at else "never"
                for at in (key.last_used_at, key.expires_at)
            ]
            self.stdout.write(ROW.format(key.prefix, key.state(), *times, key.name, shown))
