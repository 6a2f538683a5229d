"""Numbers for orders that come without one."""

from collections.abc import Iterator

from orders.models import AssignedNumber, Order

FIRST = 1000
LARGEST_BLOCK = 1000


def candidates() -> Iterator[str]:
    """Yield numbers that nobody else is offered, from SO-1001 on; take one that proves free.

    Clients may have used any of them for their own orders: from the second on, the numbers that
    exist are passed over, in growing blocks, so that a hundred thousand taken ones cost a hundred
    queries and not as many attempts. Blocks leave gaps: numbers are unique, not dense.

    Each draws from the sequence in the caller's transaction, or by itself where there is none.
    """
    yield _number(AssignedNumber.objects.create())
    size = 1
    while True:
        size = min(size * 10, LARGEST_BLOCK)
        drawn = AssignedNumber.objects.bulk_create([AssignedNumber() for _ in range(size)])
        block = [_number(each) for each in drawn]
        taken = set(Order.objects.filter(number__in=block).values_list("number", flat=True))
        free = [number for number in block if number not in taken]
        yield from free[:1]


def _number(drawn: AssignedNumber) -> str:
    return f"SO-{FIRST + drawn.pk}"
