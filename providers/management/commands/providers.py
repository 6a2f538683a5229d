"""`manage.py providers` lists them; `providers test NAME --to ADDRESS` sends through one."""

from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from providers.catalogue import provider_type
from providers.errors import ProviderError
from providers.sending import send

TEXT = "This is a test from Postroom. It went through the provider {alias!r} at {moment}."
HTML = (
    "<p>This is a test from Postroom. It went through the provider <b>{alias}</b> at {moment}.</p>"
)


class Command(BaseCommand):
    """Doors only: the listing reads the settings, the test is `providers.sending.send`."""

    help = "Lists the email providers in failover order, or sends a test mail through one."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare `test NAME --to ADDRESS`."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        test = actions.add_parser("test", help="send a real mail through one provider")
        test.add_argument("name", metavar="NAME", help="an alias of EMAIL_PROVIDERS")
        test.add_argument("--to", required=True, metavar="ADDRESS", help="who gets the mail")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the arguments ask for."""
        if options["action"] == "test":
            self._test(options["name"], to=options["to"])
        else:
            self._list()

    def _list(self) -> None:
        for place, (alias, mailer) in enumerate(settings.MAILERS.items(), start=1):
            kind = provider_type(mailer["TYPE"])
            rate = mailer["RATE"] or "no limit"
            self.stdout.write(f"{place}. {alias:<20} {kind.title:<36} rate: {rate}")

    def _test(self, alias: str, *, to: str) -> None:
        if alias not in settings.MAILERS:
            raise CommandError(
                f"There is no provider {alias!r}; set are: {', '.join(settings.MAILERS)}."
            )
        facts = {"alias": alias, "moment": timezone.localtime().isoformat(timespec="seconds")}
        message = EmailMultiAlternatives(
            subject="Postroom test mail",
            body=TEXT.format(**facts),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[to],
            headers={"Auto-Submitted": "auto-generated"},
        )
        message.attach_alternative(HTML.format(**facts), "text/html")
        try:
            accepted = send(alias, message)
        except ProviderError as error:
            raise CommandError(
                f"{alias}: {error.summary} ({type(error).__name__} {error.code}, "
                f"phase {error.phase})\n{error.detail}".rstrip()
            ) from error
        took = accepted.duration.total_seconds()
        named = accepted.provider_message_id or "no id given"
        self.stdout.write(f"{alias} accepted it in {took:.2f} s ({named}).")
