"""The table of providers against Anymail's own source and our documentation."""

import re
from pathlib import Path

import anymail.backends
import pytest

from providers.catalogue import TYPES, Family
from providers.classify.esp_codes import TABLES

BACKENDS = Path(anymail.backends.__path__[0])
NOT_PROVIDERS = {
    "__init__",
    "base",
    "base_requests",
    "console",  # ours prints more readably
    "sendinblue",  # Brevo's former name, which Anymail is dropping
    "test",
}
LEFT_OUT = {
    "amazon_ses": set(),
    "brevo": {"workaround_display_name_bugs", "prevent_header_encoding_bugs"},
    "postmark": {"use_bulk_api", "generate_message_id"},  # of the bulk API, which we do not use
    "resend": {"verify_attachment_extensions"},
    "sendgrid": {"username", "password"},  # refused by Anymail itself
    "unisender_go": {"workaround_display_name_bugs"},
}
DOCUMENT = Path(__file__).parents[2] / "docs" / "providers.md"


def test_every_esp_of_anymail_is_a_provider() -> None:
    shipped = {path.stem for path in BACKENDS.glob("*.py")} - NOT_PROVIDERS
    ours = {
        name for name, kind in TYPES.items() if kind.family in (Family.ANYMAIL_HTTP, Family.SES)
    }
    assert ours == shipped


@pytest.mark.parametrize(
    "name", [name for name, kind in TYPES.items() if kind.family is Family.ANYMAIL_HTTP]
)
def test_each_setting_of_an_anymail_backend_is_a_variable(name: str) -> None:
    source = (BACKENDS / f"{name}.py").read_text(encoding="utf-8")
    settings = set(re.findall(r'get_anymail_setting\(\s*"(\w+)"', source))
    assert settings - LEFT_OUT.get(name, set()) == {one.option[0] for one in TYPES[name].variables}


def test_every_http_esp_has_a_table_of_its_refusals() -> None:
    assert set(TABLES) == {
        name for name, kind in TYPES.items() if kind.family is Family.ANYMAIL_HTTP
    }


def test_the_documentation_names_every_provider_and_every_variable() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for kind in TYPES.values():
        assert f"`{kind.name}`" in text
        for variable in kind.variables:
            assert f"`{kind.prefix}_{variable.name}`" in text
