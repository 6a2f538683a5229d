"""What a condition says about the values in it: which are certainly there if it holds, or fails."""

from typing import NamedTuple

from jinja2 import nodes

from templating.checking.scopes import Scope
from templating.compiler import path

NONE: frozenset[str] = frozenset()


class Facts(NamedTuple):
    """The paths that are not empty if a condition holds, and those if it does not."""

    if_true: frozenset[str] = NONE
    if_false: frozenset[str] = NONE


def facts(node: nodes.Node, scope: Scope) -> Facts:
    """Return what a condition says."""
    match node:
        case nodes.Not(node=inner):
            known = facts(inner, scope)
            return Facts(known.if_false, known.if_true)
        case nodes.And(left=left, right=right):
            one, other = facts(left, scope), facts(right, scope)
            return Facts(one.if_true | other.if_true, one.if_false & other.if_false)
        case nodes.Or(left=left, right=right):
            one, other = facts(left, scope), facts(right, scope)
            return Facts(one.if_true & other.if_true, one.if_false | other.if_false)
        case nodes.Test(node=tested, name=name):
            return _tested(tested, name)
        case nodes.Compare(expr=left, ops=[nodes.Operand(op=op, expr=right)]):
            return _compared(left, op, right)
    return Facts(_present(node, scope))


def _present(node: nodes.Node, scope: Scope) -> frozenset[str]:
    written = path(node)
    if written is None:
        return NONE
    binding = scope.find(written) if isinstance(node, nodes.Name) else None
    return frozenset({written}) | (binding.implies if binding else NONE)


def _tested(node: nodes.Node, name: str) -> Facts:
    written = path(node)
    found = frozenset({written}) if written is not None else NONE
    if name == "none":
        return Facts(if_false=found)
    if name in {"string", "number", "mapping", "sequence", "iterable", "integer", "float"}:
        return Facts(if_true=found)
    return Facts()


def _compared(left: nodes.Node, op: str, right: nodes.Node) -> Facts:
    for one, other in ((left, right), (right, left)):
        written = path(one)
        if written is None or not isinstance(other, nodes.Const):
            continue
        found = frozenset({written})
        if other.value is None:
            return (
                Facts(if_true=found)
                if op == "ne"
                else Facts(if_false=found if op == "eq" else NONE)
            )
        if op == "eq":
            return Facts(if_true=found)
    return Facts()
