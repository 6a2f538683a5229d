"""Every event has samples that its templates are tried with, the awkward ones included."""

from decimal import Decimal

import pytest

from orders import event_types, money
from orders.contexts import OrderContext

AWKWARD = {
    "typical",
    "one line",
    "forty lines",
    "very long names",
    "right-to-left",
    "markup in names",
    "zero totals",
    "the shop's own copy",
}
ALL = [
    (event.contract, name)
    for event in event_types.registered().values()
    for name in event.contract.samples
]


@pytest.mark.parametrize("event", list(event_types.registered()))
def test_every_event_has_the_awkward_samples(event: str) -> None:
    samples = event_types.registered()[event].contract.samples
    assert set(samples) >= AWKWARD
    assert next(iter(samples)) == "typical"


@pytest.mark.parametrize(("contract", "name"), ALL, ids=lambda part: getattr(part, "event", part))
def test_a_sample_survives_being_stored(
    contract: event_types.contracts.EventContract, name: str
) -> None:
    sample = contract.samples[name]
    assert contract.context.model_validate_json(sample.model_dump_json()) == sample
    assert isinstance(sample, OrderContext)
    order = sample.order
    assert order.total == order.subtotal + order.shipping + order.tax - order.discount
    assert order.subtotal == sum((item.total for item in order.items), Decimal(0))
    assert money.misfit(order.total, order.currency) is None
