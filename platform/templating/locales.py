"""Which locale's template a recipient gets, and by whose habits its numbers are written."""

import re
from contextlib import AbstractContextManager
from contextvars import ContextVar
from functools import lru_cache

from babel import Locale, UnknownLocaleError

TAG = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{2,8}){0,4}", re.ASCII)
FALLBACK = "en"

_formatting: ContextVar[str] = ContextVar("formatting_locale", default=FALLBACK)
formatting_locale = _formatting.get


def normalise(locale: str) -> str:
    """Return a locale as directories are named: "ko", "pt-BR", "zh-Hant". "" for what is none."""
    if not TAG.fullmatch(locale):
        return ""
    language, *parts = re.split("[-_]", locale)
    return "-".join([language.lower(), *(_subtag(part) for part in parts)])


def _subtag(part: str) -> str:
    return part.title() if len(part) == 4 and part.isalpha() else part.upper()


@lru_cache(maxsize=512)
def candidates(locale: str, *, default: str) -> tuple[str, ...]:
    """Return where to look, best first: the locale, its language, then the default's."""
    found: dict[str, None] = {}
    for wanted in (normalise(locale), normalise(default)):
        parts = wanted.split("-") if wanted else []
        for length in range(len(parts), 0, -1):
            found["-".join(parts[:length])] = None
    return tuple(found)


@lru_cache(maxsize=512)
def for_formatting(*, wanted: str, words: str) -> str:
    """Return Babel's name of the locale that formats numbers and dates.

    The recipient's own ("en-GB") where the mail is written in its language, otherwise that of the
    words: a French date in an English sentence helps nobody.
    """
    choices = (wanted, words) if _language(wanted) == _language(words) else (words,)
    for choice in choices:
        for candidate in candidates(choice, default=FALLBACK):
            try:
                return str(Locale.parse(candidate, sep="-"))
            except (UnknownLocaleError, ValueError):
                continue
    return FALLBACK


def _language(locale: str) -> str:
    return normalise(locale).partition("-")[0]


class formatting_in(AbstractContextManager[None]):  # noqa: N801  used as contextlib's are
    """Let the filters inside write numbers and dates as this locale (Babel's name) does."""

    def __init__(self, locale: str) -> None:
        self._locale = locale

    def __enter__(self) -> None:
        self._token = _formatting.set(self._locale)

    def __exit__(self, *_: object) -> None:
        _formatting.reset(self._token)
