"""Renders a mail again in the version that it was sent in."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from templating import live
from templating.bundles import Bundle
from templating.errors import Code, RenderingError
from templating.models import Snapshot
from templating.rendering import Rendered, render_bundle, typed


def render_version(
    *, version: str, event: str, locale: str, context: Mapping[str, Any]
) -> Rendered:
    """Return the mail as the version of that name makes it ("v3:5e0c…", "file:5e0c…").

    Raises RenderingError, with the code `missing_template` where nobody kept that version.
    """
    origin, _, digest = version.partition(":")
    bundle = _kept(digest, origin)
    if bundle is None:
        raise RenderingError(
            template=event,
            line=None,
            message=f"the version {version!r} was not kept",
            code=Code.MISSING_TEMPLATE,
        )
    return render_bundle(bundle, locale=locale, data=typed(event, context))


def is_kept(version: str) -> bool:
    """Whether a mail can be rendered again in this version."""
    return Snapshot.objects.filter(digest=version.partition(":")[2]).exists()


@lru_cache(maxsize=64)
def _compiled(digest: str, origin: str) -> Bundle:
    return live.stored(Snapshot.objects.get(digest=digest), origin=origin).bundle()


def _kept(digest: str, origin: str) -> Bundle | None:
    try:
        return _compiled(digest, origin)
    except Snapshot.DoesNotExist:
        return None
