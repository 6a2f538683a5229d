"""`manage.py templates check`: finds what is wrong with the templates before a mail does."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from templating.checking.everything import check_all
from templating.errors import UnknownEvent
from templating.sources import FileSource


class Command(BaseCommand):
    """Works on the templates as files."""

    help = "Check the templates against what their events promise."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be done, and to which templates."""
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser(
            "check", help="report problems; exit with 1 if one blocks publishing"
        )
        check.add_argument("--event", help="only this event's templates: order.shipped")
        check.add_argument("--locale", help="only this locale's templates: ko")
        check.add_argument(
            "--dir", type=Path, help="a folder of templates, before those in the settings"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CommandError, with which the process exits with 1."""
        folder = options["dir"]
        if folder is not None and not folder.is_dir():
            raise CommandError(f"there is no folder {folder}")
        folders = [*([folder] if folder else []), *settings.TEMPLATES_EMAIL_DIRS]
        try:
            problems = check_all(
                source=FileSource(folders),
                default_locale=settings.DEFAULT_LOCALE,
                event=options["event"],
                locale=options["locale"],
            )
        except UnknownEvent as error:
            raise CommandError(str(error)) from None
        for problem in problems:
            self.stdout.write(str(problem))
        blocking = sum(problem.blocks for problem in problems)
        summary = f"{blocking} blocking, {len(problems) - blocking} advice"
        if blocking:
            raise CommandError(summary)
        self.stdout.write(self.style.SUCCESS(summary))
