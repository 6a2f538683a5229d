"""The circuit breaker, the pauses and the mass-rejection guard, as values."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from providers import chains, standing
from providers.breaker import (
    TRANSITIONS,
    Breaker,
    BreakerPolicy,
    BreakerState,
    Moment,
    News,
    after,
    news_of,
)
from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    ProviderError,
    TransientError,
    UnknownOutcome,
)
from providers.standing import Standing, StandingPolicy
from providers.standing_codec import decode_change, decode_standing, encode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POLICY = BreakerPolicy(
    failures=5,
    first=timedelta(seconds=1),
    longest=timedelta(seconds=30),
    longest_alone=timedelta(seconds=3),
    probe_lease=timedelta(seconds=30),
)
STANDING_POLICY = StandingPolicy(
    breaker=POLICY, rejections=10, rejection_pause=timedelta(minutes=15)
)
ERRORS = (TransientError, ConfigurationError, PermanentError, UnknownOutcome)


def at(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def error(
    kind: type[ProviderError], code: str = "x", retry_after: timedelta | None = None
) -> ProviderError:
    return kind(provider="a", phase=Phase.RESPONSE, code=code, summary="s", retry_after=retry_after)


def hears(breaker: Breaker, news: News, seconds: float = 0, *, alone: bool = False) -> Breaker:
    return after(breaker, news, Moment(now=at(seconds), reason="r", policy=POLICY, alone=alone))


def opened(times: int = 1) -> Breaker:
    """A breaker after so many openings in a row, the last one at NOW."""
    return Breaker(state=BreakerState.OPEN, since=NOW, reason="r", openings=times)


def test_the_table_knows_every_state_and_every_piece_of_news() -> None:
    assert set(TRANSITIONS) == {(state, news) for state in BreakerState for news in News}


def test_it_opens_after_five_failures_in_a_row_and_says_why() -> None:
    breaker = Breaker()
    for _ in range(4):
        breaker = hears(breaker, News.FAILED)
    assert breaker.state is BreakerState.CLOSED
    breaker = hears(breaker, News.FAILED, 2)
    assert (breaker.state, breaker.since, breaker.reason) == (BreakerState.OPEN, at(2), "r")


def test_an_answer_in_between_begins_the_count_anew() -> None:
    breaker = Breaker()
    for _ in range(3):
        for _ in range(4):
            breaker = hears(breaker, News.FAILED)
        breaker = hears(breaker, News.ANSWERED)
    assert breaker.state is BreakerState.CLOSED


def test_only_what_tells_of_the_providers_health_counts() -> None:
    assert news_of(error(TransientError)) is News.FAILED
    assert news_of(error(ConfigurationError)) is News.FAILED
    assert news_of(error(UnknownOutcome)) is News.FAILED
    assert news_of(error(PermanentError)) is News.ANSWERED
    assert news_of(error(TransientError, "rate_limited")) is None
    assert news_of(error(TransientError, "smtp_450")) is None


def test_it_stays_open_longer_after_each_probe_that_fails_up_to_a_bound() -> None:
    waits = [POLICY.open_for(times, alone=False).total_seconds() for times in range(1, 9)]
    assert waits == [1, 2, 4, 8, 16, 30, 30, 30]
    alone = [POLICY.open_for(times, alone=True).total_seconds() for times in range(1, 5)]
    assert alone == [1, 2, 3, 3]


def test_one_probe_goes_and_nobody_else() -> None:
    assert hears(opened(), News.PROBED, 0.5) == opened()
    probing = hears(opened(), News.PROBED, 1)
    assert (probing.state, probing.lease_ends) == (BreakerState.HALF_OPEN, at(31))
    assert hears(probing, News.PROBED, 30) == probing


def test_a_probe_whose_worker_died_is_given_up_when_its_lease_ends() -> None:
    probing = hears(opened(), News.PROBED, 1)
    again = hears(probing, News.PROBED, 31)
    assert (again.since, again.lease_ends) == (at(31), at(61))


def test_a_probe_that_is_answered_closes_it_and_one_that_fails_opens_it_for_longer() -> None:
    probing = hears(opened(), News.PROBED, 1)
    assert hears(probing, News.ANSWERED, 2).state is BreakerState.CLOSED
    failed = hears(probing, News.FAILED, 2)
    assert (failed.state, failed.openings) == (BreakerState.OPEN, 2)
    assert failed.probe_at(POLICY, alone=False) == at(4)


def test_a_probe_given_back_unused_may_be_taken_at_once() -> None:
    back = hears(hears(opened(5), News.PROBED, 16), News.UNUSED, 17)
    assert back.state is BreakerState.OPEN
    assert hears(back, News.PROBED, 17).state is BreakerState.HALF_OPEN


def test_late_news_of_mail_that_was_under_way_does_not_move_an_open_breaker() -> None:
    assert hears(opened(), News.ANSWERED, 0.5) == opened()
    assert hears(opened(), News.FAILED, 0.5) == opened()


def test_a_relapse_soon_after_closing_goes_on_where_it_was() -> None:
    closed = Breaker(since=NOW, openings=4)
    soon, late = closed, closed
    for _ in range(5):
        soon, late = hears(soon, News.FAILED, 10), hears(late, News.FAILED, 31)
    assert (soon.openings, late.openings) == (5, 1)


@given(
    st.lists(st.tuples(st.sampled_from(list(News)), st.floats(0, 100), st.booleans()), max_size=60)
)
def test_whatever_it_hears_it_can_be_probed_again_within_its_bounds(
    story: list[tuple[News, float, bool]],
) -> None:
    breaker, now = Breaker(), 0.0
    for news, pause, alone in story:
        now += pause
        breaker = hears(breaker, news, now, alone=alone)
        due = breaker.probe_at(POLICY, alone=False)
        assert (due is None) == (breaker.state is BreakerState.CLOSED)
        if due is not None:
            assert due <= at(now) + max(POLICY.longest, POLICY.probe_lease)
            assert hears(breaker, News.PROBED, now + 31).state is BreakerState.HALF_OPEN
        assert 0 <= breaker.failures < POLICY.failures


@given(st.lists(st.sampled_from([News.ANSWERED, News.UNUSED, News.PROBED]), max_size=30))
def test_without_a_failure_it_never_opens(story: list[News]) -> None:
    breaker = Breaker()
    for news in story:
        breaker = hears(breaker, news)
    assert breaker == Breaker()


# --- the standing: refusals and pauses -----------------------------------------------------------


def refused(known: Standing, recipient: str | None, seconds: float = 0) -> Standing:
    return standing.after_failure(
        known,
        error(PermanentError, "recipient_rejected"),
        recipient_hash=recipient,
        now=at(seconds),
        policy=STANDING_POLICY,
    )


def accepted(known: Standing) -> Standing:
    return standing.after_acceptance(known, Moment(now=NOW, reason="accepted", policy=POLICY))


def test_ten_distinct_recipients_refused_in_a_row_pause_a_provider() -> None:
    known = Standing()
    for number in range(9):
        known = refused(known, str(number))
    assert known.pause is None
    known = refused(known, "9")
    assert known.pause is not None
    assert (known.pause.reason, known.pause.until) == ("mass_rejection", at(900))
    assert known.pause.is_alarm
    assert known.breaker.state is BreakerState.CLOSED


def test_one_recipient_refused_often_or_an_acceptance_in_between_pauses_nobody() -> None:
    known = Standing()
    for _ in range(30):
        known = refused(refused(known, "the same"), None)
    for number in range(9):
        known = refused(accepted(known) if number == 4 else known, str(number))
    assert known.pause is None


def test_after_the_pause_one_more_refusal_is_enough() -> None:
    known = Standing()
    for number in range(10):
        known = refused(known, str(number))
    assert refused(known, "next", 901).paused(now=at(902)) is not None
    assert refused(accepted(known), "next", 901).paused(now=at(902)) is None


def test_mails_that_are_refused_together_for_the_settings_lengthen_the_pause_once() -> None:
    known = Standing()
    for _ in range(4):
        known = standing.after_failure(
            known,
            error(ConfigurationError, "unauthorized"),
            recipient_hash=None,
            now=NOW,
            policy=STANDING_POLICY,
        )
    assert known.pause is not None
    assert known.pause.until == at(30)


moments = st.integers(0, 10_000).map(at)


@given(
    st.lists(
        st.tuples(st.sampled_from(ERRORS), st.sampled_from("abcdefghijklmnop"), st.integers(0, 99)),
        max_size=40,
    )
)
def test_a_standing_survives_its_storage(
    story: list[tuple[type[ProviderError], str, int]],
) -> None:
    known, now = Standing(), 0
    for kind, recipient, pause in story:
        now += pause
        known = standing.after_failure(
            known, error(kind), recipient_hash=recipient, now=at(now), policy=STANDING_POLICY
        )
        assert decode_standing(encode(known)) == known


def test_what_cannot_be_read_is_a_fresh_standing() -> None:
    for text in (None, "", "nonsense", "{}", '{"breaker": 1}', "[]"):
        assert decode_standing(text) == Standing()
    for text in ("nonsense", "[]", '{"at": 1}', '{"at": "2026-11-22T12:00:00", "until": null}'):
        assert decode_change(text) is None


# --- the chain -----------------------------------------------------------------------------------


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(BreakerState)),
            st.integers(-60, 60),
            st.none() | st.integers(1, 60),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_a_plan_names_somebody_or_a_time(
    given: list[tuple[BreakerState, int, int | None]],
) -> None:
    known = {
        str(place): Standing(
            breaker=Breaker(state=state, since=at(age), openings=1, lease_ends=at(age + 30)),
            pause=None if pause is None else standing.Pause(until=at(pause), reason="p"),
        )
        for place, (state, age, pause) in enumerate(given)
    }
    plan = chains.plan(known, now=NOW, policy=POLICY)
    assert bool(plan.chain) == (plan.available_at is None)
    assert plan.available_at is None or plan.available_at > NOW
    well = [alias for alias in known if known[alias].is_well(now=NOW)]
    assert plan.payer == (well[0] if well else None)
    assert plan.probe is None or plan.chain[0] == plan.probe != plan.payer
    assert plan.chain == tuple(sorted(plan.chain))
    assert all(known[alias].paused(now=NOW) is None for alias in plan.chain)
