"""docs/settings.md is what the settings say."""

from config import settings_docs
from config.settings import BASE_DIR, env


def test_the_documentation_of_the_settings_is_up_to_date() -> None:
    written = (BASE_DIR / "docs" / "settings.md").read_text(encoding="utf-8")
    assert written == settings_docs.render(), "run `make settings-docs`"


def test_every_variable_stands_under_a_heading_with_a_description() -> None:
    for variable in env.variables.values():
        assert variable.section, f"{variable.name} stands under no heading"
        assert variable.about.endswith((".", "…")), f"{variable.name} is not described"


def test_no_default_betrays_the_machine_that_wrote_it() -> None:
    assert str(BASE_DIR) not in settings_docs.render()
