"""`manage.py settings_docs`: write docs/settings.md from the settings that were declared."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import settings_docs


class Command(BaseCommand):
    """The door to config.settings_docs."""

    help = "Write docs/settings.md; with --check only see that it is up to date."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take --check."""
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the file, or compare it."""
        path = settings.BASE_DIR / "docs" / "settings.md"
        text = settings_docs.render()
        if not options["check"]:
            path.write_text(text, encoding="utf-8")
        elif not path.exists() or path.read_text(encoding="utf-8") != text:
            raise CommandError(f"{path} is out of date; run `manage.py settings_docs`.")
