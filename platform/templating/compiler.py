"""Compiles templates into code that counts what it does.

Jinja's generator visits every body (of a loop, branch, macro, block, whole template) in one place.
There each body gets a first line that pays for its statements, so no path through a template is
free; that line also gets the budget, from which the body's own `{{ values }}` are paid. What Jinja
writes as plain Python operators or slices goes through the environment, which pays for it; and
attribute access carries its written path, so that an error says 'order.numbr' and not "'dict
object' has no attribute".
"""

from collections.abc import Iterable
from typing import Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, Frame

BODIES = ("body", "else_")
HOISTED = ("tick", "shown_in_html", "shown_in_text")


def size(node: nodes.Node) -> int:
    """Return how many nodes one execution of a statement can evaluate, without its bodies."""
    return 1 + sum(size(child) for child in node.iter_child_nodes(exclude=BODIES))


def path(node: nodes.Node) -> str | None:
    """Return an expression as written ("order.items"), if it is a plain path."""
    match node:
        case nodes.Name(name=str() as name):
            return name
        case nodes.Getattr(node=parent, attr=str() as attribute):
            before = path(parent)
            return None if before is None else f"{before}.{attribute}"
        case nodes.Getitem(node=parent, arg=nodes.Const(value=int() | str() as key)):
            before = path(parent)
            if before is None:
                return None
            plain = isinstance(key, str) and key.isidentifier()
            return f"{before}.{key}" if plain else f"{before}[{key!r}]"
    return None


class CountingCodeGenerator(CodeGenerator):
    """Jinja's code generator, with the price of each construct compiled in."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._loop_tests: set[int] = set()

    def write_commons(self) -> None:
        """Write the first lines of a function, and with them the names that bodies call most."""
        super().write_commons()
        for name in HOISTED:
            self.writeline(f"{name} = environment.{name}")

    def blockvisit(self, nodes: Iterable[nodes.Node], frame: Frame) -> None:
        """Write a body, and before it what it costs."""
        body = list(nodes)
        self.writeline(f"budget = tick({1 + sum(map(size, body))})")
        super().blockvisit(body, frame)

    def visit(self, node: nodes.Node, *args: Any, **kwargs: Any) -> Any:
        """Write a node; the condition of a filtered loop runs for items that no body counts."""
        if id(node) not in self._loop_tests:
            return super().visit(node, *args, **kwargs)
        self.write(f"environment.ticked({size(node)}) and (")
        super().visit(node, *args, **kwargs)
        self.write(")")
        return None

    def visit_For(self, node: nodes.For, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a loop."""
        if node.test is not None:
            self._loop_tests.add(id(node.test))
        super().visit_For(node, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a comparison whose operands have been paid for."""
        self.write("(")
        self._weighed(node.expr, frame)
        for operand in node.ops:
            self.visit(operand, frame)
        self.write(")")

    def visit_Operand(self, node: nodes.Operand, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a comparison's operator and right side."""
        signs = {"eq": "==", "ne": "!=", "gt": ">", "gteq": ">=", "lt": "<", "lteq": "<="}
        words = {"in": "in", "notin": "not in"}
        self.write(f" {signs.get(node.op) or words[node.op]} ")
        self._weighed(node.expr, frame)

    def _weighed(self, node: nodes.Expr, frame: Frame) -> None:
        if isinstance(node, nodes.Const):
            self.visit(node, frame)
            return
        self.write("environment.weighed(")
        self.visit(node, frame)
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write `~` as a call that pays for the text."""
        joined = "joined_markup" if frame.eval_ctx.autoescape else "joined_text"
        self.write(f"environment.{joined}((")
        for part in node.nodes:
            self.visit(part, frame)
            self.write(", ")
        self.write("))")

    def visit_Getattr(self, node: nodes.Getattr, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write an attribute access that knows how it was written.

        An entry of a variable that is a mapping, which nearly all are, is read in place: there
        environment.getattr() would do nothing else. A missing variable is no mapping.
        """
        of = node.node
        variable = frame.symbols.ref(of.name) if isinstance(of, nodes.Name) else None
        if variable is not None:
            self.write(
                f"({variable}[{node.attr!r}]"
                f" if type({variable}) is dict and {node.attr!r} in {variable} else "
            )
        self.write("environment.getattr(")
        self.visit(node.node, frame)
        self.write(f", {node.attr!r}, {path(node)!r})")
        if variable is not None:
            self.write(")")

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write a subscript; Jinja would write slices as plain Python."""
        if isinstance(node.arg, nodes.Slice):
            self.write("environment.sliced(")
            self.visit(node.node, frame)
            for bound in (node.arg.start, node.arg.stop, node.arg.step):
                self.write(", ")
                self.visit(bound or nodes.Const(None), frame)
            self.write(")")
            return
        self.write("environment.getitem(")
        self.visit(node.node, frame)
        self.write(", ")
        self.visit(node.arg, frame)
        self.write(f", {path(node)!r})")

    def visit_Output(self, node: nodes.Output, frame: Frame) -> None:  # noqa: N802 - Jinja's name
        """Write what stands between two statements as one text.

        Jinja yields each piece of it, through all the functions that its block is called from. What
        is collected in a buffer, or may turn out not to be shown, is left to Jinja.
        """
        if frame.buffer is not None or frame.require_output_check or len(node.nodes) == 1:
            super().visit_Output(node, frame)
            return
        finalize = self._make_finalize()
        self.writeline("yield ''.join((", node)
        self.indent()
        for child in node.nodes:
            self.newline(child)
            if isinstance(child, nodes.TemplateData):
                self.write(repr(self._output_child_to_const(child, frame, finalize)))
            else:
                self._output_child_pre(child, frame, finalize)
                self.visit(child, frame)
                self._output_child_post(child, frame, finalize)
            self.write(",")
        self.outdent()
        self.writeline("))")

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        """Begin the one call that prices, checks and escapes a value; Jinja would write two."""
        # `{% autoescape %}` makes it volatile; the grammar refuses that, and in doubt is escaped.
        escapes = frame.eval_ctx.autoescape or frame.eval_ctx.volatile
        self.write("shown_in_html(" if escapes else "shown_in_text(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        """End the call, with the budget of the body that the value is in."""
        self.write(", budget)")

    def _output_child_to_const(self, node: nodes.Expr, frame: Frame, finalize: Any) -> str:
        """Leave every expression to run time: compiling must not compute `'x' * 10**9`."""
        if not isinstance(node, nodes.TemplateData):
            raise nodes.Impossible
        return super()._output_child_to_const(node, frame, finalize)
