"""The text of docs/settings.md, from what the settings declared while they were read."""

from collections.abc import Iterable

from config.env import Variable
from config.settings import env
from providers.catalogue import TYPES, ProviderType
from providers.webhook_catalogue import WEBHOOKS

INTRODUCTION = """\
# Settings

Every setting is an environment variable, or a line of `.env` beside `manage.py`; the environment
wins. An empty variable counts as unset. For each variable `NAME` there is `NAME_FILE`: the path of
a file that holds the value, as container secrets do. A wrong value stops every process at its
start with a sentence that says what to set.

Durations are written `500ms`, `30s`, `5m`, `4h` or `2d`. Relative paths start at the project.

This file is generated: `manage.py settings_docs`.
"""
PROVIDERS = """\
### Variables of the providers

Set those of the providers that `EMAIL_PROVIDERS` names. Under an alias (`eu=postmark`) they take
the alias in front: `EU_POSTMARK_SERVER_TOKEN`. Each provider also takes a rate, under its alias:
`POSTMARK_RATE=50/s`.
"""
WEBHOOKS_INTRODUCTION = """\
### Variables of the webhooks

What proves that a tracking webhook (`/webhooks/<alias>/tracking/`) comes from the provider. With
nothing set webhooks are refused; see `docs/api.md`.
"""


def render() -> str:
    """Return the whole document."""
    sections: dict[str, list[Variable]] = {}
    for variable in env.variables.values():
        sections.setdefault(variable.section, []).append(variable)
    parts = [INTRODUCTION]
    for section, variables in sections.items():
        parts.append(f"## {section}\n\n{_variables(variables)}")
        if section == "Email providers":
            parts.append(f"{PROVIDERS}\n{_providers(TYPES.values())}")
            parts.append(f"{WEBHOOKS_INTRODUCTION}\n{_webhooks()}")
    return "\n".join(parts)


def _variables(variables: Iterable[Variable]) -> str:
    rows = [
        (f"`{one.name}`", one.kind, f"`{one.default}`" if one.default else "", one.about)
        for one in variables
    ]
    return _table(("Variable", "Kind", "Default", "What it does"), rows)


def _providers(kinds: Iterable[ProviderType]) -> str:
    rows = [
        (
            f"`{kind.name}`",
            f"`{kind.prefix}_{variable.name}`",
            "yes" if variable.required else "",
            f"`{variable.default}`" if variable.default else "",
            variable.about,
        )
        for kind in kinds
        for variable in kind.variables
    ]
    return _table(("Provider", "Variable", "Required", "Default", "What it does"), rows)


def _webhooks() -> str:
    rows = [
        (f"`{name}`", f"`{TYPES[name].prefix}_{variable.name}`", variable.about)
        for name, webhook in WEBHOOKS.items()
        for variable in webhook.variables
    ]
    return _table(("Provider", "Variable", "What it does"), rows)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, tuple("---" for _ in heads), *rows]
    return "".join(f"| {' | '.join(_cell(cell) for cell in line)} |\n" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
