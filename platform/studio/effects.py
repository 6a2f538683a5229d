"""What publishing would do to real mails: the last ones, rendered as they are live and as drafted.

The contexts are real and unmasked, because a name that breaks a template must break it here; they
are used in memory, and what is shown of a mail is rendered again from a masked one.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from django.conf import settings

from studio import previews, real_mails
from studio.inventory import Inventory
from studio.real_mails import RealMail
from templating.bundles import Bundle
from templating.errors import Code, RenderingError
from templating.failures import translate
from templating.publishing import Target
from templating.rendering import Rendered, render_bundle, typed
from templating.sources import Source

SHRUNK = 0.5
"""A mail with less than this part of its text has probably lost something."""
SHARED_BY = 10
"""With more mails than this behind a layout, each gives fewer contexts: the sum stays bounded."""


class State(StrEnum):
    """What becomes of one mail."""

    SAME = "same"
    DIFFERS = "differs"
    SHRINKS = "shrinks"
    FAILS = "fails"
    OUTDATED = "outdated"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One real mail, before and after; `error` is why it cannot be rendered with the draft."""

    mail: RealMail
    target: Target
    state: State
    live: Rendered | None = None
    draft: Rendered | None = None
    error: RenderingError | None = None


@dataclass(frozen=True, kw_only=True)
class Effect:
    """All that were tried."""

    outcomes: tuple[Outcome, ...]

    def count(self, state: State) -> int:
        """Return how many mails come to a state."""
        return sum(outcome.state is state for outcome in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        """Return what blocks publishing."""
        return tuple(one for one in self.outcomes if one.state is State.FAILS)


def effect(drafted: Mapping[Target, Source], *, inventory: Inventory) -> Effect:
    """Return what becomes of the last real mails of each target when these sources are live."""
    wanted: int = settings.STUDIO_GATE_CONTEXTS
    if len(drafted) > SHARED_BY:
        wanted = -(-wanted * SHARED_BY // len(drafted))
    found: list[Outcome] = []
    for target, source in drafted.items():
        live = _compiled(inventory.source(target), target)
        draft = _compiled(source, target)
        found += [
            _outcome(mail, target=target, live=live, draft=draft)
            for mail in real_mails.recent(target, inventory=inventory, at_most=wanted)
        ]
    return Effect(outcomes=tuple(found))


Compiled = Bundle | RenderingError


def _compiled(source: Source, target: Target) -> Compiled:
    try:
        return previews.compiled(source, target)
    except RenderingError as error:
        return error


def _outcome(mail: RealMail, *, target: Target, live: Compiled, draft: Compiled) -> Outcome:
    before = _rendered(live, mail, target)
    after = _rendered(draft, mail, target)
    if isinstance(after, RenderingError):
        state = State.OUTDATED if after.code is Code.INVALID_CONTEXT else State.FAILS
        known = None if isinstance(before, RenderingError) else before
        return Outcome(mail=mail, target=target, state=state, live=known, error=after)
    if isinstance(before, RenderingError):
        return Outcome(mail=mail, target=target, state=State.DIFFERS, draft=after)
    state = State.DIFFERS
    if before.fingerprint == after.fingerprint:
        state = State.SAME
    elif len(after.text) < SHRUNK * len(before.text) or len(after.html) < SHRUNK * len(before.html):
        state = State.SHRINKS
    return Outcome(mail=mail, target=target, state=state, live=before, draft=after)


def _rendered(compiled: Compiled, mail: RealMail, target: Target) -> Rendered | RenderingError:
    if isinstance(compiled, RenderingError):
        return compiled
    try:
        return render_bundle(compiled, locale=mail.locale, data=typed(target.event, mail.context))
    except Exception as error:  # noqa: BLE001 - whatever a template does, it is an outcome
        return translate(error, template=target.event)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """One mail as it is live and as it is drafted, from masked data; None: it cannot be made."""

    live: Rendered | None
    draft: Rendered | None
    error: RenderingError | None


def compare(
    target: Target, *, drafted: Source, notification: str, inventory: Inventory
) -> Comparison:
    """Return both mails of one real context, personal data masked. Raises UnknownMail."""
    data = previews.real_data(target, notification)
    live: Rendered | None = None
    with suppress(RenderingError):  # the live mail may be what the draft is to mend
        live = previews.render_source(inventory.source(target), target=target, data=data)
    try:
        draft = previews.render_source(drafted, target=target, data=data)
    except RenderingError as error:
        return Comparison(live=live, draft=None, error=error)
    return Comparison(live=live, draft=draft, error=None)
