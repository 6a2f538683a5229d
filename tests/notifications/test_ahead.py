"""One mail is made before it is asked for: in its turn, once, its mistakes told to who takes it."""

import time
from collections.abc import Iterator
from typing import Any, cast

import pytest

from notifications.ahead import QUICK, Ahead, Made


def ahead_of(made: Iterator[Any]) -> Ahead:
    return Ahead(cast("Iterator[Made]", made))


def test_what_is_made_ahead_is_taken_in_its_turn() -> None:
    making: list[int] = []

    def made() -> Iterator[int]:
        for number in range(1, 5):
            making.append(number)
            yield number

    ahead = ahead_of(made())
    assert ahead.take() == 1
    ahead.make()
    ahead.make()
    assert making == [1, 2]
    assert [ahead.take() for _ in range(4)] == [2, 3, 4, None]
    assert ahead.given_up() is None


def test_what_was_not_taken_can_be_given_up() -> None:
    ahead = ahead_of(iter([1, 2]))
    ahead.make()
    assert ahead.given_up() == 1
    assert ahead.given_up() is None
    assert ahead.take() == 2


def test_a_mistake_is_told_to_who_takes() -> None:
    def made() -> Iterator[int]:
        yield 1
        raise RuntimeError("a mistake")

    ahead = ahead_of(made())
    assert ahead.take() == 1
    ahead.make()
    with pytest.raises(RuntimeError, match="a mistake"):
        ahead.take()
    assert ahead.take() is None
    assert ahead.given_up() is None


def test_the_time_that_making_takes_is_known() -> None:
    def made() -> Iterator[int]:
        yield 1
        time.sleep(2 * QUICK)
        yield 2
        yield 3

    ahead = ahead_of(made())
    ahead.take()
    assert ahead.is_quick
    ahead.take()
    assert not ahead.is_quick
    assert ahead.seconds >= 2 * QUICK
    ahead.take()
    assert ahead.is_quick
