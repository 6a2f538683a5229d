"""Revoke an API key."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from access import keys
from access.actors import Actor
from access.models import ApiKey


class Command(BaseCommand):
    """`manage.py revoke_api_key PREFIX [--reason TEXT]`."""

    help = "Revoke an API key by its prefix (see list_api_keys). This cannot be undone."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument(
            "prefix", help="The key's public part, such as 7h2kq9xw in pr_7h2kq9xw_…."
        )
        parser.add_argument("--reason", default="", help="Kept in the audit log.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Revoke the key."""
        record = ApiKey.objects.filter(prefix=options["prefix"]).first()
        if record is None:
            raise CommandError(
                f"No API key has the prefix {options['prefix']!r}; see list_api_keys."
            )
        actor = Actor.system("manage.py revoke_api_key")
        if keys.revoke(record=record, actor=actor, reason=options["reason"]):
            self.stdout.write(f"{record} is revoked.")
        else:
            self.stdout.write(f"{record} had been revoked before.")
