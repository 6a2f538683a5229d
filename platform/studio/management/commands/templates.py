"""`manage.py templates check | export | import | diff`: the templates as files."""

import sys
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from access.actors import Actor
from studio import files
from studio.files import Plan, Selection
from studio.inventory import Inventory
from studio.releases import GateClosed, Words
from templating import contracts
from templating.checking.everything import check_all
from templating.errors import UnknownEvent
from templating.publishing import NotPublishable, Overtaken
from templating.sources import FileSource


class Command(BaseCommand):
    """Works on the templates as files."""

    help = "Check templates, export those that are live, compare a folder with them, import it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what is to be done, and to which templates."""
        actions = parser.add_subparsers(dest="action", required=True)
        check = actions.add_parser(
            "check", help="report problems; exit with 1 if one blocks publishing"
        )
        check.add_argument(
            "--dir", type=Path, help="a folder of templates, before those in the settings"
        )
        export = actions.add_parser("export", help="write what is live into a folder")
        diff = actions.add_parser(
            "diff", help="show what an import would change; exit with 1 if anything"
        )
        importing = actions.add_parser(
            "import", help="say what would change, and publish it when told to"
        )
        for one in (export, diff, importing):
            one.add_argument("folder", type=Path)
        for one in (check, export, diff, importing):
            one.add_argument("--event", help="only this event's templates: order.shipped")
            one.add_argument("--locale", help="only this locale's templates: ko")
        importing.add_argument("--yes", action="store_true", help="publish without asking")
        importing.add_argument("--note", default="", help="what changed, for the history")
        importing.add_argument(
            "--override", default="", metavar="REASON", help="publish although real mails fail"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Do it. Raises CommandError, with which the process exits with 1."""
        try:
            if options["event"]:
                contracts.get(options["event"])
        except UnknownEvent as error:
            raise CommandError(str(error)) from None
        match options["action"]:
            case "check":
                self._check(options)
            case "export":
                self._export(options["folder"], _selection(options))
            case "diff":
                self._diff(_existing(options["folder"]), _selection(options))
            case _:
                self._import(_existing(options["folder"]), options)

    def _check(self, options: dict[str, Any]) -> None:
        folders = [*([_existing(options["dir"])] if options["dir"] else [])]
        problems = check_all(
            source=FileSource([*folders, *settings.TEMPLATES_EMAIL_DIRS]),
            default_locale=settings.DEFAULT_LOCALE,
            event=options["event"],
            locale=options["locale"],
        )
        for problem in problems:
            self.stdout.write(str(problem))
        blocking = sum(problem.blocks for problem in problems)
        summary = f"{blocking} blocking, {len(problems) - blocking} advice"
        if blocking:
            raise CommandError(summary)
        self.stdout.write(self.style.SUCCESS(summary))

    def _export(self, folder: Path, selection: Selection) -> None:
        inventory = Inventory()
        texts = files.exported(selection, inventory)
        for name in sorted(files.write(texts, folder)):
            self.stdout.write(name)
        for name in (name for name in texts if name in inventory.shared):
            for target in inventory.differing(name):
                self.stderr.write(
                    f"{target.event}/{target.locale} is live with another text of {name}; "
                    "the newest was written"
                )
        self.stdout.write(
            self.style.SUCCESS(f"{len(texts)} files are in {folder} as they are live")
        )

    def _diff(self, folder: Path, selection: Selection) -> None:
        planned = files.plan(folder, selection, Inventory())
        for change in planned.files:
            self.stdout.write("\n".join(change.diff()))
        self._refuse_unreadable(planned)
        if planned.changes:
            raise CommandError(_summary(planned))
        self.stdout.write(self.style.SUCCESS("nothing differs from what is live"))

    def _import(self, folder: Path, options: dict[str, Any]) -> None:
        inventory = Inventory()
        planned = files.plan(folder, _selection(options), inventory)
        for target, changes in planned.changes.items():
            self.stdout.write(f"{target.event}/{target.locale}")
            for change in changes:
                self.stdout.write(f"  {_mark(change)} {change.name}")
        self._refuse_unreadable(planned)
        if not planned.changes:
            self.stdout.write(self.style.SUCCESS("nothing differs from what is live"))
            return
        self.stdout.write(_summary(planned))
        if not (options["yes"] or self._agreed()):
            self.stdout.write("Nothing was changed. Add --yes to publish this.")
            return
        self._carry_out(planned, inventory, options)

    def _agreed(self) -> bool:
        if not sys.stdin.isatty():
            return False
        return input("Publish this? [y/N] ").strip().lower() in {"y", "yes"}

    def _carry_out(self, planned: Plan, inventory: Inventory, options: dict[str, Any]) -> None:
        try:
            versions = files.carry_out(
                planned,
                inventory=inventory,
                actor=Actor.system(files.IMPORT),
                words=Words(note=options["note"], override=options["override"]),
            )
        except NotPublishable as error:
            for problem in error.problems:
                self.stderr.write(str(problem))
            raise CommandError("nothing was published: see above") from None
        except GateClosed as error:
            for one in error.effect.failures:
                self.stderr.write(f"{one.mail.id} ({one.mail.reference}): {one.error}")
            raise CommandError(
                "nothing was published: these real mails would fail; see --override"
            ) from None
        except Overtaken as error:
            raise CommandError(f"nothing was published: {error}") from None
        for version in versions:
            self.stdout.write(f"{version.event}/{version.locale} is live in v{version.number}")

    def _refuse_unreadable(self, planned: Plan) -> None:
        for event in planned.unknown:
            self.stderr.write(f"{event}: no contract is registered for this event; passed over")
        for error in planned.errors.values():
            self.stderr.write(str(error))
        if planned.errors:
            raise CommandError(f"{len(planned.errors)} mails cannot be read")


def _selection(options: dict[str, Any]) -> Selection:
    return Selection(event=options["event"], locale=options["locale"])


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise CommandError(f"there is no folder {folder}")
    return folder


def _mark(change: files.Change) -> str:
    if change.before is None:
        return "A"
    return "D" if change.after is None else "M"


def _summary(planned: Plan) -> str:
    return f"{len(planned.files)} files differ, in {len(planned.changes)} mails"
