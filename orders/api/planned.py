"""From what the services plan to a write that is carried out once for each Idempotency-Key."""

from collections.abc import Callable

from rest_framework.response import Response

from access.idempotency import Write
from orders.api.errors import told_to_clients
from orders.services import Plan, Row


def planned_write(plan: Plan[Row], describe: Callable[[Row], Response]) -> Write:
    """Return the write that `plan` is.

    Args:
        plan: what is to be carried out.
        describe: returns the answer for what was written; it asks the database nothing.
    """
    answer = None if plan.expected is None else describe(plan.expected)

    def carry_out() -> Response:
        with told_to_clients():
            written = plan.carry_out()
        if answer is not None and written is plan.expected:
            return answer
        return describe(written)

    return Write(carry_out=carry_out, answer=answer)
