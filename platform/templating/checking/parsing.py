"""Reads the files of one mail, as far as they can be read, and reports what the grammar refuses."""

from functools import lru_cache

from jinja2 import BaseLoader, nodes
from jinja2.exceptions import TemplateAssertionError

from templating import grammar
from templating.checking.positions import Positions, Role
from templating.checking.problems import Problem, ProblemCode, Severity
from templating.checking.reporting import Parsed, Reporter, closest
from templating.checking.unclosed import unclosed
from templating.conditions import TESTS
from templating.environment import TemplateEnvironment
from templating.errors import Code
from templating.failures import translate
from templating.filters import FILTERS
from templating.sources import Source


class LenientEnvironment(TemplateEnvironment):
    """Parses what the grammar refuses, so that all of it can be reported and not the first only."""

    def review(self, tree: nodes.Template, name: str) -> None:
        """Let everything pass."""


_environment = LenientEnvironment(loader=BaseLoader())


# A layout is looked at in every mail that uses it, and whoever types changes one file of many.
# Nothing changes what is kept here.
@lru_cache(maxsize=512)
def parsed(name: str, text: str) -> Parsed | Problem:
    """Return a file's tree and the places of its words, or why it cannot be read."""
    try:
        tree = _environment.parse(text, name, name)
        return Parsed(tree=tree, positions=Positions(_environment, text, tree))
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what the editor must mend
        failure = translate(error, template=name, otherwise=Code.SYNTAX)
    return Problem(
        severity=Severity.BLOCKING,
        code=ProblemCode.SYNTAX,
        template=name,
        line=unclosed(_environment, text, failure.message) or failure.line,
        message=failure.message,
    )


class Reading:
    """Follows templates to the files they use; `parsed` are those that could be read."""

    def __init__(self, source: Source) -> None:
        self.parsed: dict[str, Parsed] = {}
        self.texts: dict[str, str] = {}
        self.reporter = Reporter(self.parsed)
        self._source = source
        self._broken: set[str] = set()

    def add(self, name: str) -> bool:
        """Read a file and those it uses; say whether it is there."""
        if name in self.parsed or name in self._broken:
            return True
        text = self._source.read(name)
        if text is None:
            return False
        self.texts[name] = text
        read = parsed(name, text)
        if isinstance(read, Problem):
            self.reporter.add(read)
            self._broken.add(name)
            return True
        self.parsed[name] = read
        tree = read.tree
        with self.reporter.inside(name):
            for node, error in grammar.problems(tree, name=name):
                self._report_refused(node, error)
            for use in grammar.uses(tree):
                self._follow(use)
        return True

    def _report_refused(self, node: nodes.Node, error: TemplateAssertionError) -> None:
        message = (error.message or "").partition("; did you mean")[0]
        match node:
            case nodes.Filter(name=used):
                code, word, known = ProblemCode.UNKNOWN_FILTER, (used, Role.FILTER), FILTERS
            case nodes.Test(name=used):
                code, word, known = ProblemCode.UNKNOWN_TEST, (used, Role.TEST), TESTS
            case nodes.Getattr(attr=used):
                code, word, known = ProblemCode.FORBIDDEN, (used, Role.ATTRIBUTE), {}
            case _:
                code, word, known = ProblemCode.FORBIDDEN, ("", Role.NAME), {}
        if isinstance(error, grammar.ForbiddenConstruct):
            code, known = ProblemCode.FORBIDDEN, {}
        self.reporter.report(code, node, message, word=word, among=known)

    def _follow(self, use: grammar.Use) -> None:
        template = self.reporter.template
        found = [self.add(name) for name in use.names]
        if any(found) or use.optional or not use.names:
            return
        wanted = use.names[0]
        place = nodes.Const(wanted, lineno=use.line)
        self.reporter.add(
            Problem(
                severity=Severity.BLOCKING,
                code=ProblemCode.UNKNOWN_TEMPLATE,
                template=template,
                line=use.line,
                column=self.parsed[template].positions.column(place, wanted, Role.STRING),
                message=f"there is no template {wanted!r}",
                written=wanted,
                suggestion=closest(wanted, sorted(self._source.names())),
            )
        )
