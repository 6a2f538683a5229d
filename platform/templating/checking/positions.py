"""Finds the columns that Jinja's syntax tree does not keep."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum

from jinja2 import nodes
from jinja2.environment import Environment

KEYWORDS_BEFORE_TESTS = frozenset({"is"})


class Role(Enum):
    """How a word is used, so that `order` is not taken for the `order` in `t.order`."""

    NAME = "name"
    ATTRIBUTE = "attribute"
    FILTER = "filter"
    TEST = "test"
    STRING = "string"


class Positions:
    """Where words stand in one template's source."""

    def __init__(self, environment: Environment, source: str, tree: nodes.Template) -> None:
        self._starts = [0]
        self._words: dict[tuple[int, Role, str], list[int]] = defaultdict(list)
        self._columns: dict[tuple[int, Role, str], int] = {}
        text = "\n".join(source.splitlines())
        for index, character in enumerate(text):
            if character == "\n":
                self._starts.append(index + 1)
        self._read(environment, text)
        for node in tree.find_all(nodes.Node):
            for role, word in _words_of(node):
                self._assign(node, role, word)

    def _read(self, environment: Environment, text: str) -> None:
        position, before = 0, ("", "")
        for _, kind, value in environment.lexer.tokeniter(text, None):
            at = text.find(value, position)
            if at < 0:
                continue  # whitespace that the lexer took away
            position = at + len(value)
            if kind == "name":
                self._note(at, _role(before), value)
            elif kind == "string":
                self._note(at, Role.STRING, value[1:-1])
            if kind != "whitespace":
                before = before if (kind, value) == ("name", "not") else (kind, value)

    def _note(self, at: int, role: Role, word: str) -> None:
        line = bisect_right(self._starts, at)
        self._words[line, role, word].append(at - self._starts[line - 1] + 1)

    def _assign(self, node: nodes.Node, role: Role, word: str) -> None:
        """Give a node its word's column; of like words in a line, each goes to one node."""
        columns = self._words.get((node.lineno, role, word))
        if columns:
            column = columns.pop(0) if len(columns) > 1 else columns[0]
            self._columns[id(node), role, word] = column

    def column(self, node: nodes.Node, word: str, role: Role) -> int | None:
        """Return the column of a word that a node stands for, or None."""
        assigned = self._columns.get((id(node), role, word))
        return assigned or next(iter(self._words.get((node.lineno, role, word), ())), None)


def _words_of(node: nodes.Node) -> Iterator[tuple[Role, str]]:
    """Yield the words that stand in the source for a node, without those of its children."""
    match node:
        case nodes.Name(name=word) | nodes.Macro(name=word) | nodes.Block(name=word):
            yield Role.NAME, word
        case nodes.Keyword(key=word) | nodes.Import(target=word):
            yield Role.NAME, word
        case nodes.FromImport(names=names):
            for name in names:
                for word in name if isinstance(name, tuple) else (name,):
                    yield Role.NAME, word
        case nodes.Getattr(attr=word):
            yield Role.ATTRIBUTE, word
        case nodes.Filter(name=word):
            yield Role.FILTER, word
        case nodes.Test(name=word):
            yield Role.TEST, word
        case nodes.Const(value=str() as word):
            yield Role.STRING, word


def _role(before: tuple[str, str]) -> Role:
    kind, value = before
    if kind == "operator" and value == ".":
        return Role.ATTRIBUTE
    if kind == "operator" and value == "|":
        return Role.FILTER
    if kind == "name" and value == "filter":
        return Role.FILTER
    if kind == "name" and value in KEYWORDS_BEFORE_TESTS:
        return Role.TEST
    return Role.NAME
