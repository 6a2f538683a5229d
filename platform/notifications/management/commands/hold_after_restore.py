"""`manage.py hold_after_restore`: keep a restored database from sending mail a second time."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from access.actors import Actor
from notifications import restoring


class Command(BaseCommand):
    """The door to notifications.restoring."""

    help = (
        "After restoring a backup, and before any worker runs: hold all mail that was open in it, "
        "for it may have left since. Without --yes only says how many that is."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the moment, the reason and the word."""
        parser.add_argument(
            "--created-before",
            metavar="TIME",
            help="Only mail created before then, such as 2026-11-22T18:00:00Z. Default: all.",
        )
        parser.add_argument("--reason", default="", help="For the audit log.")
        parser.add_argument("--yes", action="store_true", help="Do it.")

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, or hold."""
        moment = timezone.now()
        if given := options["created_before"]:
            parsed = parse_datetime(given)
            if parsed is None or timezone.is_naive(parsed):
                raise CommandError(
                    "--created-before takes a time with its zone: 2026-11-22T18:00:00Z."
                )
            moment = parsed
        if not options["yes"]:
            count = restoring.in_doubt(created_before=moment).count()
            self.stdout.write(f"{count} mails are open and would be held. To do it, say --yes.")
            return
        held = restoring.hold(
            created_before=moment,
            actor=Actor.system("manage.py hold_after_restore"),
            reason=options["reason"],
        )
        self.stdout.write(
            f"{held} mails are held. Reports of providers settle them, or a person: in the admin, "
            "status Unknown. Workers may be started."
        )
