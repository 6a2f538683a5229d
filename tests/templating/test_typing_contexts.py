"""Stored contexts are read into plain data at once: what their contract's model makes of them."""

import copy
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    computed_field,
    field_validator,
)
from pydantic_core import SchemaValidator

from templating import contracts
from templating.personal import NOT_PERSONAL
from templating.typing_contexts import reader

CONTRACTS = contracts.registered()


class Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[str, NOT_PERSONAL]
    price: Decimal
    note: str | None = None


class Bill(BaseModel):
    at: datetime
    kind: Literal["new", "paid"] = "new"
    lines: Annotated[list[Line], NOT_PERSONAL]
    first: Line | None = None
    count: int = Field(default=1, ge=1)
    shown: Annotated[str, AfterValidator(str.upper)] = Field(default="x", max_length=3)


BILL: dict[str, Any] = {"at": "2026-11-29T10:00:00Z", "lines": [{"name": "Tea", "price": "4.50"}]}


def as_the_model_does(model: type[BaseModel], data: Any) -> Any:
    return model.model_validate(data, extra="ignore").model_dump()


def is_quick(model: type[BaseModel]) -> bool:
    return isinstance(getattr(reader(model), "__self__", None), SchemaValidator)


def changed(data: Any) -> Iterator[Any]:
    """Yield copies of data, each with one value of it left out, or of another kind."""
    if isinstance(data, dict):
        for name, value in data.items():
            rest = {key: kept for key, kept in data.items() if key != name}
            yield rest
            yield {**rest, name: None}
            yield {**rest, name: 7}
            yield {**rest, name: "seven"}
            yield {**rest, name: [value]}
            yield {**rest, "unknown": value, name: value}
            for other in changed(value):
                yield {**rest, name: other}
    elif isinstance(data, list) and data:
        yield []
        for other in changed(data[0]):
            yield [other, *data[1:]]


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.event)
def test_every_contract_is_read_as_its_model_reads_it(contract: Any) -> None:
    read = reader(contract.context)
    for sample in contract.samples.values():
        stored = sample.model_dump(mode="json")
        kept = copy.deepcopy(stored)
        assert read(stored) == as_the_model_does(contract.context, stored) == sample.model_dump()
        assert stored == kept


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.event)
def test_whatever_is_stored_is_read_or_refused_as_the_model_does(contract: Any) -> None:
    [sample, *_] = contract.samples.values()
    same(contract.context, list(changed(sample.model_dump(mode="json"))))


def test_defaults_bounds_and_marks_are_the_models() -> None:
    assert is_quick(Bill)
    assert reader(Bill)(BILL) == {
        "at": datetime(2026, 11, 29, 10, tzinfo=UTC),
        "kind": "new",
        "lines": [{"name": "Tea", "price": Decimal("4.50"), "note": None}],
        "first": None,
        "count": 1,
        "shown": "x",
    }
    full = {**BILL, "kind": "paid", "first": BILL["lines"][0], "count": 3, "shown": "abc"}
    same(Bill, [BILL, full, *changed(full), {**BILL, "shown": "abcd"}, {**BILL, "count": 0}])


def same(model: type[BaseModel], contexts: list[Any]) -> None:
    refused = 0
    for context in contexts:
        try:
            expected = as_the_model_does(model, context)
        except ValidationError as error:
            refused += 1
            with pytest.raises(ValidationError) as caught:
                reader(model)(context)
            wrong = {one["loc"] for one in error.errors()}
            assert {one["loc"] for one in caught.value.errors()} == wrong
        else:
            assert reader(model)(context) == expected
    assert 0 < refused < len(contexts)


class Validated(Line):
    @field_validator("name")
    @classmethod
    def shorten(cls, name: str) -> str:
        """Do what only a model's own method can."""
        return name[:1]


class Computed(Line):
    @computed_field  # type: ignore[prop-decorator]
    @property
    def double(self) -> Decimal:
        """Twice the price."""
        return 2 * self.price


class Renamed(Line):
    vat: Decimal = Field(alias="tax")


class Trimmed(BaseModel):
    model_config = ConfigDict(str_strip_whitespace=True)
    name: str


class Counted(BaseModel):
    lines: Annotated[list[Line], Field(max_length=1)]


class Made(BaseModel):
    names: list[str] = Field(default_factory=lambda: ["nobody"])


class Nested(BaseModel):
    lines: dict[str, Line]


def after_init(_self: Any, _context: Any) -> None:
    """Do nothing, where something could be done."""


Initialised = type("Initialised", (Line,), {"model_post_init": after_init})


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (Validated, {"name": "Tea", "price": "1"}),
        (Computed, {"name": "Tea", "price": "1"}),
        (Renamed, {"name": "Tea", "price": "1", "tax": "0.1"}),
        (Trimmed, {"name": " Tea "}),
        (Counted, {"lines": [{"name": "Tea", "price": "1"}]}),
        (Made, {}),
        (Nested, {"lines": {"a": {"name": "Tea", "price": "1"}}}),
        (Initialised, {"name": "Tea", "price": "1"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_model_that_does_more_than_to_declare_fields_reads_for_itself(
    model: type[BaseModel], data: Any
) -> None:
    assert not is_quick(model)
    assert reader(model)(data) == as_the_model_does(model, data)


def test_the_contracts_of_orders_are_read_at_once() -> None:
    found = [one.context for one in CONTRACTS if one.event.startswith("order.")]
    assert found
    assert all(map(is_quick, found))
