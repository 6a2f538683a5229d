"""Make an API key."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from access import keys, scopes
from access.actors import Actor


class Command(BaseCommand):
    """`manage.py create_api_key NAME [--scope orders:write …] [--expires-in DAYS]`."""

    help = "Make an API key and print it, alone on the last line. It cannot be shown again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the arguments."""
        parser.add_argument("name", help="Who or what will use the key.")
        parser.add_argument(
            "--scope",
            action="append",
            dest="scopes",
            choices=[scope.value for scope in scopes.ALL],
            metavar="SCOPE",
            help="What the key may do; can be given several times. Default: everything. "
            f"One of: {', '.join(scopes.ALL)}.",
        )
        parser.add_argument(
            "--expires-in", type=int, metavar="DAYS", help="Default: it does not expire."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Make the key; what is known about it goes before it."""
        days = options["expires_in"]
        if days is not None and not 1 <= days <= 36_500:
            raise CommandError("--expires-in takes a number of days from 1 to 36500.")
        try:
            created = keys.create(
                name=options["name"],
                allowed=options["scopes"] or scopes.ALL,
                expires_at=None if days is None else timezone.now() + timedelta(days=days),
                actor=Actor.system("manage.py create_api_key"),
            )
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        record = created.record
        until = (
            f"until {record.expires_at:%Y-%m-%d %H:%M %Z}"
            if record.expires_at
            else "without expiry"
        )
        self.stdout.write(f"API key {record}, {until}, with the scopes {', '.join(record.scopes)}.")
        self.stdout.write("Keep it now; it cannot be shown again:")
        self.stdout.write(created.key)
