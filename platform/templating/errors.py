"""What can go wrong between a context and a mail.

    Exception
    ├── RenderingError      the one error that leaves `rendering.render()`; see its `code`
    ├── LookupError
    │   └── UnknownEvent    nobody registered a contract for this event
    ├── ValueError
    │   └── BadValue        a filter or method was given something it cannot format
    └── BoundsExceeded      a template did more work than one mail may cost (internal)

Messages hold names and sizes, never data: they are stored with the notification and logged, and a
context holds a customer's name and address.
"""

from enum import StrEnum


class Code(StrEnum):
    """What kind of error stopped a rendering; stable, for records, filters and the API."""

    UNDEFINED = "undefined"
    SYNTAX = "syntax"
    BOUNDS_EXCEEDED = "bounds_exceeded"
    FORBIDDEN = "forbidden"
    MISSING_TEMPLATE = "missing_template"
    INVALID_CONTEXT = "invalid_context"
    ERROR = "error"


class RenderingError(Exception):
    """A mail that cannot be rendered until somebody changes its template or its context.

    `template` is the path below the template directory ("order.placed/ko/body.html.jinja"), `line`
    counts from 1 and is None where no line is to blame (a missing template, a bad context).
    """

    def __init__(self, *, template: str, line: int | None, message: str, code: Code) -> None:
        where = template if line is None else f"{template}:{line}"
        super().__init__(f"{where}: {message}")
        self.template = template
        self.line = line
        self.message = message
        self.code = code


class UnknownEvent(LookupError):
    """No contract is registered under this event's name."""

    def __init__(self, event: str) -> None:
        super().__init__(f"no contract is registered for the event {event!r}")
        self.event = event


class BadValue(ValueError):
    """A filter or method was given a value or an option it cannot work with; says which."""


class BoundsExceeded(Exception):
    """A template did more work, or made more text, than one mail may cost."""
