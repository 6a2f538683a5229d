"""Stored JSON is read as the standard library reads it, only sooner."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access import loaded_rows

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(value=ANYTHING, ascii_only=st.booleans())
def test_stored_json_is_what_the_standard_library_makes_of_it(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    found, expected = loaded_rows._json(text), json.loads(text)
    # As text, where NaN is equal to itself, and 1 and 1.0 and True are not.
    assert repr(found) == repr(expected)


@pytest.mark.parametrize(
    "text",
    [
        '{"a": "\\ud800"}',
        '{"\\udfff": 1}',
        "[" * 400 + "]" * 400,
        '{"a": 1, "a": 2}',
        "1" * 400,
        "-0",
        "1e400",
        "0.1000000000000000055511151231257827",
        ' {"a"\n:\t1} ',
    ],
    ids=ascii,
)
def test_so_is_what_is_odd(text: str) -> None:
    assert repr(loaded_rows._json(text)) == repr(json.loads(text))
