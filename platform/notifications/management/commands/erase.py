"""`manage.py erase --recipient ADDRESS`: forget a person who asks for it."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from access.actors import Actor
from notifications import erasure_requests
from notifications.erasure_requests import Outcome


class Command(BaseCommand):
    """The door to notifications.erasure_requests."""

    help = (
        "Erase what is known of a person: their mail, orders and reports. Without --yes only says "
        "what that would be. What the retention period ends is erased without being asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address, and what else has to be said."""
        parser.add_argument("--recipient", required=True, metavar="ADDRESS")
        parser.add_argument("--reason", default="", help="For the audit log, e.g. a ticket.")
        parser.add_argument("--yes", action="store_true", help="Do it; it cannot be undone.")
        parser.add_argument(
            "--forget-suppression",
            action="store_true",
            help="Also take the address off the suppression list: it may be mailed again.",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Look, or act; print counts, and never the address."""
        address = options["recipient"].strip()
        if "@" not in address:
            raise CommandError("--recipient takes a whole address, such as minji@example.com.")
        if not options["yes"]:
            self._tell(erasure_requests.look(address), verb="would be erased")
            self.stdout.write("Nothing was changed. To do it, say --yes.")
            return
        outcome = erasure_requests.fulfil(
            address,
            actor=Actor.system("manage.py erase"),
            reason=options["reason"],
            forget_suppression=options["forget_suppression"],
        )
        self._tell(outcome, verb="erased")
        if outcome.sending:
            raise CommandError(
                f"{outcome.sending} mails are being sent at this moment, and the person's other "
                "records were left with them. Run this again in a minute."
            )

    def _tell(self, outcome: Outcome, *, verb: str) -> None:
        self.stdout.write(
            f"{outcome.mails} mails {verb}, {outcome.waiting} of them cancelled first."
        )
        for name, count in outcome.others.items():
            self.stdout.write(f"{count} {name} {verb}.")
        if outcome.is_suppressed:
            self.stdout.write(
                "The address is on the suppression list, and stays there so that it is never "
                "mailed; --forget-suppression takes it off."
            )
