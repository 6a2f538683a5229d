"""What a value looks like in a mail, and what it costs: the quick way beside the plain one."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup, escape

from templating import budget
from templating.errors import BoundsExceeded
from templating.printing import shown_in_html, shown_in_text, text_of
from templating.undefined import NamedUndefined


class Shouting(str):
    """A text that is more than a text."""

    __slots__ = ()


VALUES = st.one_of(
    st.text(),
    st.text(alphabet="&<>\"'a;\x00\u2028é한"),
    st.text().map(Markup),
    st.text().map(Shouting),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.decimals(),
    st.builds(NamedUndefined, name=st.just("order.numbr")),
    st.sampled_from(
        [
            date(2026, 3, 14),
            datetime(2026, 3, 14, tzinfo=UTC),
            timedelta(minutes=5),
            Decimal("1.50"),
            UUID(int=7),
            ["a"],
            {"a": 1},
            ("a",),
            object(),
            b"bytes",
            len,
        ]
    ),
)


def said(show: Callable[[Any], str], value: Any) -> tuple[Any, ...]:
    """Return what a way of showing makes of a value, or raises, and what is left of the budget."""
    with budget.opened() as running:
        try:
            shown = show(value)
            result: tuple[Any, ...] = (isinstance(shown, str), str(shown))
        except Exception as error:  # noqa: BLE001  whatever it is, it must be the same
            result = (type(error), str(error))
        return (*result, running.characters, running.steps)


@given(VALUES)
def test_in_html_a_value_is_what_escaping_its_text_makes_of_it(value: Any) -> None:
    assert said(lambda one: shown_in_html(one, budget.current()), value) == said(
        lambda one: escape(text_of(one)), value
    )


@given(VALUES)
def test_in_text_a_value_is_its_text(value: Any) -> None:
    assert said(lambda one: shown_in_text(one, budget.current()), value) == said(
        lambda one: str(text_of(one)), value
    )


@pytest.mark.parametrize("show", [shown_in_html, shown_in_text])
@pytest.mark.parametrize("value", ["x" * 11, Markup("x" * 11), Shouting("x" * 11), "<" * 11])
def test_what_the_budget_does_not_cover_is_not_shown(
    show: Callable[[Any, budget.Budget], str], value: str
) -> None:
    with budget.opened() as running:
        running.characters = 10
        with pytest.raises(BoundsExceeded):
            show(value, running)
