"""Finds where a statement begins that is never ended; Jinja only knows where the file ends."""

import re

from jinja2.environment import Environment

NEEDS_END = re.compile(r"needs to be closed is '(\w+)'")


def unclosed(environment: Environment, source: str, message: str) -> int | None:
    """Return the line of the innermost open statement that an error speaks of, or None."""
    wanted = NEEDS_END.search(message)
    if wanted is None or "end of template" not in message:
        return None
    opened: list[tuple[str, int]] = []
    before = ""
    for line, kind, value in environment.lexer.tokeniter(source, None):
        if before == "block_begin" and kind == "name":
            if value.startswith("end") and opened:
                opened.pop()
            elif value == wanted[1] or f"end{value}" in source:
                opened.append((value, line))
        if kind != "whitespace":
            before = kind
    return next((line for name, line in reversed(opened) if name == wanted[1]), None)
