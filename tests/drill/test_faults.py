"""The faults and kills of a seed, and what a fault means for a message that was taken."""

from collections import Counter
from datetime import timedelta

import pytest

from tests.drill.faults import HTTP_FAULTS, SMTP_FAULTS, mishap_of, plan_of
from tests.drill.kills import Target, order_of_kills
from tests.support import fake_esp, smtp_sink
from tests.support.fake_esp import HttpFault
from tests.support.smtp_sink import SmtpFault, Stage

PATIENCE = timedelta(seconds=2)
ORDERS = 2000


def test_the_same_seed_gives_the_same_faults_and_another_one_others() -> None:
    plans = [plan_of(7, number) for number in range(50)]
    assert plans == [plan_of(7, number) for number in range(50)]
    assert plans != [plan_of(8, number) for number in range(50)]


def test_a_drill_of_the_usual_size_meets_every_fault() -> None:
    plans = [plan_of(1, number) for number in range(ORDERS)]
    first = {_kind(fault) for plan in plans for fault in plan.first}
    second = {_kind(fault) for plan in plans for fault in plan.second}
    # 502, "reset after the body" and "closed after the body" come both taken and not taken.
    assert len(first) == len(HTTP_FAULTS) + 2
    assert len(second) == len(SMTP_FAULTS) + 2


def _kind(fault: HttpFault | SmtpFault) -> tuple[object, ...]:
    """Return what tells faults apart, without the lengths of waits."""
    if isinstance(fault, HttpFault):
        return fault.action, fault.status, str(fault.body), fault.accept
    return fault.action, fault.stage, fault.reply, fault.accept


def test_kills_come_in_the_order_of_the_seed_and_all_of_them() -> None:
    kills = order_of_kills(1, children=5, mains=3, brokers=2)
    assert kills == order_of_kills(1, children=5, mains=3, brokers=2)
    assert kills != order_of_kills(2, children=5, mains=3, brokers=2)
    counted = Counter(target for _, target in kills)
    assert counted == {Target.CHILD: 5, Target.MAIN: 3, Target.BROKER: 2}
    assert len({name for name, _ in kills}) == len(kills)


MISHAPS = [
    (fake_esp.slow(0.5), "slow answer", False),
    (fake_esp.slow(2.5), "slow answer", True),
    (fake_esp.silence(accept=True), "no answer", True),
    (fake_esp.reset_after_body(accept=True), "reset after the body", True),
    (fake_esp.server_error(502, accept=True), "502", True),
    (fake_esp.wrong_json(), "wrong JSON", True),
    (smtp_sink.slow(0.5), "slow answer", False),
    (smtp_sink.hang(accept=True), "no answer", True),
    (smtp_sink.reset(at=Stage.BODY, accept=True), "reset after the body", True),
    (smtp_sink.disconnect(at=Stage.BODY, accept=True), "closed after the body", True),
]


@pytest.mark.parametrize(("fault", "name", "loses_answer"), MISHAPS)
def test_a_fault_says_whether_it_loses_the_answer(
    fault: HttpFault | SmtpFault, name: str, loses_answer: bool
) -> None:
    mishap = mishap_of(fault, patience=PATIENCE)
    assert mishap is not None
    assert (mishap.name, mishap.loses_answer) == (name, loses_answer)


def test_a_message_that_met_no_fault_has_no_mishap() -> None:
    assert mishap_of(None, patience=PATIENCE) is None
