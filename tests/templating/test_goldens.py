"""What each event's default sample looks like, kept as files: an unintended change shows as a diff.

After an intended one, write them anew and review the difference:

    UPDATE_GOLDENS=1 .venv/bin/pytest tests/templating/test_goldens.py
    git diff tests/templating/goldens
"""

import os
from pathlib import Path

import pytest

from templating import contracts
from templating.rendering import render

GOLDENS = Path(__file__).with_name("goldens")
EVENTS = [
    contract.event
    for contract in contracts.registered()
    if contract.event.startswith(("order.", "shop."))
]


@pytest.mark.parametrize("locale", ["en", "ko"])
@pytest.mark.parametrize("event", EVENTS)
def test_the_default_sample_looks_as_it_did(event: str, locale: str) -> None:
    sample = next(iter(contracts.get(event).samples.values()))
    rendered = render(event=event, locale=locale, context=sample.model_dump(mode="json"))
    parts = {
        "subject.txt": rendered.subject,
        "body.txt": rendered.text,
        "body.html": rendered.html,
    }
    for name, content in parts.items():
        golden = GOLDENS / event / locale / name
        if os.environ.get("UPDATE_GOLDENS"):
            golden.parent.mkdir(parents=True, exist_ok=True)
            golden.write_text(content.rstrip("\n") + "\n", encoding="utf-8")
        assert content.rstrip("\n") + "\n" == golden.read_text(encoding="utf-8"), golden
