"""What Jinja's grammar allows and our templates may not, checked once when a template is parsed.

What can be refused here has a line before any mail is sent, and is one thing less that the bounds
at run time must stand for. It also finds the files that a template is made of: their names are
constants, so a version can hold all of them and nothing can be reached by a computed name.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from jinja2 import nodes
from jinja2.exceptions import TemplateAssertionError

from templating.conditions import TESTS
from templating.filters import FILTERS

REFUSED_FILTERS = {
    "attr": "write `value.name`",
    "filesizeformat": "it has no use in mail",
    "forceescape": "values are escaped already",
    "pprint": "it shows data as Python sees it",
    "random": "the same mail must render the same twice",
    "safe": "values from outside must not become markup; put markup into templates and macros",
    "striptags": "write the text into the text template",
    "urlize": "write the link: `<a href=…>`",
    "xmlattr": "write the attributes",
}
Reference = nodes.Include | nodes.Extends | nodes.Import | nodes.FromImport
REFERENCES = (nodes.Include, nodes.Extends, nodes.Import, nodes.FromImport)


class ForbiddenConstruct(TemplateAssertionError):
    """A construct that Jinja knows and templates may not use."""


def check(tree: nodes.Template, *, name: str) -> None:
    """Raise ForbiddenConstruct with the line of the first construct that is not allowed.

    Also makes every include and import see the context: without it they would not see the words of
    the locale (`t`), and Jinja would keep what they rendered for one mail for all later ones.
    """
    for _, error in problems(tree, name=name):
        raise error
    for node in tree.find_all(REFERENCES):
        if isinstance(node, nodes.Include | nodes.Import | nodes.FromImport):
            node.with_context = True


def problems(
    tree: nodes.Template, *, name: str
) -> Iterator[tuple[nodes.Node, TemplateAssertionError]]:
    """Yield each node that is not allowed, with the error that says why."""
    for node in tree.find_all(nodes.Node):
        unknown = _unknown(node)
        if unknown is not None:
            yield node, TemplateAssertionError(unknown, node.lineno, name)
        problem = _problem(node, name=name)
        if problem is not None:
            yield node, ForbiddenConstruct(problem, node.lineno, name)


@dataclass(frozen=True, kw_only=True)
class Use:
    """One place where a template uses other files: the first of `names` that exists."""

    names: tuple[str, ...]
    line: int
    optional: bool


def uses(tree: nodes.Template) -> tuple[Use, ...]:
    """Return where a checked template uses other files."""
    return tuple(
        Use(
            names=tuple(_constant_names(node) or ()),
            line=node.lineno,
            optional=isinstance(node, nodes.Include) and node.ignore_missing,
        )
        for node in tree.find_all(REFERENCES)
        if isinstance(node, REFERENCES)
    )


def _unknown(node: nodes.Node) -> str | None:
    """Refuse unknown filters and tests everywhere; Jinja lets them pass inside of `{% if %}`."""
    known: Mapping[str, Callable[..., Any]]
    match node:
        case nodes.Filter(name=used) if used not in REFUSED_FILTERS:
            known, kind = FILTERS, "filter"
        case nodes.Test(name=used):
            known, kind = TESTS, "test"
        case _:
            return None
    if used in known:
        return None
    close = get_close_matches(used, known, n=1)
    meant = f"; did you mean {close[0]!r}?" if close else ""
    return f"there is no {kind} {used!r}{meant}"


def _problem(node: nodes.Node, *, name: str) -> str | None:
    problem: str | None = None
    match node:
        case nodes.Include() | nodes.Extends() | nodes.Import() | nodes.FromImport():
            problem = _reference_problem(node, name=name)
        case nodes.Getattr(attr=str() as attribute) if attribute.startswith("_"):
            problem = f"access to {attribute!r} is not allowed in templates"
        case nodes.Getitem(arg=nodes.Const(value=str() as key)) if key.startswith("_"):
            problem = f"access to {key!r} is not allowed in templates"
        case nodes.Filter(name=used) if used in REFUSED_FILTERS:
            problem = f"the filter {used!r} is not available: {REFUSED_FILTERS[used]}"
        case nodes.Pow():
            problem = "'**' is not available in templates"
        case nodes.EvalContextModifier() | nodes.ScopedEvalContextModifier():
            problem = "escaping follows from the file's name and cannot be switched"
        case nodes.Pair(key=key_node) if not isinstance(key_node, nodes.Const):
            problem = "the keys of a mapping must be written out"
    return problem


def _reference_problem(node: Reference, *, name: str) -> str | None:
    names = _constant_names(node)
    if not names:
        return "the name of an included file must be written out"
    for other in names:
        if _kind(other) != _kind(name):
            return f"{name!r} cannot use {other!r}: HTML and text escape differently"
    return None


def _constant_names(node: Reference) -> list[str] | None:
    template = node.template
    parts = template.items if isinstance(template, nodes.Tuple | nodes.List) else [template]
    if all(isinstance(part, nodes.Const) and isinstance(part.value, str) for part in parts):
        return [part.value for part in parts if isinstance(part, nodes.Const)]
    return None


def _kind(name: str) -> str:
    return "text" if name.endswith(".txt.jinja") else "html"
