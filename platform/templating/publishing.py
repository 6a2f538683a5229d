"""Publishes templates, takes them back, and tells their history.

Publishing checks first: what blocks is refused here, whoever asks. A layout is published for the
mails that use it, each of which gets a version of its own, so a version is always complete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from access import audit
from access.actors import Actor
from templating import live
from templating.bundles import Bundle, collect
from templating.checking.checker import check
from templating.checking.problems import Problem
from templating.models import REVISION_ID, Revision, Snapshot, Template, TemplateVersion
from templating.sources import FileSource, Source, TextSource


@dataclass(frozen=True, order=True)
class Target:
    """The templates of one event in one locale."""

    event: str
    locale: str


class NotPublishable(Exception):
    """The templates have problems that would stop mail; `problems` says which."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.problems = tuple(problems)


def source_of(target: Target) -> Source:
    """Return what a target's live mail is made of: its live version before the files."""
    files = FileSource(settings.TEMPLATES_EMAIL_DIRS)
    version = live_version(target)
    return files if version is None else TextSource(version.snapshot.texts, behind=files)


def live_version(target: Target) -> TemplateVersion | None:
    """Return the version that is live, or None where the files are."""
    template = (
        Template.objects.filter(event=target.event, locale=target.locale)
        .select_related("live__snapshot")
        .first()
    )
    return template.live if template else None


def history(target: Target) -> QuerySet[TemplateVersion]:
    """Return a target's versions, the newest first."""
    versions = TemplateVersion.objects.filter(event=target.event, locale=target.locale)
    return versions.order_by("-number")


def publish(
    *, changes: Mapping[str, str], targets: Sequence[Target], actor: Actor, note: str = ""
) -> list[TemplateVersion]:
    """Put changed files live in the mails of all targets, or of none.

    Args:
        changes: the new texts by name ("order.paid/ko/subject.txt.jinja", "_layouts/mail.html…").
        targets: whose mail changes; for a layout, all that use it.
        actor: who publishes, for history and audit log.
        note: what changed, in the author's words.

    Raises:
        NotPublishable: the checker found what blocks, in any target.
        UnknownEvent: nobody registered a contract for a target's event.
    """
    bundles = [_checked(target, changes) for target in targets]
    with transaction.atomic():
        _count_revision()
        return [_put_live(bundle, actor=actor, note=note) for bundle in bundles]


def rollback(version: TemplateVersion, *, actor: Actor, note: str = "") -> TemplateVersion:
    """Put an old version live again, as a new version.

    Raises:
        NotPublishable: it no longer fits its contract.
    """
    target = Target(version.event, version.locale)
    bundle = _checked(target, version.snapshot.texts)
    with transaction.atomic():
        _count_revision()
        return _put_live(bundle, actor=actor, note=note, restores=version)


def withdraw(target: Target, *, actor: Actor, reason: str = "") -> None:
    """Let the files be live again; the versions stay in the history."""
    with transaction.atomic():
        _count_revision()
        Template.objects.filter(event=target.event, locale=target.locale).update(live=None)
        audit.record(
            actor=actor,
            action="template.withdraw",
            target_type="template",
            target_id=f"{target.event}/{target.locale}",
            reason=reason,
        )


def _checked(target: Target, changes: Mapping[str, str]) -> Bundle:
    source = TextSource(changes, behind=source_of(target))
    default = settings.DEFAULT_LOCALE
    problems = check(
        event=target.event, locale=target.locale, source=source, default_locale=default
    )
    blocking = [problem for problem in problems if problem.blocks]
    if blocking:
        raise NotPublishable(blocking)
    return collect(
        source, event=target.event, locale=target.locale, default=default, origin="draft"
    )


def _count_revision() -> None:
    """Take the lock that all publishing takes, and announce something new."""
    Revision.objects.get_or_create(pk=REVISION_ID)
    Revision.objects.filter(pk=REVISION_ID).update(number=F("number") + 1)


def _put_live(
    bundle: Bundle, *, actor: Actor, note: str, restores: TemplateVersion | None = None
) -> TemplateVersion:
    snapshot: Snapshot = live.keep(bundle)
    last = history(Target(bundle.event, bundle.locale)).first()
    version = TemplateVersion.objects.create(
        event=bundle.event,
        locale=bundle.locale,
        number=last.number + 1 if last else 1,
        snapshot=snapshot,
        restores=restores,
        author=actor.label[:200],
        note=note,
    )
    Template.objects.update_or_create(
        event=bundle.event, locale=bundle.locale, defaults={"live": version}
    )
    audit.record(
        actor=actor,
        action="template.rollback" if restores else "template.publish",
        target_type="template",
        target_id=f"{bundle.event}/{bundle.locale}",
        reason=note,
        data={"version": version.number, "digest": snapshot.digest},
    )
    return version
