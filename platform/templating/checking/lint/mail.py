"""Looks at what the samples became: sizes, subjects, links; and at what a mail lacks."""

import re
from collections.abc import Iterable, Iterator

from templating.bundles import HTML, SUBJECT, TEXT
from templating.checking.lint.markup import ABSOLUTE
from templating.checking.problems import Problem, ProblemCode, Severity
from templating.checking.samples import Trial
from templating.rendering import Rendered

CLIPPED_AT = 102 * 1024  # Gmail cuts a longer mail off
LONGEST_SUBJECT = 78  # phones show about 40 characters, desktops about 70
LINK = re.compile(r"<(?:a|area|img)\b[^>]*?\s(?:href|src)=\"([^\"]*)\"", re.IGNORECASE)


def look(trials: Iterable[Trial], *, folder: str) -> Iterator[Problem]:
    """Yield advice on rendered samples, once for each kind, with the first sample that shows it."""
    told: set[ProblemCode] = set()
    for trial in trials:
        if trial.rendered is None:
            continue
        for part, code, message in _about(trial.rendered):
            if code not in told:
                told.add(code)
                yield _advice(
                    f"{folder}/{part}", code, f"with the sample {trial.sample!r} {message}"
                )


def _about(rendered: Rendered) -> Iterator[tuple[str, ProblemCode, str]]:
    size = len(rendered.html.encode())
    if size > CLIPPED_AT:
        said = f"the HTML is {size // 1024} KB long: Gmail cuts it off at 102 KB"
        yield HTML, ProblemCode.TOO_LARGE, said
    relative = [link for link in LINK.findall(rendered.html) if not ABSOLUTE.match(link)]
    if relative:
        said = "a link or an image has an address that does not begin with https://"
        yield HTML, ProblemCode.RELATIVE_LINK, said


def subjects(trials: Iterable[Trial], *, folder: str) -> Iterator[Problem]:
    """Yield advice on the subject of the default sample (awkward ones may be long)."""
    first = next(iter(trials), None)
    if first is None or first.rendered is None:
        return
    length = len(first.rendered.subject)
    if length > LONGEST_SUBJECT:
        yield _advice(
            f"{folder}/{SUBJECT}",
            ProblemCode.LONG_SUBJECT,
            f"the subject has {length} characters: inboxes show about {LONGEST_SUBJECT}",
        )


def missing_text(texts: Iterable[str], *, folder: str) -> Iterator[Problem]:
    """Yield advice where a mail has no text part of its own."""
    if f"{folder}/{TEXT}" not in texts:
        yield _advice(
            f"{folder}/{TEXT}",
            ProblemCode.MISSING_TEXT,
            "there is no text template: the text is made from the HTML, which reads less well",
        )


def _advice(template: str, code: ProblemCode, message: str) -> Problem:
    return Problem(severity=Severity.ADVICE, code=code, template=template, message=message)
