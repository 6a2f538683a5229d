"""Reads `EMAIL_PROVIDERS` and each provider's variables from the environment, at start.

Nothing here has a silent fallback outside development: a provider that is missing, unknown or has
no credentials stops the process with an id and a sentence that says what to set.

    postroom.E010  no provider is set
    postroom.E011  unknown provider
    postroom.E012  a required variable is missing
    postroom.E013  an alias is used twice
    postroom.E014  an entry of EMAIL_PROVIDERS cannot be read
    postroom.E015  a provider's variable has an unusable value
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn, NotRequired, Protocol, TypedDict

from django.core.exceptions import ImproperlyConfigured

from providers.catalogue import FORMER_NAMES, TYPES, Form, ProviderType, Variable
from providers.rates import parse_rate
from providers.smtp_url import parse_smtp_url
from providers.webhook_catalogue import BASIC_AUTH, WEBHOOKS

ALIAS = re.compile(r"[a-z][a-z0-9_]*")
FLAGS = {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
    "0": False,
    "false": False,
    "no": False,
    "off": False,
}
EXAMPLE = "EMAIL_PROVIDERS=smtp with SMTP_URL=smtp+tls://user:password@host:587"


class ProviderSettings(TypedDict):
    """One provider as `settings.MAILERS` holds it: Django 6.1's shape, and two keys of ours."""

    BACKEND: str
    OPTIONS: dict[str, Any]
    TYPE: str
    RATE: str | None
    WEBHOOK: NotRequired[dict[str, Any]]  # what proves its webhooks, where anything is set


class SettingsReader(Protocol):
    """What is needed of the environment; `config.env.Environment` is one."""

    def raw(self, name: str) -> str | None:
        """Return the variable's text, or None when it is unset or empty."""
        ...

    def names(self, name: str, default: str = "", *, about: str) -> list[str]:
        """Return the parts of a comma-separated variable."""
        ...


def read_providers(
    env: SettingsReader, *, debug: bool, var_dir: Path = Path("var")
) -> dict[str, ProviderSettings]:
    """Return the providers in failover order, by alias.

    In development with nothing set the one provider is the console.

    Raises:
        ImproperlyConfigured: see the module's table; the text starts with the id.
    """
    entries = env.names(
        "EMAIL_PROVIDERS",
        about="Providers in failover order, such as postmark,amazon_ses or "
        "eu=postmark,us=postmark; see docs/providers.md.",
    )
    if not entries:
        if not debug:
            _refuse(
                "E010",
                f"EMAIL_PROVIDERS is not set, so mail would go nowhere; set for example {EXAMPLE}.",
            )
        entries = ["console"]
    found: dict[str, ProviderSettings] = {}
    for entry in entries:
        alias, kind = _parse_entry(entry)
        if alias in found:
            _refuse(
                "E013",
                f"EMAIL_PROVIDERS names {alias!r} twice; give each account a name of its own, "
                f"such as EMAIL_PROVIDERS=eu={kind.name},us={kind.name}.",
            )
        found[alias] = _read_provider(env, alias=alias, kind=kind, var_dir=var_dir)
    return found


def _refuse(number: str, sentence: str) -> NoReturn:
    raise ImproperlyConfigured(f"postroom.{number}: {sentence}")


def _parse_entry(entry: str) -> tuple[str, ProviderType]:
    alias, equals, name = (part.strip() for part in entry.partition("="))
    if not equals:
        name = alias
    if name not in TYPES:
        close = get_close_matches(name.lower(), [*TYPES, *FORMER_NAMES], n=1)
        hint = f"did you mean {FORMER_NAMES.get(close[0], close[0])!r}? " if close else ""
        _refuse(
            "E011",
            f"EMAIL_PROVIDERS names the unknown provider {name!r}; {hint}"
            f"set one or more of: {', '.join(TYPES)}.",
        )
    if not ALIAS.fullmatch(alias):
        _refuse(
            "E014",
            f"EMAIL_PROVIDERS holds {entry!r}; an alias starts with a small letter and has only "
            f"small letters, digits and underscores, as in EMAIL_PROVIDERS=eu={name}.",
        )
    return alias, TYPES[name]


