"""Reads a request's JSON body and refuses, with the place, whatever is not plainly a JSON object.

Python's `json` is lenient where it hurts: it takes NaN, lets the last of two equal keys win, turns
1e999 into infinity and hands out strings that no database can store.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import IO, Any, Never

from django.utils.http import parse_header_parameters
from rest_framework.exceptions import ErrorDetail, UnsupportedMediaType, ValidationError
from rest_framework.parsers import JSONParser

from access import pointers
from access.problems import MalformedBody

MAX_DEPTH = 32
# Far above any number with a meaning, far below 4,300, where Python's int() raises ValueError.
MAX_NUMBER_LENGTH = 100
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
SHOWN = 60


class StrictJSONParser(JSONParser):
    """Parses `application/json` into a dict; `BodyLimitMiddleware` has bounded the body's size."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Return the object in `stream`.

        Raises:
            MalformedBody: it is not one JSON object in UTF-8.
            ValidationError: a string in it cannot be stored; with the pointer to it.
            UnsupportedMediaType: the content type declares another encoding.
        """
        charset = _charset(media_type)
        if charset not in {"utf-8", "us-ascii"}:
            raise UnsupportedMediaType(
                media_type or "", f"JSON bodies are in UTF-8, not in {charset[:SHOWN]}."
            )
        body = _load(_decode(stream.read()))
        if not isinstance(body, dict):
            kind = {list: "an array", str: "a string", bool: "a boolean"}.get(
                type(body), "a number"
            )
            raise MalformedBody(
                f"The body must be a JSON object, not {'null' if body is None else kind}."
            )
        _check(body)
        return body


def _charset(media_type: str | None) -> str:
    _, parameters = parse_header_parameters(media_type or "")
    declared = parameters.get("charset", "utf-8").lower()
    return {"utf8": "utf-8", "ascii": "us-ascii"}.get(declared, declared)


def _decode(raw: bytes) -> str:
    try:
        # RFC 8259, 8.1: a reader may ignore a byte order mark.
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MalformedBody(
            f"The body is not UTF-8: byte {error.start} cannot be decoded."
        ) from error


def _load(text: str) -> Any:
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise MalformedBody(
            f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.",
            line=error.lineno,
            column=error.colno,
        ) from error
    except RecursionError:
        raise _too_deep() from None


def _too_deep() -> MalformedBody:
    return MalformedBody(f"The body nests more than {MAX_DEPTH} levels deep.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    # The same key twice means two things; taking either would be a guess.
    twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
    raise MalformedBody(f"The key {_shown(twice)} appears twice in one object.")


def _shown(text: str) -> str:
    return json.dumps(text if len(text) <= SHOWN else f"{text[:SHOWN]}…", ensure_ascii=False)


def _integer(text: str) -> int:
    if len(text) > MAX_NUMBER_LENGTH:
        raise MalformedBody(f"The number {text[:20]}… has more than {MAX_NUMBER_LENGTH} digits.")
    return int(text)


def _fraction(text: str) -> float:
    """Return the number if a float holds it exactly as written: no amount changes silently."""
    if len(text) > MAX_NUMBER_LENGTH:
        raise MalformedBody(f"The number {text[:20]}… has more than {MAX_NUMBER_LENGTH} digits.")
    number = float(text)
    try:
        if math.isfinite(number) and Decimal(text) == Decimal(repr(number)):
            return number
    except InvalidOperation:
        pass  # an exponent that even Decimal cannot hold
    raise MalformedBody(f"The number {text} would lose digits; send it as a string.")


def _constant(text: str) -> Never:
    raise MalformedBody(f"The body is not JSON: {text} is not a JSON number.")


DECODER = json.JSONDecoder(
    object_pairs_hook=_unique, parse_int=_integer, parse_float=_fraction, parse_constant=_constant
)


def _check(body: dict[str, Any]) -> None:
    """Refuse what nests too deep or holds a string that PostgreSQL or UTF-8 cannot store."""
    waiting: list[tuple[pointers.Path, Any]] = [((), body)]
    while waiting:
        path, value = waiting.pop()
        if isinstance(value, str):
            _check_text(value, path)
        elif isinstance(value, dict | list):
            if len(path) >= MAX_DEPTH:
                raise _too_deep()
            waiting.extend(_children(path, value))


def _children(
    path: pointers.Path, value: dict[str, Any] | list[Any]
) -> Iterator[tuple[pointers.Path, Any]]:
    if isinstance(value, list):
        return (((*path, index), item) for index, item in enumerate(value))
    for key in value:
        _check_text(key, path)
    return (((*path, key), item) for key, item in value.items())


def _check_text(text: str, path: pointers.Path) -> None:
    found = UNSTORABLE.search(text)
    if found is None:
        return
    name = "the character U+0000" if found[0] == "\x00" else "half of a surrogate pair"
    error = ErrorDetail(f"Text must not contain {name}.", "unstorable_text")
    raise ValidationError(pointers.nest(path, error))
