"""From DRF's nested error details to a flat list with a JSON pointer (RFC 6901) for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from rest_framework.exceptions import ErrorDetail
from rest_framework.settings import api_settings

Path = tuple[str | int, ...]

# One error's text may quote what the client sent, which may be as long as the body.
MAX_DETAIL = 500


@dataclass(frozen=True, kw_only=True)
class FieldError:
    """One error and its place: keys and indexes from the outermost value inwards."""

    path: Path
    detail: str
    code: str

    @property
    def pointer(self) -> str:
        """Return the place as a JSON pointer in its URI fragment form, such as "#/lines/0/sku"."""
        return to_pointer(self.path)

    @property
    def parameter(self) -> str:
        """Return the place as the name of a query parameter; "" for the query as a whole."""
        return str(self.path[0]) if self.path else ""


def to_pointer(path: Sequence[str | int]) -> str:
    """Write `path` as a JSON pointer in its URI fragment form; the whole document is "#"."""
    escaped = (str(part).replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(part, safe='~')}" for part in escaped)


def flatten(detail: Any, *, path: Path = ()) -> Iterator[FieldError]:
    """Yield every error in DRF's `detail` with its place, in the order of the fields.

    A list may hold errors of the value itself (texts) or of its items (dictionaries, one for each
    item, empty where the item is good); `non_field_errors` belongs to the object around it.
    """
    if isinstance(detail, dict):
        for key, value in detail.items():
            own = key == api_settings.NON_FIELD_ERRORS_KEY
            yield from flatten(value, path=path if own else (*path, key))
    elif isinstance(detail, list | tuple):
        for index, value in enumerate(detail):
            is_text = isinstance(value, str)
            yield from flatten(value, path=path if is_text else (*path, index))
    else:
        code = detail.code if isinstance(detail, ErrorDetail) else None
        text = str(detail)
        shown = text if len(text) <= MAX_DETAIL else f"{text[:MAX_DETAIL]}…"
        yield FieldError(path=path, detail=shown, code=code or "invalid")


def nest(path: Path, error: ErrorDetail) -> Any:
    """Return DRF's nested form of one error at `path`: the inverse of `flatten`."""
    detail: Any = [error]
    for part in reversed(path):
        detail = {part: detail}
    return detail
