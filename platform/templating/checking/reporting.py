"""Collects problems, with the place of the node that each is about."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches

from jinja2 import nodes

from templating.checking.positions import Positions, Role
from templating.checking.problems import Problem, ProblemCode, Severity

ALIKE = 0.62  # from here on difflib finds typos; at 0.6 it takes "number" for "name"


@dataclass(frozen=True, kw_only=True)
class Parsed:
    """One file's tree, and where its words stand."""

    tree: nodes.Template
    positions: Positions


class Reporter:
    """Keeps the problems found in the templates of one mail."""

    def __init__(self, parsed: Mapping[str, Parsed]) -> None:
        self.template = ""
        self._parsed = parsed
        self._problems: dict[Problem, None] = {}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, each once."""
        return tuple(self._problems)

    @contextmanager
    def inside(self, template: str) -> Iterator[None]:
        """Blame this template for what is found inside of the block."""
        before, self.template = self.template, template
        try:
            yield
        finally:
            self.template = before

    def report(
        self,
        code: ProblemCode,
        node: nodes.Node,
        message: str,
        *,
        word: tuple[str, Role] = ("", Role.NAME),
        among: Iterable[str] = (),
        severity: Severity = Severity.BLOCKING,
    ) -> None:
        """Add a problem; `word` is what is wrong, `among` what could have been meant."""
        written, role = word
        column = None
        if written and self.template in self._parsed:
            column = self._parsed[self.template].positions.column(node, written, role)
        self.add(
            Problem(
                severity=severity,
                code=code,
                template=self.template,
                line=node.lineno,
                column=column,
                message=message,
                written=written,
                suggestion=closest(written, among),
            )
        )

    def add(self, problem: Problem) -> None:
        """Add a finished problem."""
        self._problems.setdefault(problem)


def closest(written: str, among: Iterable[str]) -> str | None:
    """Return the known word that is most like what was written, or None."""
    if not written:
        return None
    lowered = {word.lower(): word for word in reversed(list(among))}
    wanted = written.lower()
    close = get_close_matches(wanted, lowered, n=1, cutoff=ALIKE)
    if not close and len(wanted) > 2:
        close = [word for word in lowered if wanted in word][:1]
    return lowered[close[0]] if close else None
