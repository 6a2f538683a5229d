"""What can be written at a place in a template: names with types and samples, filters, files."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jinja2.filters
import jinja2.tests
from pydantic import BaseModel

from studio.inventory import Inventory
from templating import contracts, strings
from templating.checking import contract_shapes
from templating.checking.shapes import ListOf, Maybe, Nothing, Record, Scalar, Shape, certain
from templating.conditions import TESTS
from templating.filters import FILTERS
from templating.functions import GLOBALS
from templating.publishing import Target

Entry = dict[str, Any]
TYPES = {
    "str": "text",
    "int": "number",
    "float": "number",
    "Decimal": "amount",
    "bool": "boolean",
    "date": "day",
    "datetime": "time",
    "time": "time",
}
LONGEST_SAMPLE = 80


def completion(target: Target, inventory: Inventory) -> dict[str, Any]:
    """Return everything that a template of this mail can use, with values of the first sample."""
    contract = contracts.get(target.event)
    sample = next(iter(contract.samples.values()))
    words = strings.merged(
        dict(
            strings.files(
                inventory.source(target), locale=target.locale, default=inventory.default_locale
            )
        )
    )
    return {
        "names": [
            *_fields(contract.context, sample.model_dump(mode="json")),
            _entry("t", "group", "The words of this locale.", children=_words(words)),
            _entry("locale", "text", "The locale that this mail is written in.", target.locale),
        ],
        "filters": _described(FILTERS, jinja2.filters.FILTERS),
        "tests": _described(TESTS, jinja2.tests.TESTS),
        "functions": _described(GLOBALS, {}),
        "files": [name for name in inventory.shared if name.endswith(".jinja")],
    }


def _entry(
    name: str,
    kind: str,
    doc: str,
    sample: Any = None,
    *,
    optional: bool = False,
    children: list[Entry] | None = None,
    item: list[Entry] | None = None,
) -> Entry:
    return {
        "name": name,
        "type": kind,
        "doc": doc,
        "sample": _shown(sample),
        "optional": optional,
        "children": children or [],
        "item": item or [],
    }


def _fields(model: type[BaseModel], sample: Mapping[str, Any]) -> list[Entry]:
    shapes = contract_shapes.fields(model)
    return [
        _field(name, shapes[name], field.description or "", sample.get(name))
        for name, field in model.model_fields.items()
    ]


def _field(name: str, shape: Shape, doc: str, sample: Any) -> Entry:
    known = certain(shape)
    children: list[Entry] = []
    item: list[Entry] = []
    if isinstance(known, Record):
        children = _fields(known.model, sample if isinstance(sample, dict) else {})
    elif isinstance(known, ListOf) and isinstance(certain(known.item), Record):
        record: Any = certain(known.item)
        first = sample[0] if isinstance(sample, list) and sample else {}
        item = _fields(record.model, first)
    optional = isinstance(shape, Maybe | Nothing)
    return _entry(name, _type(known), doc, sample, optional=optional, children=children, item=item)


def _type(shape: Shape) -> str:
    match shape:
        case Scalar(kind=kind):
            return TYPES.get(kind.__name__, kind.__name__)
        case ListOf():
            return "list"
        case Record():
            return "group"
    return "value"


def _shown(sample: Any) -> str | None:
    if sample is None or isinstance(sample, dict):
        return None
    if isinstance(sample, list):
        return f"{len(sample)} entries"
    text = str(sample).lower() if isinstance(sample, bool) else str(sample)
    return text if len(text) <= LONGEST_SAMPLE else f"{text[: LONGEST_SAMPLE - 1]}…"


def _words(words: Mapping[str, Any]) -> list[Entry]:
    return [
        _entry(name, "group", "", children=_words(value))
        if isinstance(value, dict)
        else _entry(name, "text", "", value)
        for name, value in words.items()
    ]


def _described(
    ours: Mapping[str, Callable[..., Any]], jinjas: Mapping[str, Any]
) -> list[dict[str, str]]:
    return [
        {"name": name, "doc": next(_docs(found, jinjas.get(name)), "")}
        for name, found in sorted(ours.items())
        if name.isidentifier()
    ]


def _docs(*functions: Callable[..., Any] | None) -> Iterator[str]:
    """Yield the first sentence of each function's own documentation."""
    for function in functions:
        doc = inspect.getdoc(function) if inspect.isroutine(function) else None
        if doc:
            yield doc.partition("\n\n")[0].replace("\n", " ")
