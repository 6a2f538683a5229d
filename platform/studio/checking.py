"""Checks a draft: the checker's problems, for every mail that the draft would change."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from studio import documents
from studio.documents import Document
from studio.inventory import Inventory
from templating.checking.checker import check
from templating.checking.problems import Problem
from templating.publishing import Target
from templating.sources import TextSource


@dataclass(frozen=True, kw_only=True)
class Found:
    """A problem, and the mail that it was found in (the first, where several share a layout)."""

    problem: Problem
    target: Target


def problems(
    document: Document,
    *,
    changes: Mapping[str, str | None],
    inventory: Inventory,
    only: Target | None = None,
) -> list[Found]:
    """Return the problems of the mails that a document is part of, blocking ones first.

    `only` looks at one of them: quick enough to be asked for while somebody types in a layout.
    """
    targets = (only,) if only is not None else documents.users(document, inventory)
    found: dict[Problem, Target] = {}
    for target in targets:
        source = TextSource(changes, behind=inventory.source(target))
        for problem in check(
            event=target.event,
            locale=target.locale,
            source=source,
            default_locale=inventory.default_locale,
        ):
            found.setdefault(problem, target)
    ordered = sorted(found, key=lambda one: not one.blocks)
    return [Found(problem=problem, target=found[problem]) for problem in ordered]


def as_json(found: Sequence[Found], document: Document | None) -> list[dict[str, object]]:
    """Return problems for a page or a client; `mine` are those in the document's own parts."""
    own = {part.name for part in document.parts} if document else set()
    return [
        {
            "severity": one.problem.severity.value,
            "code": one.problem.code.value,
            "template": one.problem.template,
            "line": one.problem.line,
            "column": one.problem.column,
            "end_column": one.problem.end_column,
            "message": one.problem.message,
            "written": one.problem.written,
            "suggestion": one.problem.suggestion,
            "mine": one.problem.template in own,
            "target": documents.mail(one.target).key,
        }
        for one in found
    ]
