"""Turns whatever stops a template into a RenderingError that says where and why."""

import traceback
from types import TracebackType

from jinja2 import Template
from jinja2.exceptions import (
    SecurityError,
    TemplateNotFound,
    TemplateRuntimeError,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.parser import Parser

from templating.errors import BadValue, BoundsExceeded, Code, RenderingError
from templating.grammar import ForbiddenConstruct

# First match wins. RecursionError and MemoryError are what is left of bounds that were not ours.
CODES: tuple[tuple[type[Exception], Code], ...] = (
    (UndefinedError, Code.UNDEFINED),
    (SecurityError, Code.FORBIDDEN),
    (ForbiddenConstruct, Code.FORBIDDEN),
    (TemplateSyntaxError, Code.SYNTAX),
    (SyntaxError, Code.SYNTAX),
    (UnicodeError, Code.SYNTAX),
    (TemplateNotFound, Code.MISSING_TEMPLATE),
    (BoundsExceeded, Code.BOUNDS_EXCEEDED),
    (RecursionError, Code.BOUNDS_EXCEEDED),
    (MemoryError, Code.BOUNDS_EXCEEDED),
    (OverflowError, Code.BOUNDS_EXCEEDED),
)

# Their texts speak of names and types. Others, such as ValueError's, may quote the value.
SPEAKABLE = (
    BadValue,
    BoundsExceeded,
    SecurityError,
    TemplateRuntimeError,
    TypeError,
    UndefinedError,
    ZeroDivisionError,
)


def translate(error: Exception, *, template: str, otherwise: Code = Code.ERROR) -> RenderingError:
    """Return the error as a RenderingError; `template` is to blame unless the error knows better.

    `otherwise` is the code of errors that no rule names.
    """
    if isinstance(error, RenderingError):
        return error
    code = next((code for kind, code in CODES if isinstance(error, kind)), otherwise)
    if isinstance(error, TemplateSyntaxError):
        return RenderingError(
            template=error.name or template,
            line=error.lineno,
            message=error.message or "the template's syntax is wrong",
            code=code,
        )
    name, line = _place(error.__traceback__)
    return RenderingError(template=name or template, line=line, message=_message(error), code=code)


def _message(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "the template is nested too deeply"
    if isinstance(error, SPEAKABLE) and str(error):
        return str(error)
    return type(error).__name__


def _place(trace: TracebackType | None) -> tuple[str | None, int | None]:
    """Return the template and its line that the innermost frame was running, or parsing."""
    name, line = None, None
    for frame, number in traceback.walk_tb(trace):
        template = frame.f_globals.get("__jinja_template__")
        parser = frame.f_locals.get("self")
        if isinstance(template, Template):
            name = template.name
            line = template.get_corresponding_lineno(number)
        elif isinstance(parser, Parser):
            name, line = parser.name, parser.stream.current.lineno
    return name, line
