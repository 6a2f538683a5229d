"""Contracts say what an event's templates can rely on."""

from collections.abc import Callable

import pytest
from pydantic import ValidationError
from pytest_django import Settings

from templating import contracts
from templating.contracts import Context, EventContract, Shop, shop_context
from templating.errors import UnknownEvent

SHOP = Shop(name="Tea House", url="https://tea.example")


def contract(event: str = "tea.brewed") -> EventContract:
    """Return a contract of nothing but the shop."""
    return EventContract(
        event=event,
        title="Tea is ready",
        description="When the tea was brewed.",
        context=Context,
        samples={"usual": Context(shop=SHOP)},
    )


def test_registered_contracts_are_found_in_order(
    register: Callable[[EventContract], None],
) -> None:
    first, second = contract("b.b"), contract("a.a")
    register(first)
    register(second)

    assert contracts.get("b.b") is first
    assert contracts.registered() == (first, second)


def test_an_unknown_event_is_named(register: Callable[[EventContract], None]) -> None:
    with pytest.raises(UnknownEvent, match=r"'tea\.spilt'") as failure:
        contracts.get("tea.spilt")

    assert failure.value.event == "tea.spilt"
    assert contracts.find("tea.spilt") is None


def test_an_event_has_one_contract(register: Callable[[EventContract], None]) -> None:
    first = contract()
    register(first)
    register(first)

    with pytest.raises(ValueError, match="already registered"):
        register(contract())


def test_a_contract_needs_samples_of_its_own_context() -> None:
    with pytest.raises(ValueError, match="at least one sample"):
        EventContract(event="x", title="", description="", context=Context, samples={})
    with pytest.raises(TypeError, match="is not a Context"):
        EventContract(
            event="x",
            title="",
            description="",
            context=Context,
            samples={"a": SHOP},  # type: ignore[dict-item] # what the check is for
        )


def test_a_context_refuses_what_it_does_not_know_and_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        Context(shop=SHOP, colour="red")  # type: ignore[call-arg] # what the check is for
    with pytest.raises(ValidationError):
        Context(shop=SHOP).shop = SHOP  # type: ignore[misc] # what the check is for


def test_the_shop_is_as_the_settings_describe_it(settings: Settings) -> None:
    settings.SHOP_NAME = "Tea House"
    settings.SHOP_URL = "https://tea.example"
    settings.SHOP_LOGO_URL = ""
    settings.SHOP_SUPPORT_EMAIL = "help@tea.example"

    assert shop_context() == Shop(
        name="Tea House",
        url="https://tea.example",
        logo_url=None,
        support_email="help@tea.example",
    )
