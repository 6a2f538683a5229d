"""The transition table, as properties."""

import pytest

from notifications.models import Notification
from notifications.states import (
    CLAIMABLE,
    NEEDS_ATTENTION,
    OPEN,
    REDRIVABLE,
    REPORTED,
    REPORTED_SOURCES,
    TRANSITIONS,
    IllegalTransitionError,
    Status,
    sources,
)


def test_every_state_says_where_it_leads() -> None:
    assert set(TRANSITIONS) == set(Status)


def test_every_state_is_reached_from_queued() -> None:
    reached, frontier = {Status.QUEUED}, [Status.QUEUED]
    while frontier:
        frontier += (new := TRANSITIONS[frontier.pop()] - reached)
        reached |= new
    assert reached == set(Status)


def test_sources_is_the_table_read_backwards() -> None:
    for to in Status:
        assert {(source, to) for source in sources(to)} == {
            (source, target)
            for source, targets in TRANSITIONS.items()
            for target in targets
            if target == to
            for source, targets in TRANSITIONS.items()
            for target in targets
            if target == to
        }


def test_a_provider_overrules_what_we_believe_but_no_final_report() -> None:
    for to in REPORTED:
        assert sources(to, reported=True) >= REPORTED_SOURCES
    assert Status.BOUNCED not in sources(Status.DELIVERED, reported=True)
    assert Status.COMPLAINED not in sources(Status.DELIVERED, reported=True)


def test_a_report_cannot_bring_about_what_no_provider_can_know() -> None:
    for to in set(Status) - REPORTED:
        assert sources(to, reported=True) == sources(to)


def test_what_is_open_goes_on_by_itself_and_what_needs_attention_does_not() -> None:
    assert CLAIMABLE | {Status.SENDING} == OPEN
    assert not OPEN & NEEDS_ATTENTION
    assert all(TRANSITIONS[status] == {Status.QUEUED} for status in REDRIVABLE)


def test_an_illegal_move_is_a_programming_error() -> None:
    with pytest.raises(IllegalTransitionError, match="CANCELLED"):
        Notification.objects.all().move(Status.SENDING, only_from=[Status.CANCELLED])
