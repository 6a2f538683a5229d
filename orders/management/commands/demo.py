"""`manage.py demo`: fill a development database with a believable week."""

import logging
import time
from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from notifications import auditing
from notifications.models import Notification
from orders.demo import stage, story

MOST = 5_000
BAR = 30
AT_ONCE = 10
"""Orders of one transaction: short enough for a site that is at work."""


class Command(BaseCommand):
    """Places orders of the last seven days and lets their mail succeed, fail and be retried."""

    help = (
        "Fill a development database with a believable week: orders in two languages, their mail in"
        " every state, retries, bounces and a provider's outage. Running it again changes nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Declare the options."""
        parser.add_argument("--orders", type=int, default=300, help=f"1 to {MOST}; default: 300")
        parser.add_argument("--seed", type=int, default=1, help="another seed, another week")
        parser.add_argument(
            "--reset", action="store_true", help="first delete what an earlier demo has made"
        )
        parser.add_argument(
            "--yes",
            action="store_true",
            help="do it although this is no development site; retries will really be sent",
        )

    def handle(self, *_args: Any, **options: Any) -> None:
        """Refuse what is dangerous, then let the week happen."""
        if not settings.DEBUG and not options["yes"]:
            raise CommandError(
                "This is no development site (DEBUG is not set): made-up orders would be among real"
                " ones, and their retries would be sent. If that is what you want, add --yes."
            )
        if not 1 <= options["orders"] <= MOST:
            raise CommandError(f"--orders must be 1 to {MOST}.")
        if options["reset"]:
            if not settings.DEBUG:
                raise CommandError("--reset deletes all counts; it is for development sites alone.")
            stage.forget(tell=self.stdout.write)
        if stage.demo_orders().exists():
            self.stdout.write("There is a demo already; --reset makes a new one.")
            return
        logging.disable(logging.WARNING)  # a line for each order would hide the bar
        try:
            self._play(orders=options["orders"], seed=options["seed"])
        finally:
            logging.disable(logging.NOTSET)

    def _play(self, *, orders: int, seed: int) -> None:
        now, begun = timezone.now(), time.monotonic()
        playing = stage.Stage(now=now, outage=story.outage(now), seed=seed)
        plots = story.plots(orders=orders, now=now, seed=seed)
        done = 0
        while some := list(islice(plots, AT_ONCE)):
            playing.play(some)
            done += len(some)
            self._progress(done, orders)
        playing.finish()
        auditing.audit()
        mails = Notification.objects.filter(reference__startswith=story.PREFIX).count()
        self.stdout.write(
            self.style.SUCCESS(
                f"{orders} orders and {mails} mails in {time.monotonic() - begun:.0f} s."
                " See the overview at /admin/."
            )
        )

    def _progress(self, done: int, of: int) -> None:
        if not self.stdout.isatty():
            return
        filled = BAR * done // of
        self.stdout.write(f"\r[{'█' * filled}{'░' * (BAR - filled)}] {done}/{of} orders", ending="")
        self.stdout.flush()
        if done == of:
            self.stdout.write("")
