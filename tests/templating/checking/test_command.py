"""`manage.py templates check`, and contracts as JSON Schema."""

from collections.abc import Callable
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from templating import contracts
from templating.schemas import json_schema

ORDER_EVENTS = [one for one in contracts.registered() if one.event.startswith("order.")]


@pytest.fixture(autouse=True)
def _only_what_is_shipped(register: Callable[[contracts.EventContract], None]) -> None:
    """Other tests register events that have no templates in files."""
    for contract in ORDER_EVENTS:
        register(contract)


def test_the_shipped_templates_pass() -> None:
    output = StringIO()

    call_command("templates", "check", stdout=output, no_color=True)

    assert output.getvalue() == "0 blocking, 0 advice\n"


def test_a_mistake_is_printed_with_its_place_and_ends_with_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "order.shipped" / "ko"
    folder.mkdir(parents=True)
    (folder / "subject.txt.jinja").write_text("주문 {{ order.numbr }}", encoding="utf-8")
    output = StringIO()

    with pytest.raises(CommandError, match=r"^1 blocking, 0 advice$"):
        call_command("templates", "check", "--dir", str(tmp_path), stdout=output)

    assert output.getvalue().startswith("order.shipped/ko/subject.txt.jinja:1:13: blocking:")
    assert "did you mean 'number'?" in output.getvalue()


def test_a_mistake_in_a_layout_is_printed_once(tmp_path: Path) -> None:
    (tmp_path / "_layouts").mkdir()
    (tmp_path / "_layouts" / "subject.txt.jinja").write_text(
        "{{ shop.nam }}{% block subject %}x{% endblock %}"
    )
    output = StringIO()

    with pytest.raises(CommandError, match=r"^1 blocking"):
        call_command("templates", "check", "--dir", str(tmp_path), stdout=output)

    assert output.getvalue().count("\n") == 1


def test_an_unknown_event_is_an_error() -> None:
    with pytest.raises(CommandError, match=r"order\.shiped"):
        call_command("templates", "check", "--event", "order.shiped")


@pytest.mark.parametrize("contract", ORDER_EVENTS, ids=lambda contract: contract.event)
def test_a_contract_is_published_as_json_schema(contract: contracts.EventContract) -> None:
    schema = json_schema(contract)

    assert schema["title"] == contract.title
    assert {"shop", "order", "customer"} <= schema["properties"].keys()
    assert len(schema["examples"]) == len(contract.samples)
    assert schema["additionalProperties"] is False
