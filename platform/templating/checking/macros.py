"""Macros, and what a call gives them."""

from dataclasses import dataclass

from jinja2 import nodes

from templating.checking.scopes import Scope
from templating.checking.shapes import Shape


@dataclass(frozen=True, kw_only=True, eq=False)
class Macro:
    """A macro, the template it stands in, and the names around it."""

    node: nodes.Macro
    template: str
    scope: Scope


def arguments_of(
    macro: Macro, call: nodes.Call, arguments: list[Shape], keywords: dict[str, Shape]
) -> tuple[dict[str, Shape], str | None]:
    """Return a macro's arguments by name, and what is wrong with the call, if anything."""
    names = [argument.name for argument in macro.node.args]
    given = dict(zip(names, arguments, strict=False))
    given |= {name: shape for name, shape in keywords.items() if name in names}
    if call.dyn_args is not None or call.dyn_kwargs is not None:
        return given, None
    used = {node.name for node in macro.node.find_all(nodes.Name)}
    unknown = [name for name in keywords if name not in names]
    required = names[: len(names) - len(macro.node.defaults)]
    missing = [name for name in required if name not in given]
    if len(arguments) > len(names) and "varargs" not in used:
        return given, f"takes {len(names)} arguments, and is given {len(arguments)}"
    if unknown and "kwargs" not in used:
        return given, f"takes no argument {unknown[0]!r}"
    if missing:
        return given, f"is not given {missing[0]!r}"
    return given, None
