"""The state machine that the registered events add up to, tried with any sequence of them."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orders import event_types, state_machine
from orders.errors import IllegalEvent, OrderRefused
from orders.event_types import EventData, NoData, Standing
from orders.states import Status

EVENTS = {
    name: event_types.registered()[name]
    for name in ("placed", "paid", "shipped", "delivered", "cancelled", "refunded")
}
TRIED = st.sampled_from(sorted(EVENTS))
REFUND = EVENTS["refunded"].data


def standing(total: str = "100.00") -> Standing:
    """Return where an order of this total stands once it is placed."""
    return Standing(
        status=Status.PLACED,
        is_paid=False,
        total=Decimal(total),
        refunded_total=Decimal(0),
        currency="USD",
    )


def after(start: Standing, *names: str) -> Standing:
    """Return where the order stands after these events."""
    for name in names:
        start = advance(start, name).standing
    return start


def advance(start: Standing, name: str, data: EventData | None = None) -> event_types.Outcome:
    """Try one event."""
    return state_machine.advance(
        EVENTS[name], data or EVENTS[name].data(), standing=start, events=EVENTS
    )


def attempt(
    start: Standing, name: str, data: EventData | None = None
) -> event_types.Outcome | IllegalEvent | OrderRefused:
    """Try one event; return what came of it, a refusal too."""
    try:
        return advance(start, name, data)
    except (IllegalEvent, OrderRefused) as refused:
        return refused


@pytest.mark.parametrize(
    ("way", "legal"),
    [
        ((), ["cancelled", "paid"]),
        (("paid",), ["cancelled", "refunded", "shipped"]),
        (("paid", "shipped"), ["delivered", "refunded"]),
        (("paid", "shipped", "delivered"), ["refunded"]),
        (("cancelled",), []),
        (("paid", "cancelled"), ["refunded"]),
        (("paid", "refunded"), []),
        (("paid", "cancelled", "refunded"), []),
    ],
)
def test_what_may_happen_next_is_what_the_design_says(
    way: tuple[str, ...], legal: list[str]
) -> None:
    assert list(state_machine.legal_events(after(standing(), *way), EVENTS)) == legal


@given(st.lists(TRIED, max_size=12), st.sampled_from(["0.00", "0.01", "100.00"]))
def test_no_sequence_of_events_leads_where_none_should(tried: list[str], total: str) -> None:
    now = standing(total)
    history: list[str] = []
    for name in tried:
        legal = state_machine.legal_events(now, EVENTS)
        outcome = attempt(now, name)
        if isinstance(outcome, IllegalEvent):
            assert name not in legal
            assert outcome.legal == legal
            continue
        assert isinstance(outcome, event_types.Outcome)
        assert name in legal
        now = outcome.standing
        history.append(name)

    assert len(history) == len(set(history)), "nothing whole happens twice"
    assert ("shipped" in history) <= ("paid" in history)
    assert ("delivered" in history) <= ("shipped" in history)
    assert not {"cancelled", "shipped"} <= set(history), "what was shipped is not cancelled"
    assert now.is_paid == ("paid" in history)
    assert (now.status == Status.REFUNDED) == ("refunded" in history)
    assert 0 <= now.refunded_total <= now.total
    assert now.refunded_total == (now.total if "refunded" in history else 0)


@given(st.lists(st.integers(-5, 60_00), max_size=8), st.integers(0, 100_00))
def test_partial_refunds_never_give_back_more_than_was_paid(cents: list[int], total: int) -> None:
    now = after(standing(str(Decimal(total) / 100)), "paid")
    given_back = Decimal(0)
    for cent in cents:
        amount = Decimal(abs(cent)) / 100
        outcome = attempt(now, "refunded", REFUND(amount=amount))
        if isinstance(outcome, OrderRefused):
            assert [problem.path for problem in outcome.problems] == [("data", "amount")]
            assert amount > now.refundable or amount == 0
            continue
        if isinstance(outcome, IllegalEvent):
            assert now.status == Status.REFUNDED
            continue
        now, given_back = outcome.standing, given_back + amount
        assert now.refunded_total == given_back <= now.total
        assert (now.status == Status.REFUNDED) == (given_back == now.total)
    assert now.status in {Status.PAID, Status.REFUNDED}


def test_a_refund_without_an_amount_is_of_what_remains() -> None:
    once = advance(after(standing(), "paid"), "refunded", REFUND(amount="30.00")).standing
    assert once.status == Status.PAID

    rest = advance(once, "refunded")

    assert rest.standing.status == Status.REFUNDED
    assert rest.data.model_dump()["amount"] == Decimal("70.00")


def test_an_order_of_nothing_can_be_refunded_once() -> None:
    free = after(standing("0.00"), "paid", "refunded")
    assert free.status == Status.REFUNDED
    assert state_machine.legal_events(free, EVENTS) == ()


def test_every_status_but_the_first_is_reached_by_some_event() -> None:
    reached = set().union(*state_machine.reachable(EVENTS).values())
    assert reached == set(Status) - {Status.PLACED}


def test_an_event_that_leads_nowhere_leaves_the_status() -> None:
    noted = replace(
        EVENTS["shipped"], name="noted", data=NoData, legal_from=frozenset(Status), leads_to=None
    )
    now = after(standing(), "paid")
    outcome = state_machine.advance(noted, NoData(), standing=now, events=EVENTS)
    assert outcome.standing == now
