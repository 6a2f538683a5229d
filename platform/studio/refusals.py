"""How what the use cases refuse is told: as problems, with what the page needs to go on."""

from collections.abc import Callable
from typing import Any

from rest_framework import exceptions

from access.problems import Conflict
from studio import checking, drafts, releases, testsend
from studio.checking import Found
from studio.documents import UnknownDocument, UnusableTexts
from studio.drafts import DraftChanged
from studio.effects import Effect, State
from studio.models import Draft
from studio.previews import UnknownSample
from studio.real_mails import UnknownMail
from templating.errors import RenderingError, UnknownEvent
from templating.publishing import NotPublishable, Overtaken, Target


def draft_as_json(draft: Draft | None, *, texts: bool = False) -> dict[str, Any] | None:
    """Return what is told of a draft."""
    if draft is None:
        return None
    told = {"revision": draft.revision, "author": draft.author, "updated_at": draft.updated_at}
    return told | ({"texts": draft.texts} if texts else {})


def error_as_json(error: RenderingError) -> dict[str, Any]:
    """Return what is told of a template that cannot be rendered."""
    return {
        "template": error.template,
        "line": error.line,
        "column": None,
        "message": error.message,
        "code": error.code.value,
    }


def effect_as_json(effect: Effect) -> dict[str, int]:
    """Return how many real mails came to what."""
    return {
        "contexts": len(effect.outcomes),
        "same": effect.count(State.SAME),
        "differs": effect.count(State.DIFFERS),
        "shrinks": effect.count(State.SHRINKS),
        "fails": effect.count(State.FAILS),
        "outdated": effect.count(State.OUTDATED),
    }


def key_of(target: Target) -> str:
    """Return a mail's key."""
    return f"{target.event}/{target.locale}"


def as_problem(error: Exception) -> Exception:
    """Return a use case's refusal as a problem; anything else as it is."""
    for kind, tell in TOLD.items():
        if isinstance(error, kind):
            return tell(error)
    return error


def _draft_changed(error: DraftChanged) -> Exception:
    return Conflict(
        "Somebody else saved, published or discarded this draft meanwhile.",
        code="draft_changed",
        draft=draft_as_json(error.draft, texts=True),
        kept=error.kept.pk if error.kept else None,
    )


def _live_changed(error: releases.LiveChanged) -> Exception:
    return Conflict(
        "Something else is live than what this draft was begun on.",
        code="live_changed",
        live=error.digest,
    )


def _gate_closed(error: releases.GateClosed) -> Exception:
    failing = error.effect.failures
    return Conflict(
        f"{len(failing)} of the last {len(error.effect.outcomes)} real mails cannot be rendered.",
        code="gate",
        gate=[
            {
                "notification": str(one.mail.id),
                "reference": one.mail.reference,
                "target": key_of(one.target),
                "error": error_as_json(one.error) if one.error else None,
            }
            for one in failing
        ],
        effect=effect_as_json(error.effect),
    )


def _not_publishable(error: NotPublishable) -> Exception:
    found = [Found(problem=problem, target=error.target) for problem in error.problems]
    return Conflict(
        "The checker found what would stop mail.",
        code="blocked",
        problems=checking.as_json(found, None),
    )


def _not_rendered(error: RenderingError) -> Exception:
    return Conflict(str(error), code="rendering_failed", error=error_as_json(error))


def _not_accepted(error: testsend.NotAccepted) -> Exception:
    return Conflict(
        "No provider accepted the test mail.",
        code="not_accepted",
        attempts=[
            {"provider": one.provider, "summary": one.summary, "code": one.code}
            for one in error.attempts
        ],
    )


def _invalid_texts(error: UnusableTexts) -> Exception:
    return exceptions.ValidationError({"texts": {error.name: [error.reason]}})


def _unknown(what: str) -> Callable[[Any], Exception]:
    return lambda error: exceptions.NotFound(f"There is no {what} {str(error)[:200]}.")


TOLD: dict[type[Exception], Callable[[Any], Exception]] = {
    UnknownDocument: _unknown("document"),
    UnknownEvent: _unknown("event"),
    UnknownMail: _unknown("notification"),
    drafts.UnknownRevision: _unknown("revision"),
    releases.UnknownVersion: _unknown("version"),
    UnknownSample: lambda error: exceptions.ValidationError(
        {"sample": [f"There is no sample {str(error)[:200]}."]}
    ),
    UnusableTexts: _invalid_texts,
    drafts.DraftChanged: _draft_changed,
    releases.LiveChanged: _live_changed,
    Overtaken: lambda error: Conflict(f"{error}.", code="overtaken"),
    releases.GateClosed: _gate_closed,
    releases.NothingToPublish: lambda error: Conflict(
        f"No mail uses {error}.", code="nothing_to_publish"
    ),
    NotPublishable: _not_publishable,
    RenderingError: _not_rendered,
    testsend.NoAddress: lambda _: exceptions.ValidationError(
        ["Your account has no email address to send a test to."], "no_address"
    ),
    testsend.Suppressed: lambda _: Conflict(
        "Your address is on the suppression list.", code="suppressed"
    ),
    testsend.NoProvider: lambda error: Conflict(
        "No mail provider may take mail now.",
        code="no_provider",
        available_at=error.available_at,
    ),
    testsend.NotAccepted: _not_accepted,
}