def _read_provider(
    env: SettingsReader, *, alias: str, kind: ProviderType, var_dir: Path
) -> ProviderSettings:
    prefix = variable_prefix(alias=alias, kind=kind)
    options: dict[str, Any] = {}
    for variable in kind.variables:
        name = f"{prefix}_{variable.name}"
        text = env.raw(name) or _elsewhere(env, kind=kind, variable=variable)
        if text is not None:
            _put(options, variable, _read_value(name, text, variable.form))
        elif variable.required:
            _refuse("E012", f"{name} is not set; the provider {alias!r} needs it. {variable.about}")
    if kind.name == "file":
        options.setdefault("path", str(var_dir / "mail"))
    _check_pairs(options, prefix=prefix)
    found = ProviderSettings(
        BACKEND=kind.backend,
        OPTIONS=options,
        TYPE=kind.name,
        RATE=_read_rate(env, f"{alias.upper()}_RATE"),
    )
    if webhook := _read_webhook(env, kind=kind, prefix=prefix):
        found["WEBHOOK"] = webhook
    return found


def _read_webhook(env: SettingsReader, *, kind: ProviderType, prefix: str) -> dict[str, Any]:
    """Return what is set for checking webhooks: keywords of Anymail's view."""
    webhook = WEBHOOKS.get(kind.name)
    options: dict[str, Any] = {}
    for variable in webhook.variables if webhook else ():
        name = f"{prefix}_{variable.name}"
        text = env.raw(name)
        if text is None:
            continue
        if variable is not BASIC_AUTH:
            options[variable.option[0]] = text
            continue
        secrets = [secret.strip() for secret in text.split(",") if secret.strip()]
        if not secrets or not all(re.fullmatch(r"[^:]+:.+", secret) for secret in secrets):
            _refuse("E015", f"{name} holds something else than user:password; set user:password.")
        options["webhook_secret"] = secrets
    return options


def variable_prefix(*, alias: str, kind: ProviderType) -> str:
    """Return what the alias's variables start with: `POSTMARK`, or `EU_POSTMARK` for `eu=postmark`.

    An alias reads only its own variables: with a shared fallback, a forgotten token would send
    through the other account without a word.
    """
    return kind.prefix if alias == kind.name else f"{alias.upper()}_{kind.prefix}"


def _elsewhere(env: SettingsReader, *, kind: ProviderType, variable: Variable) -> str | None:
    # boto itself reads only AWS_DEFAULT_REGION, while containers and Lambda set AWS_REGION.
    if kind.name == "amazon_ses" and variable.name == "REGION":
        return env.raw("AWS_REGION") or env.raw("AWS_DEFAULT_REGION")
    return None


def _read_value(name: str, text: str, form: Form) -> Any:
    match form:
        case Form.FLAG:
            if text.strip().lower() not in FLAGS:
                _refuse("E015", f"{name} is {text!r}; set it to true or false.")
            return FLAGS[text.strip().lower()]
        case Form.HTTP_URL:
            if not re.match(r"https?://[^/\s]+", text):
                _refuse("E015", f"{name} is {text!r}; set an address that starts with https://.")
            return text
        case Form.SMTP_URL:
            try:
                return parse_smtp_url(text)
            except ValueError as error:
                # Not chained: urllib's own message repeats a part of the URL.
                sentence = str(error)
            _refuse("E015", f"{name} {sentence}")
        case _:
            return text


def _put(options: dict[str, Any], variable: Variable, value: Any) -> None:
    if isinstance(value, Mapping):
        options.update(value)
        return
    place = options
    for key in variable.option[:-1]:
        place = place.setdefault(key, {})
    place[variable.option[-1]] = value


def _check_pairs(options: Mapping[str, Any], *, prefix: str) -> None:
    session = options.get("session_params", {})
    if ("aws_access_key_id" in session) != ("aws_secret_access_key" in session):
        _refuse(
            "E012",
            f"{prefix}_ACCESS_KEY_ID and {prefix}_SECRET_ACCESS_KEY go together; "
            "set both or neither.",
        )


def _read_rate(env: SettingsReader, name: str) -> str | None:
    text = env.raw(name)
    if text is None:
        return None
    try:
        return str(parse_rate(text))
    except ValueError:
        _refuse("E015", f"{name} is {text!r}; set a rate such as 50/s, 600/m, 10000/h or 50000/d.")
