"""Publishes templates, takes them back, and tells their history.

Publishing checks first: what blocks is refused here, whoever asks. A layout is published for the
mails that use it, each of which gets a version of its own, so a version is always complete.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from access import audit
from access.actors import Actor
from templating import live
from templating.bundles import PARTS, Bundle, collect
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

    def __init__(self, target: Target, problems: Sequence[Problem]) -> None:
        super().__init__("; ".join(map(str, problems)))
        self.target = target
        self.problems = tuple(problems)


class Overtaken(Exception):
    """Somebody else published one of the mails while this publishing was being checked."""

    def __init__(self, target: Target) -> None:
        super().__init__(f"{target.event}/{target.locale} was published by somebody else meanwhile")
        self.target = target


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """What is about to be published: checked, and with what was live when it was.

    `seen` holds the id of each target's live version; None where files were live.
    """

    bundles: tuple[Bundle, ...]
    seen: Mapping[Target, int | None]
    restores: TemplateVersion | None = None


def source_of(target: Target) -> Source:
    """Return what a target's live mail is made of: its live version before the files."""
    return source_of_version(target, live_version(target))


def source_of_version(target: Target, version: TemplateVersion | None) -> Source:
    """Return what a mail is made of in a version, or in the files where that is None.

    A version is whole: a part of the mail that it lacks is not taken from the files.
    """
    files = FileSource(settings.TEMPLATES_EMAIL_DIRS)
    if version is None:
        return files
    own = dict.fromkeys(f"{target.event}/{target.locale}/{part}" for part in PARTS)
    return TextSource({**own, **version.snapshot.texts}, behind=files)


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
    *,
    changes: Mapping[str, str | None],
    targets: Sequence[Target],
    actor: Actor,
    note: str = "",
) -> list[TemplateVersion]:
    """Put changed files live in the mails of all targets, or of none.

    Args:
        changes: the new texts by name ("order.paid/ko/subject.txt.jinja", "_layouts/mail.html…");
            None takes a part of a mail away.
        targets: whose mail changes; for a layout, all that use it.
        actor: who publishes, for history and audit log.
        note: what changed, in the author's words.

    Raises:
        NotPublishable: the checker found what blocks, in any target.
        Overtaken: somebody else published one of the targets meanwhile.
        UnknownEvent: nobody registered a contract for a target's event.
    """
    return put_live(prepare(changes=changes, targets=targets), actor=actor, note=note)


def rollback(version: TemplateVersion, *, actor: Actor, note: str = "") -> TemplateVersion:
    """Put an old version live again, as a new version.

    Raises:
        NotPublishable: it no longer fits its contract.
        Overtaken: somebody else published this mail meanwhile.
    """
    (restored,) = put_live(prepare_rollback(version), actor=actor, note=note)
    return restored


def prepare(*, changes: Mapping[str, str | None], targets: Sequence[Target]) -> Prepared:
    """Check what `put_live` is to publish, outside of any transaction.

    Raises:
        NotPublishable: the checker found what blocks, in any target.
        UnknownEvent: nobody registered a contract for a target's event.
    """
    seen = {target: live_version(target) for target in targets}
    bundles = tuple(
        checked(target, TextSource(changes, behind=source_of_version(target, version)))
        for target, version in seen.items()
    )
    return Prepared(bundles=bundles, seen=_ids(seen))


def prepare_rollback(version: TemplateVersion) -> Prepared:
    """Check an old version, outside of any transaction. Raises NotPublishable."""
    target = Target(version.event, version.locale)
    bundle = checked(target, TextSource(version.snapshot.texts))
    return Prepared(bundles=(bundle,), seen=_ids({target: live_version(target)}), restores=version)


def put_live(
    prepared: Prepared,
    *,
    actor: Actor,
    note: str = "",
    audit_data: Mapping[str, Any] | None = None,
) -> list[TemplateVersion]:
    """Publish what was prepared: all of it, or nothing.

    `audit_data` is what the audit entries say beyond the version.

    Raises:
        Overtaken: something else is live by now than when it was prepared.
    """
    with transaction.atomic():
        _count_revision()
        _refuse_if_overtaken(prepared.seen)
        return [
            _put_live(
                bundle, actor=actor, note=note, restores=prepared.restores, data=audit_data or {}
            )
            for bundle in prepared.bundles
        ]


def withdraw(
    target: Target,
    *,
    actor: Actor,
    reason: str = "",
    audit_data: Mapping[str, Any] | None = None,
) -> None:
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
            data=audit_data,
        )


def checked(target: Target, source: Source) -> Bundle:
    """Return the mail that a source holds, compiled, if nothing in it blocks.

    Raises:
        NotPublishable: something does.
    """
    default = settings.DEFAULT_LOCALE
    problems = check(
        event=target.event, locale=target.locale, source=source, default_locale=default
    )
    blocking = [problem for problem in problems if problem.blocks]
    if blocking:
        raise NotPublishable(target, blocking)
    return collect(
        source, event=target.event, locale=target.locale, default=default, origin="draft"
    )


def _ids(versions: Mapping[Target, TemplateVersion | None]) -> dict[Target, int | None]:
    return {target: version.pk if version else None for target, version in versions.items()}


def _refuse_if_overtaken(seen: Mapping[Target, int | None]) -> None:
    for target, known in seen.items():
        version = live_version(target)
        if (version.pk if version else None) != known:
            raise Overtaken(target)


def _count_revision() -> None:
    """Take the lock that all publishing takes, and announce something new."""
    Revision.objects.get_or_create(pk=REVISION_ID)
    Revision.objects.filter(pk=REVISION_ID).update(number=F("number") + 1)


def _put_live(
    bundle: Bundle,
    *,
    actor: Actor,
    note: str,
    restores: TemplateVersion | None,
    data: Mapping[str, Any],
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
        data={**data, "version": version.number, "digest": snapshot.digest},
    )
    return version
