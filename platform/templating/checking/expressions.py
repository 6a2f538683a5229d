"""Follows expressions: what is known of their values, and which names in them are wrong."""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from jinja2 import nodes

from templating.checking import contract_shapes
from templating.checking.conditions import facts
from templating.checking.filter_shapes import INPUTS, result_of
from templating.checking.method_shapes import result_of_method
from templating.checking.positions import Role
from templating.checking.problems import ProblemCode, Severity
from templating.checking.reporting import Reporter
from templating.checking.scopes import Scope
from templating.checking.shapes import (
    ANYTHING,
    MAPPING_METHODS,
    TEXT,
    TRUTH,
    WHOLE,
    Invocable,
    ListOf,
    LoopShape,
    MapOf,
    Maybe,
    Nothing,
    Opened,
    Record,
    Scalar,
    Shape,
    TupleOf,
    Words,
    certain,
    described,
    joined,
    known_names,
)
from templating.checking.signatures import misfit
from templating.compiler import path
from templating.filters import FILTERS

NUMBER = Scalar(Decimal)


class Expressions:
    """Evaluates expressions over shapes in place of values."""

    def __init__(self, reporter: Reporter) -> None:
        self.reporter = reporter
        self._readers: Mapping[type[nodes.Node], Callable[[Any, Scope], Shape]] = {
            nodes.Name: self._name,
            nodes.NSRef: self._namespace_entry,
            nodes.Getattr: self._getattr,
            nodes.Getitem: self._getitem,
            nodes.Filter: self._filter,
            nodes.Test: self._test,
            nodes.Call: self._call,
            nodes.Const: self._const,
            nodes.TemplateData: lambda _node, _scope: TEXT,
            nodes.CondExpr: self._cond,
            nodes.And: self._and,
            nodes.Or: self._or,
            nodes.Not: self._truth,
            nodes.Compare: self._truth,
            nodes.Concat: self._text,
            nodes.List: self._sequence,
            nodes.Tuple: self._sequence,
            nodes.Neg: self._number,
            nodes.Pos: self._number,
            **dict.fromkeys((nodes.Add, nodes.Mul), self._anything),
            **dict.fromkeys((nodes.Sub, nodes.Div, nodes.FloorDiv, nodes.Mod), self._number),
        }

    def shape(self, node: nodes.Node, scope: Scope) -> Shape:
        """Return what is known of an expression's value; report what is wrong in it."""
        return self._readers.get(type(node), self._anything)(node, scope)

    def _children(self, node: nodes.Node, scope: Scope) -> list[Shape]:
        return [self.shape(child, scope) for child in node.iter_child_nodes()]

    def _anything(self, node: nodes.Node, scope: Scope) -> Shape:
        self._children(node, scope)
        return ANYTHING

    def _truth(self, node: nodes.Node, scope: Scope) -> Shape:
        self._children(node, scope)
        return TRUTH

    def _text(self, node: nodes.Node, scope: Scope) -> Shape:
        self._children(node, scope)
        return TEXT

    def _number(self, node: nodes.Node, scope: Scope) -> Shape:
        shapes = self._children(node, scope)
        plain = all(isinstance(one, Scalar) and one.kind in (int, Decimal, float) for one in shapes)
        return NUMBER if plain else ANYTHING

    def _const(self, node: nodes.Const, scope: Scope) -> Shape:
        return Nothing() if node.value is None else Scalar(type(node.value))

    def _sequence(self, node: nodes.List | nodes.Tuple, scope: Scope) -> Shape:
        return TupleOf(tuple(self.shape(item, scope) for item in node.items))

    def _cond(self, node: nodes.CondExpr, scope: Scope) -> Shape:
        self.shape(node.test, scope)
        known = facts(node.test, scope)
        chosen = self.shape(node.expr1, scope.assuming(known.if_true))
        if node.expr2 is None:
            return chosen
        return joined(chosen, self.shape(node.expr2, scope.assuming(known.if_false)))

    def _and(self, node: nodes.And, scope: Scope) -> Shape:
        left = self.shape(node.left, scope)
        right = self.shape(node.right, scope.assuming(facts(node.left, scope).if_true))
        return joined(left, right)

    def _or(self, node: nodes.Or, scope: Scope) -> Shape:
        left = self.shape(node.left, scope)
        right = self.shape(node.right, scope.assuming(facts(node.left, scope).if_false))
        return joined(certain(left), right)

    # --- names and attributes

    def _name(self, node: nodes.Name, scope: Scope) -> Shape:
        binding = scope.find(node.name)
        if binding is None:
            self._unknown_name(node, scope)
            return ANYTHING
        if not binding.always and not scope.knows_present(node.name):
            self.reporter.report(
                ProblemCode.MAY_BE_UNSET,
                node,
                f"{node.name!r} is set in some branches only",
                word=(node.name, Role.NAME),
                severity=Severity.ADVICE,
            )
        return scope.narrowed(node.name, binding.shape)

    def _unknown_name(self, node: nodes.Name, scope: Scope) -> None:
        visible = list(dict.fromkeys(scope.visible()))
        # A field that was written without what it belongs to: `tracking_url` alone.
        inner = [
            f"{name}.{node.name}"
            for name in visible
            if isinstance(shape := scope.find(name).shape, Record)  # type: ignore[union-attr] # visible
            and node.name in shape.model.model_fields
        ]
        self.reporter.report(
            ProblemCode.UNKNOWN_NAME,
            node,
            f"there is no {node.name!r} here",
            word=(node.name, Role.NAME),
            among=inner or visible,
        )

    def _namespace_entry(self, node: nodes.NSRef, scope: Scope) -> Shape:
        return ANYTHING

    def _getattr(self, node: nodes.Getattr, scope: Scope) -> Shape:
        return self._member(node, self.shape(node.node, scope), node.attr, Role.ATTRIBUTE, scope)

    def _getitem(self, node: nodes.Getitem, scope: Scope) -> Shape:
        owner = self.shape(node.node, scope)
        index = self.shape(node.arg, scope)
        if isinstance(node.arg, nodes.Const) and isinstance(node.arg.value, str):
            return self._member(node, owner, node.arg.value, Role.STRING, scope)
        if isinstance(node.arg, nodes.Slice):
            return owner
        match certain(owner):
            case ListOf(item=item):
                return item
            case TupleOf(items=items) if index == WHOLE and isinstance(node.arg, nodes.Const):
                return (
                    items[node.arg.value]
                    if -len(items) <= node.arg.value < len(items)
                    else ANYTHING
                )
            case Scalar(kind=kind) if kind is str:
                return TEXT
        return ANYTHING

    def _member(
        self, node: nodes.Getattr | nodes.Getitem, owner: Shape, name: str, role: Role, scope: Scope
    ) -> Shape:
        if name.startswith("_"):
            return ANYTHING  # the grammar has reported it
        written = path(node)
        if isinstance(owner, Maybe):
            self._report_empty(node.node, described_path(node.node), scope)
            owner = owner.shape
        found = member(owner, name)
        if found is not None:
            return scope.narrowed(written, found)
        known = known_names(owner)
        if known is None or (written is not None and scope.knows_present(written)):
            return ANYTHING
        parent = path(node.node)
        subject = repr(parent) if parent else described(owner)
        message = (
            f"{subject} is a list: loop over it to reach {name!r}"
            if isinstance(owner, ListOf | TupleOf)
            else f"{subject} has no {name!r}"
        )
        self.reporter.report(
            ProblemCode.UNKNOWN_ATTRIBUTE, node, message, word=(name, role), among=known
        )
        return ANYTHING

    def _report_empty(self, node: nodes.Node, written: str, scope: Scope) -> None:
        name = node.attr if isinstance(node, nodes.Getattr) else written
        role = Role.ATTRIBUTE if isinstance(node, nodes.Getattr) else Role.NAME
        self.reporter.report(
            ProblemCode.MAY_BE_EMPTY,
            node,
            f"{written!r} may be empty: ask `{{% if {written} %}}` first",
            word=(name, role),
            severity=Severity.ADVICE,
        )

    # --- filters, tests and calls

    def _filter(self, node: nodes.Filter, scope: Scope) -> Shape:
        if node.node is None:
            return self.filtered(node, TEXT, scope)
        guarded = node.name in {"default", "d"}
        value = self._possible(node.node, scope) if guarded else self.shape(node.node, scope)
        return self.filtered(node, value, scope)

    def filtered(self, node: nodes.Filter, value: Shape, scope: Scope) -> Shape:
        """Return what a filter makes of a value; `node.node` has been followed already."""
        arguments = [self.shape(argument, scope) for argument in node.args]
        for keyword in node.kwargs:
            self.shape(keyword.value, scope)
        if node.name not in FILTERS:
            return ANYTHING  # the grammar has reported it
        word = (node.name, Role.FILTER)
        problem = misfit(FILTERS[node.name], node, skipped=1)
        if problem:
            self.reporter.report(
                ProblemCode.WRONG_ARGUMENTS, node, f"{node.name}: {problem}", word=word
            )
        self._check_input(node, value, scope)
        if node.name in {"default", "d"} and arguments:
            return joined(certain(value), arguments[0])
        return result_of(node, certain(value), self._attribute_of(node, certain(value)))

    def _check_input(self, node: nodes.Filter, value: Shape, scope: Scope) -> None:
        wanted = INPUTS.get(node.name)
        if wanted is None:
            return
        if isinstance(value, Maybe | Nothing):
            if node.node is not None and wanted.refuses_none:
                self._report_empty(node.node, described_path(node.node), scope)
            value = certain(value)
        if isinstance(value, Nothing) or wanted.takes(value):
            return
        self.reporter.report(
            ProblemCode.WRONG_TYPE,
            node,
            f"{node.name} needs {wanted.described}, and this is {described(value)}",
            word=(node.name, Role.FILTER),
        )

    def _attribute_of(self, node: nodes.Filter, value: Shape) -> Shape:
        """Follow `attribute="…"` of filters on lists into the items."""
        named = next((one.value for one in node.kwargs if one.key == "attribute"), None)
        if (
            named is None
            and node.args
            and node.name in {"groupby", "selectattr", "rejectattr", "sum"}
        ):
            named = node.args[0]
        item = value.item if isinstance(value, ListOf) else ANYTHING
        if not (isinstance(named, nodes.Const) and isinstance(named.value, str)):
            return ANYTHING
        for part in named.value.split("."):
            found, known = member(certain(item), part), known_names(certain(item))
            if found is None and known is not None and not part.isdigit():
                self.reporter.report(
                    ProblemCode.UNKNOWN_ATTRIBUTE,
                    named,
                    f"the items have no {part!r}",
                    word=(named.value, Role.STRING),
                    among=known,
                )
            item = found or ANYTHING
        return item

    def _test(self, node: nodes.Test, scope: Scope) -> Shape:
        guarded = node.name in {"defined", "undefined"}
        if guarded:
            self._possible(node.node, scope)
        else:
            self.shape(node.node, scope)
        for argument in [*node.args, *(keyword.value for keyword in node.kwargs)]:
            self.shape(argument, scope)
        return TRUTH

    def _possible(self, node: nodes.Node, scope: Scope) -> Shape:
        """Follow what is allowed not to exist: `x is defined`, `x | default("")`."""
        if isinstance(node, nodes.Name):
            binding = scope.find(node.name)
            return scope.narrowed(node.name, binding.shape) if binding else ANYTHING
        if isinstance(node, nodes.Getattr):
            owner = certain(self._possible(node.node, scope))
            return member(owner, node.attr) or ANYTHING
        return self.shape(node, scope)

    def _call(self, node: nodes.Call, scope: Scope) -> Shape:
        callee = self.shape(node.node, scope)
        arguments = [self.shape(argument, scope) for argument in node.args]
        keywords = {one.key: self.shape(one.value, scope) for one in node.kwargs}
        for more in (node.dyn_args, node.dyn_kwargs):
            if more is not None:
                self.shape(more, scope)
        if isinstance(callee, Invocable):
            return callee.call(node, arguments, keywords)
        if callee is not ANYTHING:
            self.reporter.report(
                ProblemCode.WRONG_TYPE,
                node,
                f"{described_path(node.node)!r} is {described(callee)} and cannot be called",
            )
        return ANYTHING


def described_path(node: nodes.Node) -> str:
    """Return an expression as written, as far as it is a path."""
    return path(node) or "this"


def member(owner: Shape, name: str) -> Shape | None:
    """Return what is known of an attribute or entry, or None if there is no such thing."""
    known = known_names(owner)
    if known is not None and name not in known:
        return None
    found = _entry(owner, name)
    return result_of_method(owner, name) if found is None else found


def _entry(owner: Shape, name: str) -> Shape | None:
    found: Shape | None = None
    match owner:
        case Record(model=model):
            found = contract_shapes.fields(model).get(name)
        case Words(path=before, entries=words) if name in words:
            entry = words[name]
            inner = f"{before}.{name}"
            found = Words(inner, entry) if isinstance(entry, Mapping) else Scalar(type(entry))
        case MapOf(value=value) if name not in MAPPING_METHODS:
            found = value
        case Opened(entries=entries):
            found = entries.get(name, ANYTHING)
        case LoopShape(item=item) if name in {"previtem", "nextitem"}:
            found = Maybe(item)
    return found
