"""Checks the templates of an event in one locale against its contract.

1. Every file that the mail is made of is parsed; syntax errors and refused constructs are reported.
2. The statements are followed with the contract's types: every branch, include, macro and loop.
3. All samples are rendered by the function that sends, within its bounds.
4. What works and could be better is advice (`lint`).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from templating import contracts, strings
from templating.bundles import PARTS, TEXT, collect
from templating.checking import contract_shapes
from templating.checking.lint.advice import advice
from templating.checking.parsing import Reading
from templating.checking.problems import Problem, ProblemCode, Severity
from templating.checking.samples import Trial, failures, trials
from templating.checking.scopes import Scope
from templating.checking.shapes import ANYTHING, WHOLE, Invocable, ListOf, Opened, Words
from templating.checking.shapes import TEXT as A_TEXT
from templating.checking.walker import Walker
from templating.contracts import EventContract
from templating.errors import RenderingError
from templating.functions import GLOBALS
from templating.sources import Source


def check(*, event: str, locale: str, source: Source, default_locale: str) -> tuple[Problem, ...]:
    """Return the problems of an event's templates in one locale, blocking ones first.

    Raises UnknownEvent.
    """
    contract = contracts.get(event)
    reading = Reading(source)
    parts = [f"{event}/{locale}/{part}" for part in PARTS]
    for part in parts:
        if not reading.add(part) and not part.endswith(TEXT):
            reading.reporter.add(_missing(part))
    words = _words(source, locale=locale, default=default_locale)
    if isinstance(words, Problem):
        return (words,)
    walker = Walker(reading.parsed, reading.reporter)
    for part in parts:
        frame = walker.run(part, _names(contract, words))
        if frame is not None:
            walker.run_uncalled(part, frame)
    tried = _tried(contract, source, locale=locale, default=default_locale)
    found = [*reading.reporter.problems, *_unreported(failures(tried), reading.reporter.problems)]
    found += advice(
        texts=reading.texts,
        trials=tried,
        source=source,
        folder=f"{event}/{locale}",
        default_locale=default_locale,
    )
    return ordered(found)


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Return problems once each: blocking ones first, then by place."""
    return tuple(
        sorted(
            dict.fromkeys(problems),
            key=lambda one: (not one.blocks, one.template, one.line or 0, one.column or 0),
        )
    )


def _missing(part: str) -> Problem:
    return Problem(
        severity=Severity.BLOCKING,
        code=ProblemCode.UNKNOWN_TEMPLATE,
        template=part,
        message="this part of the mail is missing",
    )


def _words(source: Source, *, locale: str, default: str) -> Mapping[str, Any] | Problem:
    try:
        return strings.merged(dict(strings.files(source, locale=locale, default=default)))
    except RenderingError as error:
        return Problem(
            severity=Severity.BLOCKING,
            code=ProblemCode.SYNTAX,
            template=error.template,
            line=error.line,
            message=error.message,
        )


def _names(contract: EventContract, words: Mapping[str, Any]) -> Scope:
    """Return what every template of the event can see."""
    scope = Scope()
    for name, shape in contract_shapes.fields(contract.context).items():
        scope.bind(name, shape)
    scope.bind("t", Words("t", words))
    scope.bind("locale", A_TEXT)
    results = {
        "range": ListOf(WHOLE),
        "namespace": None,
        "dict": None,
    }
    for name in GLOBALS:
        scope.bind(name, _function(name, results.get(name, ANYTHING)))
    return scope


def _function(name: str, result: Any) -> Invocable:
    def call(_node: Any, _arguments: Any, keywords: Mapping[str, Any]) -> Any:
        # What `namespace()` and `dict()` hold is what they were given, and more may be set.
        return Opened(f"a {name}", dict(keywords)) if result is None else result

    return Invocable(name, call)


def _tried(
    contract: EventContract, source: Source, *, locale: str, default: str
) -> tuple[Trial, ...]:
    try:
        bundle = collect(
            source, event=contract.event, locale=locale, default=default, origin="draft"
        )
    except RenderingError as error:
        return (Trial(sample=next(iter(contract.samples)), error=error),)
    return trials(bundle, contract)


def _unreported(failed: Iterator[Problem], known: tuple[Problem, ...]) -> Iterator[Problem]:
    """Leave out failures at a line that is reported already, and the first error of a file."""
    blocked = {(one.template, one.line) for one in known if one.blocks}
    unread = {
        one.template
        for one in known
        if one.code is ProblemCode.SYNTAX or (one.blocks and one.line is None)
    }
    for problem in failed:
        if (problem.template, problem.line) not in blocked and problem.template not in unread:
            yield problem
