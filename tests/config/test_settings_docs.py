"""docs/settings.md is what the settings say."""

import re
from pathlib import Path

import pytest

from config import settings_docs
from config.settings import BASE_DIR, env
from providers.catalogue import TYPES
from providers.webhook_catalogue import WEBHOOKS


def test_the_documentation_of_the_settings_is_up_to_date() -> None:
    written = (BASE_DIR / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_docs.render(), "run `make settings-docs`"


def test_every_variable_stands_under_a_heading_with_a_description() -> None:
    for variable in env.variables.values():
        assert variable.section, f"{variable.name} stands under no heading"
        assert variable.about.endswith((".", "…")), f"{variable.name} is not described"


def test_no_default_betrays_the_machine_that_wrote_it() -> None:
    assert str(BASE_DIR) not in settings_docs.render()


PAGES = [
    *(page for page in (BASE_DIR / "docs").glob("*.md") if page.name != "settings.md"),
    *BASE_DIR.glob("*.md"),
    *(path for path in (BASE_DIR / "deploy").rglob("*") if path.is_file()),
]
WRITTEN_AS_VARIABLE = re.compile(r"(?<![\w.<])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?![\w.>])")
OF_OTHERS = {
    *("POSTGRES_DB", "POSTGRES_PASSWORD", "POSTGRES_USER"),  # read by other programs
    *("AWS_DEFAULT_REGION", "AWS_REGION", "OTEL_BSP_SCHEDULE_DELAY", "OTEL_TRACES_SAMPLER"),
    *("PIP_NO_CACHE_DIR", "UV_COMPILE_BYTECODE", "UV_LINK_MODE", "UV_PROJECT_ENVIRONMENT"),
    *("EMAIL_BACKEND", "LC_MESSAGES", "TEST_DATABASE"),
    *("AF_INET", "AF_INET6", "AF_UNIX"),  # of systemd's language
    *("NAME_FILE", "POSTROOM_KEY"),  # the pages' own examples
    *("NOT_PERSONAL", "RELAY_PLAN_ROWS"),  # constants of the code
}


def known_variables() -> set[str]:
    """Return every name that is read, those of providers and webhooks under their own alias."""
    of_providers = {
        f"{kind.prefix}_{name}"
        for kind in TYPES.values()
        for name in ("RATE", *(one.name for one in kind.variables))
    }
    of_webhooks = {
        f"{TYPES[kind].prefix}_{one.name}"
        for kind, webhook in WEBHOOKS.items()
        for one in webhook.variables
    }
    of_any_alias = {"RATE", "WEBHOOK_SECRET"}
    return set(env.variables) | of_providers | of_webhooks | of_any_alias


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(BASE_DIR)))
def test_every_variable_that_a_page_names_exists(page: Path) -> None:
    named = set(WRITTEN_AS_VARIABLE.findall(page.read_text(encoding="utf-8")))
    known = known_variables()
    assert {
        name
        for name in named - OF_OTHERS - known
        if re.sub(r"^(EU|US)_", "", name) not in known and name.removesuffix("_FILE") not in known
    } == set()
