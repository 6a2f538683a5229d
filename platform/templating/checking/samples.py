"""Renders a contract's samples, by the function that sends, and reports those that fail."""

from collections.abc import Iterator
from dataclasses import dataclass

from templating.bundles import Bundle
from templating.checking.problems import Problem, ProblemCode, Severity
from templating.contracts import EventContract
from templating.errors import Code, RenderingError
from templating.rendering import Rendered, render_bundle


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What became of one sample: a mail or an error."""

    sample: str
    rendered: Rendered | None = None
    error: RenderingError | None = None


def trials(bundle: Bundle, contract: EventContract) -> tuple[Trial, ...]:
    """Render all samples of a contract; after one that exceeds the bounds no others.

    Such a template exceeds them with the others too, and each would cost all that one mail may.
    """
    tried: list[Trial] = []
    for name in contract.samples:
        tried.append(_trial(bundle, contract, name))
        error = tried[-1].error
        if error is not None and error.code is Code.BOUNDS_EXCEEDED:
            break
    return tuple(tried)


def _trial(bundle: Bundle, contract: EventContract, name: str) -> Trial:
    data = contract.samples[name].model_dump()
    try:
        rendered = render_bundle(bundle, locale=bundle.locale, data=data)
    except RenderingError as error:
        return Trial(sample=name, error=error)
    return Trial(sample=name, rendered=rendered)


def failures(tried: tuple[Trial, ...]) -> Iterator[Problem]:
    """Yield a problem for each error, naming the samples that it stops."""
    stopped: dict[tuple[str, int | None, str], list[str]] = {}
    for trial in tried:
        if trial.error is not None:
            place = trial.error.template, trial.error.line, trial.error.message
            stopped.setdefault(place, []).append(trial.sample)
    for (template, line, message), names in stopped.items():
        more = f" and {len(names) - 1} more" if len(names) > 1 else ""
        yield Problem(
            severity=Severity.BLOCKING,
            code=ProblemCode.SAMPLE_FAILS,
            template=template,
            line=line,
            message=f"with the sample {names[0]!r}{more}: {message}",
        )
