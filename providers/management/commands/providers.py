"""`manage.py providers` lists them; with an action it tries, pauses or resumes one.

providers                                    each one's place, rate and state
providers test NAME --to ADDRESS             send a real mail through it
providers history NAME                       what its breaker and pauses did, and why
providers pause NAME --minutes 30 --reason…  leave it alone; mail fails over
providers resume NAME --reason…              end its pause and close its breaker
"""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from providers import routing
from providers.breaker import BreakerState
from providers.catalogue import provider_type
from providers.errors import ProviderError
from providers.sending import send

TEXT = "This is a test from Postroom. It went through the provider {alias!r} at {moment}."
HTML = (
    "<p>This is a test from Postroom. It went through the provider <b>{alias}</b> at {moment}.</p>"
)


class Command(BaseCommand):
    """Doors only: `providers.routing` knows the states, `providers.sending.send` sends."""

    help = "Lists the email providers in failover order; tests, pauses or resumes one."
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the actions."""
        actions = parser.add_subparsers(dest="action", metavar="ACTION")
        test = actions.add_parser("test", help="send a real mail through one provider")
        history = actions.add_parser("history", help="show what its breaker did, and why")
        pause = actions.add_parser("pause", help="send no mail through it for a while")
        resume = actions.add_parser("resume", help="end its pause and close its breaker")
        for action in (test, history, pause, resume):
            action.add_argument("name", metavar="NAME", help="an alias of EMAIL_PROVIDERS")
        test.add_argument("--to", required=True, metavar="ADDRESS", help="who gets the mail")
        pause.add_argument("--minutes", required=True, type=int, help="for how long")
        for action in (pause, resume):
            action.add_argument("--reason", default="by hand", help="kept in its history")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do what the arguments ask for."""
        action, alias = options["action"], options.get("name")
        if alias is not None and alias not in settings.MAILERS:
            raise CommandError(
                f"There is no provider {alias!r}; set are: {', '.join(settings.MAILERS)}."
            )
        if action == "test":
            self._test(options["name"], to=options["to"])
            return
        if action in {"pause", "resume"} and not routing.is_shared():
            raise CommandError("Redis is out of reach: the workers would not hear of it.")
        if action == "history":
            for change in routing.history(options["name"]):
                self.stdout.write(f"{_time(change.at)}  {change.change:<10} {change.reason}")
        elif action == "pause":
            until = timezone.now() + timedelta(minutes=options["minutes"])
            routing.pause(options["name"], until=until, reason=options["reason"])
        elif action == "resume":
            routing.resume(options["name"], reason=options["reason"])
        else:
            self._list()

    def _list(self) -> None:
        states = routing.states(now=timezone.now())
        for place, state in enumerate(states, start=1):
            kind = provider_type(state.type)
            rate = f"rate: {state.rate or 'no limit'}"
            line = f"{place}. {state.alias:<20} {kind.title:<36} {rate:<16}"
            self.stdout.write(f"{line} {describe(state)}")
        if not all(state.shared for state in states):
            self.stdout.write("Redis is out of reach: each worker has its own breakers and limits.")

    def _test(self, alias: str, *, to: str) -> None:
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


def describe(state: routing.ProviderState) -> str:
    """Return in a few words whether a provider takes mail, and if not why and until when."""
    if state.pause is not None:
        return f"paused until {_time(state.pause.until)} ({state.pause.reason})"
    if state.breaker is BreakerState.CLOSED:
        return "takes mail"
    since = "" if state.since is None else f" since {_time(state.since)}"
    probe = "" if state.probe_at is None else f", probed again from {_time(state.probe_at)}"
    return f"breaker {state.breaker}{since} ({state.reason}){probe}"


def _time(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%d %H:%M:%S")
