"""What the checker reports: values, for the command line, the studio and the API alike."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a problem stands in the way of publishing."""

    BLOCKING = "blocking"
    ADVICE = "advice"


class ProblemCode(StrEnum):
    """What kind of problem; stable, for filters and documentation."""

    UNKNOWN_NAME = "unknown_name"
    UNKNOWN_ATTRIBUTE = "unknown_attribute"
    UNKNOWN_FILTER = "unknown_filter"
    UNKNOWN_TEST = "unknown_test"
    UNKNOWN_BLOCK = "unknown_block"
    UNKNOWN_TEMPLATE = "unknown_template"
    SYNTAX = "syntax"
    FORBIDDEN = "forbidden"
    WRONG_ARGUMENTS = "wrong_arguments"
    WRONG_TYPE = "wrong_type"
    SAMPLE_FAILS = "sample_fails"
    MAY_BE_UNSET = "may_be_unset"
    MAY_BE_EMPTY = "may_be_empty"
    MISSING_TEXT = "missing_text"
    MISSING_TRANSLATION = "missing_translation"
    MISSING_ALT = "missing_alt"
    RELATIVE_LINK = "relative_link"
    TOO_LARGE = "too_large"
    LONG_SUBJECT = "long_subject"
    DARK_MODE = "dark_mode"
    CLIENT_SUPPORT = "client_support"


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One problem and its place.

    Attributes:
        template: the file's path below the template directory; layouts and partials have their own.
        line, column: count from 1; None where no place is to blame.
        written: what stands there, as far as it is wrong ("numbr"); "" where that is not one word.
        suggestion: what was probably meant, to be put in place of `written`; None without a guess.
    """

    severity: Severity
    code: ProblemCode
    template: str
    line: int | None = None
    column: int | None = None
    message: str
    written: str = ""
    suggestion: str | None = None

    @property
    def blocks(self) -> bool:
        """Whether the template must not be published like this."""
        return self.severity is Severity.BLOCKING

    @property
    def end_column(self) -> int | None:
        """The column after what is written; None where the place is not one word."""
        return self.column + len(self.written) if self.column and self.written else None

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.template, self.line, self.column) if part)
        meant = f"; did you mean {self.suggestion!r}?" if self.suggestion else ""
        return f"{place}: {self.severity}: {self.message}{meant} [{self.code}]"
