"""Brings what was published into this process, and what it made of files into the database.

`refresh()` is called by whoever is about to render: before each task in workers. It asks for the
revision at most every two seconds, so a publish is in use everywhere within five, and no mail pays
for a query. Rendering itself knows no database.
"""

import threading
import time

import structlog
from django.conf import settings
from django.db import DatabaseError, InterfaceError

from templating import catalogue, published
from templating.bundles import Bundle
from templating.models import REVISION_ID, Revision, Snapshot, Template
from templating.published import Stored

log = structlog.get_logger()

ASKED_EVERY = 2.0
"""Seconds."""


class _Seen:
    """What this process knows."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.asked_at = float("-inf")
        self.revision: int | None = None
        self.archived: set[str] = set()


_seen = _Seen()


def refresh(*, now: bool = False) -> None:
    """Learn of newly published versions, if it is time to; `now` does not wait for that.

    Without the database the process goes on with what it knows: mail must not wait for this.
    """
    _refresh(every=0.0 if now else ASKED_EVERY, is_patient=now)


def refresh_early() -> None:
    """Do so although there is still time, so that no mail has to wait until it is done."""
    _refresh(every=ASKED_EVERY / 2, is_patient=False)


def _refresh(*, every: float, is_patient: bool) -> None:
    if time.monotonic() - _seen.asked_at < every or not _seen.lock.acquire(blocking=is_patient):
        return
    try:
        _seen.asked_at = time.monotonic()
        _load_if_new()
        _archive()
    except (DatabaseError, InterfaceError) as error:
        log.warning("published_templates_not_refreshed", error=type(error).__name__)
    finally:
        _seen.lock.release()


def forget() -> None:
    """Forget what is known, as a process that has just started."""
    _seen.asked_at, _seen.revision = float("-inf"), None
    _seen.archived.clear()
    published.replace({})


def _load_if_new() -> None:
    revision = Revision.objects.filter(pk=REVISION_ID).values_list("number", flat=True).first()
    if revision == _seen.revision:
        return
    live = Template.objects.filter(live__isnull=False).select_related("live__snapshot")
    published.replace({(one.event, one.locale): _stored(one) for one in live})
    _seen.revision = revision


def _stored(template: Template) -> Stored:
    version = template.live
    if version is None:  # the query leaves these out
        raise ValueError(f"{template} has no live version")
    return stored(version.snapshot, origin=f"v{version.number}")


def stored(snapshot: Snapshot, *, origin: str) -> Stored:
    """Return a snapshot as what can be compiled."""
    return Stored(
        event=snapshot.event,
        locale=snapshot.locale,
        default_locale=snapshot.default_locale,
        texts=snapshot.texts,
        origin=origin,
    )


def _archive() -> None:
    """Keep what mails were made of files that nobody published: once per process and version."""
    for bundle in catalogue.used():
        if bundle.digest not in _seen.archived:
            keep(bundle)
            _seen.archived.add(bundle.digest)


def keep(bundle: Bundle) -> Snapshot:
    """Return the snapshot of a bundle; store it if nobody has."""
    snapshot, _ = Snapshot.objects.get_or_create(
        digest=bundle.digest,
        defaults={
            "event": bundle.event,
            "locale": bundle.locale,
            "default_locale": settings.DEFAULT_LOCALE,
            "texts": dict(bundle.texts),
        },
    )
    return snapshot
