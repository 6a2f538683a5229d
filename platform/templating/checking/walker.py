"""Follows the statements of one mail's templates, every branch of them, as rendering would.

Layouts, includes, imports and macros are followed where they are used, with what they are given
there: a macro that reads `item.nmae` is found by the call that hands it the items.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from jinja2 import nodes

from templating.checking.conditions import facts
from templating.checking.expressions import Expressions, described_path
from templating.checking.macros import Macro, arguments_of
from templating.checking.positions import Role
from templating.checking.problems import ProblemCode
from templating.checking.reporting import Parsed, Reporter
from templating.checking.scopes import Scope
from templating.checking.shapes import (
    ANYTHING,
    TEXT,
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
)

DEEPEST = 20  # of macros that call macros


class Walker(Expressions):
    """Walks the templates of one mail."""

    def __init__(self, parsed: Mapping[str, Parsed], reporter: Reporter) -> None:
        super().__init__(reporter)
        self._parsed = parsed
        self._depth = 0
        self._open: list[str] = []
        self._extending = False
        self._blocks: dict[str, list[tuple[str, nodes.Block]]] = {}
        self._frame = Scope()
        self._macro_results: dict[Any, Shape] = {}
        self._called: set[int] = set()
        self._with_caller: set[int] = set()
        self._statements: Mapping[type[nodes.Node], Callable[[Any, Scope], None]] = {
            nodes.Output: self._output,
            nodes.If: self._if,
            nodes.For: self._for,
            nodes.Assign: self._assign,
            nodes.AssignBlock: self._assign_block,
            nodes.With: self._with,
            nodes.FilterBlock: self._filter_block,
            nodes.Block: self._block,
            nodes.Macro: self._define_macro,
            nodes.CallBlock: self._call_block,
            nodes.Include: self._include,
            nodes.Import: self._import,
            nodes.FromImport: self._from_import,
            nodes.Scope: lambda node, scope: self.body(node.body, Scope(scope)),
        }

    # --- templates and blocks

    def run(self, name: str, around: Scope) -> Scope | None:
        """Follow a template with its layouts; return its names, or None if it cannot be read."""
        if name not in self._parsed or name in self._open:
            return None
        outer = self._blocks, self._extending, self._frame
        chain = self._chain(name)
        self._open.extend(chain)
        self._blocks = {}
        for template in chain:
            for block in self._parsed[template].tree.find_all(nodes.Block):
                self._blocks.setdefault(block.name, []).append((template, block))
        self._frame = frame = Scope(around)
        blocks: dict[str, Shape] = {name: _returns_text(name) for name in self._blocks}
        frame.bind("self", Opened("the blocks", blocks))
        for template in chain:
            self._extending = template != chain[-1]
            with self.reporter.inside(template):
                self.body(self._parsed[template].tree.body, frame)
                self._check_blocks(template, chain)
        del self._open[-len(chain) :]
        self._blocks, self._extending, self._frame = outer
        return frame

    def _chain(self, name: str) -> list[str]:
        chain = [name]
        while True:
            extends = self._parsed[chain[-1]].tree.find(nodes.Extends)
            target = extends.template.value if extends else None  # type: ignore[attr-defined] # Const
            if target is None or target not in self._parsed or target in chain:
                return chain
            chain.append(target)

    def _check_blocks(self, template: str, chain: list[str]) -> None:
        """Report blocks that fill nothing: their content would be lost."""
        tree = self._parsed[template].tree
        if tree.find(nodes.Extends) is None or template == chain[-1]:
            return
        above = chain[chain.index(template) + 1 :]
        known = [
            block.name
            for other in above
            for block in self._parsed[other].tree.find_all(nodes.Block)
        ]
        blocks = list(tree.find_all(nodes.Block))
        nested = {id(inner) for block in blocks for inner in block.find_all(nodes.Block)}
        for block in blocks:
            if block.name not in known and id(block) not in nested:
                self.reporter.report(
                    ProblemCode.UNKNOWN_BLOCK,
                    block,
                    f"the layout has no block {block.name!r}, so this would not be shown",
                    word=(block.name, Role.NAME),
                    among=dict.fromkeys(known),
                )

    def _block(self, node: nodes.Block, scope: Scope) -> None:
        if not self._extending:
            self._run_block(node.name, 0, scope if node.scoped else self._frame)

    def _run_block(self, name: str, level: int, around: Scope) -> Shape:
        template, block = self._blocks[name][level]
        inner = Scope(around)
        if level + 1 < len(self._blocks[name]):
            above = Invocable("super", lambda *_: self._run_block(name, level + 1, around))
            inner.bind("super", above)
        extending, self._extending = self._extending, False
        with self.reporter.inside(template):
            self.body(block.body, inner)
        self._extending = extending
        return TEXT

    # --- statements

    def body(self, statements: Iterable[nodes.Node], scope: Scope) -> None:
        """Follow statements in turn."""
        for statement in statements:
            handler = self._statements.get(type(statement))
            if handler:
                handler(statement, scope)

    def _output(self, node: nodes.Output, scope: Scope) -> None:
        for child in node.nodes:
            shown = self.shape(child, scope)
            if isinstance(certain(shown), Record | Words | MapOf | ListOf | TupleOf):
                self.reporter.report(
                    ProblemCode.WRONG_TYPE,
                    child,
                    f"{described_path(child)!r} is {described(certain(shown))}, and only texts, "
                    "numbers and dates can be shown: loop over it or name a part",
                    word=_last_word(child),
                )

    def _if(self, node: nodes.If, scope: Scope) -> None:
        branches = []
        rest = scope.assuming(())
        for branch in [node, *node.elif_]:
            self.shape(branch.test, rest)
            known = facts(branch.test, rest)
            taken = rest.assuming(known.if_true)
            if not self._impossible(branch.test, rest):
                self.body(branch.body, taken)
            branches.append(taken)
            rest = rest.assuming(known.if_false)
        self.body(node.else_, rest)
        scope.merge([*branches, rest])

    @staticmethod
    def _impossible(test: nodes.Node, scope: Scope) -> bool:
        """Whether a branch is for other events: `{% if shipment is defined %}`."""
        match test:
            case nodes.Test(name="defined", node=nodes.Name(name=name)):
                return scope.find(name) is None
            case nodes.And(left=left, right=right):
                return Walker._impossible(left, scope) or Walker._impossible(right, scope)
        return False

    def _for(self, node: nodes.For, scope: Scope) -> None:
        item = self._item_of(node, self.shape(node.iter, scope))
        inner = Scope(scope)
        self._bind_target(node.target, item, inner)
        if node.test is not None:
            self.shape(node.test, inner)
            inner = inner.assuming(facts(node.test, inner).if_true)
        inner.bind("loop", LoopShape(item) if not node.recursive else ANYTHING)
        self.body(node.body, inner)
        self.body(node.else_, Scope(scope))

    def _item_of(self, node: nodes.For, looped: Shape) -> Shape:
        if isinstance(looped, Maybe):
            self._report_empty(node.iter, described_path(node.iter), Scope())
        match certain(looped):
            case ListOf(item=item):
                return item
            case TupleOf(items=items) if items:
                shape = items[0]
                for other in items[1:]:
                    shape = joined(shape, other)
                return shape
            case Record() | Words() | MapOf():
                return TEXT
            case Scalar(kind=kind) if kind is str:
                return TEXT
            case Scalar() | Nothing() as single:
                self.reporter.report(
                    ProblemCode.WRONG_TYPE,
                    node.iter,
                    f"{described_path(node.iter)!r} is {described(single)}, not a list",
                    word=_last_word(node.iter),
                )
        return ANYTHING

    def _bind_target(
        self, target: nodes.Node, shape: Shape, scope: Scope, implies: frozenset[str] = frozenset()
    ) -> None:
        match target:
            case nodes.Name(name=name):
                scope.bind(name, shape, implies=implies)
            case nodes.Tuple(items=targets):
                known = shape.items if isinstance(shape, TupleOf) else ()
                parts = known if len(known) == len(targets) else (ANYTHING,) * len(targets)
                for one, part in zip(targets, parts, strict=True):
                    self._bind_target(one, part, scope)
            case nodes.NSRef(name=name, attr=entry):
                binding = scope.find(name)
                if binding and isinstance(binding.shape, Opened):
                    binding.shape.entries.setdefault(entry, ANYTHING)

    def _assign(self, node: nodes.Assign, scope: Scope) -> None:
        shape = self.shape(node.node, scope)
        self._bind_target(node.target, shape, scope, facts(node.node, scope).if_true)

    def _assign_block(self, node: nodes.AssignBlock, scope: Scope) -> None:
        self.body(node.body, Scope(scope))
        if node.filter is not None:
            self.shape(node.filter, scope)
        self._bind_target(node.target, TEXT, scope)

    def _with(self, node: nodes.With, scope: Scope) -> None:
        inner = Scope(scope)
        for target, value in zip(node.targets, node.values, strict=True):
            self._bind_target(target, self.shape(value, scope), inner)
        self.body(node.body, inner)

    def _filter_block(self, node: nodes.FilterBlock, scope: Scope) -> None:
        self.body(node.body, Scope(scope))
        self.shape(node.filter, scope)

    # --- macros

    def _define_macro(self, node: nodes.Macro, scope: Scope) -> None:
        macro = Macro(node=node, template=self.reporter.template, scope=scope)
        scope.bind(node.name, self._invocable(macro))

    def _invocable(self, macro: Macro) -> Invocable:
        def call(node: nodes.Call, arguments: list[Shape], keywords: dict[str, Shape]) -> Shape:
            given, problem = arguments_of(macro, node, arguments, keywords)
            if problem:
                self.reporter.report(
                    ProblemCode.WRONG_ARGUMENTS,
                    node,
                    f"{macro.node.name}: {problem}",
                    word=_last_word(node.node),
                )
            caller = _returns_text("caller") if id(node) in self._with_caller else None
            self._run_macro(macro, given, caller=caller)
            return TEXT

        return Invocable(macro.node.name, call)

    def run_uncalled(self, template: str, top: Scope) -> None:
        """Follow the macros of a template that nothing called, with unknown arguments."""
        for node in self._parsed[template].tree.find_all(nodes.Macro):
            if id(node) not in self._called:
                macro = Macro(node=node, template=template, scope=top)
                given = {one.name: ANYTHING for one in node.args}
                self._run_macro(macro, given, caller=ANYTHING)

    def _run_macro(self, macro: Macro, given: dict[str, Shape], *, caller: Shape | None) -> None:
        self._called.add(id(macro.node))
        key = (id(macro.node), tuple(sorted(given.items(), key=_first)), caller is None)
        if key in self._macro_results or self._depth > DEEPEST:
            return
        self._macro_results[key] = TEXT
        self._depth += 1
        inner = Scope(macro.scope)
        inner.bind("varargs", ListOf(ANYTHING))
        inner.bind("kwargs", MapOf(ANYTHING))
        if caller is not None:
            inner.bind("caller", caller)
        with self.reporter.inside(macro.template):
            first_default = len(macro.node.args) - len(macro.node.defaults)
            for position, argument in enumerate(macro.node.args):
                shape = given.get(argument.name)
                if position >= first_default:
                    default = self.shape(macro.node.defaults[position - first_default], inner)
                    shape = shape or default
                inner.bind(argument.name, shape or ANYTHING)
            self.body(macro.node.body, inner)
        self._depth -= 1

    def _call_block(self, node: nodes.CallBlock, scope: Scope) -> None:
        inner = Scope(scope)
        for argument in node.args:
            inner.bind(argument.name, ANYTHING)
        self.body(node.body, inner)
        # The macro is followed with a caller; `caller(…)` shows what was just followed.
        self._with_caller.add(id(node.call))
        self.shape(node.call, scope)

    # --- other files

    def _include(self, node: nodes.Include, scope: Scope) -> None:
        for name in _names(node.template):
            if name in self._parsed:
                self.run(name, Scope(scope))
                return

    def _module(self, node: nodes.Import | nodes.FromImport, scope: Scope) -> Opened:
        frame = next(
            (self.run(name, scope) for name in _names(node.template) if name in self._parsed), None
        )
        if frame is None:
            return Opened("an import", {}, complete=False)
        exported = {
            name: binding.shape
            for name, binding in frame.names.items()
            if not name.startswith("_") and name != "self"
        }
        return Opened("an import", exported)

    def _import(self, node: nodes.Import, scope: Scope) -> None:
        scope.bind(node.target, self._module(node, scope))

    def _from_import(self, node: nodes.FromImport, scope: Scope) -> None:
        module = self._module(node, scope)
        for entry in node.names:
            name, alias = entry if isinstance(entry, tuple) else (entry, entry)
            shape = module.entries.get(name)
            if shape is None and module.complete:
                self.reporter.report(
                    ProblemCode.UNKNOWN_NAME,
                    node,
                    f"{_names(node.template)[0]!r} has no {name!r}",
                    word=(name, Role.NAME),
                    among=module.entries,
                )
            scope.bind(alias, shape or ANYTHING)


def _first(pair: tuple[str, Shape]) -> str:
    return pair[0]


def _returns_text(name: str) -> Invocable:
    return Invocable(name, lambda *_: TEXT)


def _names(template: nodes.Expr) -> list[str]:
    parts = template.items if isinstance(template, nodes.Tuple | nodes.List) else [template]
    return [part.value for part in parts if isinstance(part, nodes.Const)]


def _last_word(node: nodes.Node) -> tuple[str, Role]:
    """Return the word to point at in an expression, and how it is used."""
    match node:
        case nodes.Name(name=name):
            return name, Role.NAME
        case nodes.Getattr(attr=name):
            return name, Role.ATTRIBUTE
        case nodes.Filter(name=name):
            return name, Role.FILTER
        case nodes.Call(node=callee):
            return _last_word(callee)
    return "", Role.NAME
