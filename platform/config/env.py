"""Typed readers for environment variables.

Each reader returns a value of the declared type or raises `ImproperlyConfigured` with a sentence
that names the variable, shows what was wrong and says what to set. What was declared is kept in
`Environment.variables`, from which `docs/settings.md` is generated.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import overload

from django.core.exceptions import ImproperlyConfigured

from providers.rates import Rate, parse_rate

TRUE = frozenset({"1", "true", "yes", "on"})
FALSE = frozenset({"0", "false", "no", "off", ""})
UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
DURATION = re.compile(r"(?P<amount>\d+(?:\.\d+)?)\s*(?P<unit>ms|s|m|h|d)?")


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One declared environment variable, as the documentation shows it."""

    section: str
    name: str
    kind: str
    default: str
    about: str


class SettingError(ImproperlyConfigured):
    """An environment variable that is missing or unusable; its text is for the operator."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(f"postroom.E001: {name} {sentence}")
        self.name = name


class Environment:
    """Reads declared variables from a mapping, usually `os.environ`."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = os.environ if values is None else values
        self._section = ""
        self.variables: dict[str, Variable] = {}

    def section(self, title: str) -> None:
        """Put what is declared from here on under a heading of the documentation."""
        self._section = title

    def raw(self, name: str) -> str | None:
        """Return the variable's text, or the text of the file that `<name>_FILE` names, or None.

        An empty value counts as unset, so that a compose file can pass `NAME=` through.

        Raises:
            SettingError: both are set, or the file cannot be read.
        """
        value = self._values.get(name) or None
        path = self._values.get(f"{name}_FILE") or None
        if path is None:
            return value
        if value is not None:
            raise SettingError(name, f"and {name}_FILE are both set; set only one of them.")
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeError) as error:
            raise SettingError(
                f"{name}_FILE", f"names a file that cannot be read: {error}"
            ) from error

    def _declare(self, name: str, kind: str, default: object, about: str) -> str | None:
        shown = "" if default is None else str(default)
        self.variables[name] = Variable(
            section=self._section, name=name, kind=kind, default=shown, about=about
        )
        return self.raw(name)

    @overload
    def text(self, name: str, default: str, *, about: str) -> str: ...
    @overload
    def text(self, name: str, default: None = None, *, about: str) -> str | None: ...
    def text(self, name: str, default: str | None = None, *, about: str) -> str | None:
        """Return the variable as it stands."""
        value = self._declare(name, "text", default, about)
        return default if value is None else value

    def path(self, name: str, *, about: str) -> Path | None:
        """Return the variable as a path, or None."""
        value = self._declare(name, "path", None, about)
        return None if value is None else Path(value)

    def flag(self, name: str, *, default: bool, about: str) -> bool:
        """Return a yes or a no."""
        value = self._declare(name, "yes/no", "true" if default else "false", about)
        if value is None:
            return default
        if value.strip().lower() in TRUE:
            return True
        if value.strip().lower() in FALSE:
            return False
        raise SettingError(name, f"is {value!r}; set it to true or false.")

    def integer(self, name: str, default: int, *, about: str, at_least: int = 0) -> int:
        """Return a whole number of at least `at_least`."""
        value = self._declare(name, "whole number", default, about)
        if value is None:
            return default
        try:
            number = int(value)
        except ValueError:
            number = None
        if number is None or number < at_least:
            raise SettingError(name, f"is {value!r}; set it to a whole number from {at_least} up.")
        return number

    def duration(self, name: str, default: str, *, about: str) -> timedelta:
        """Return a length of time, written as `500ms`, `30s`, `5m`, `4h` or `2d`."""
        value = self._declare(name, "duration", default, about)
        return parse_duration(name, default if value is None else value)

    def rate(self, name: str, default: str, *, about: str) -> Rate:
        """Return a number of things in a period, written as `50/s`, `600/m` or `10000/h`."""
        value = self._declare(name, "rate", default, about)
        try:
            return parse_rate(default if value is None else value)
        except ValueError:
            raise SettingError(
                name, f"is {value!r}; set a rate such as 50/s, 600/m or 10000/h."
            ) from None

    def names(self, name: str, default: str = "", *, about: str) -> list[str]:
        """Return the parts of a comma-separated list, without blanks."""
        value = self._declare(name, "comma-separated list", default, about)
        return [part.strip() for part in (value or default).split(",") if part.strip()]

    def time_of_day(self, name: str, default: str, *, about: str) -> time:
        """Return a time of day, written as `07:00`."""
        value = self._declare(name, "time of day", default, about)
        try:
            return time.fromisoformat(value or default)
        except ValueError as error:
            raise SettingError(name, f"is {value!r}; set a time of day such as 07:00.") from error

    def networks(
        self, name: str, default: str, *, about: str
    ) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
        """Return the networks of a comma-separated list (`10.0.0.0/8,::1/128`)."""
        found = []
        for part in self.names(name, default, about=about):
            try:
                found.append(ipaddress.ip_network(part))
            except ValueError as error:
                raise SettingError(
                    name, f"holds {part!r}; set networks such as 10.0.0.0/8 or ::1/128."
                ) from error
        return found

    def choice(self, name: str, default: str, *, of: tuple[str, ...], about: str) -> str:
        """Return one of the values that `of` lists."""
        value = self._declare(name, " | ".join(of), default, about)
        for option in of:
            if option == (value or default):
                return option
        raise SettingError(name, f"is {value!r}; set it to one of: {', '.join(of)}.")


def parse_duration(name: str, value: str) -> timedelta:
    """Read `500ms`, `30s`, `5m`, `4h`, `2d`, or a bare number of seconds.

    Raises:
        SettingError: naming `name`, for anything else.
    """
    match = DURATION.fullmatch(value.strip().lower())
    if match is None:
        raise SettingError(name, f"is {value!r}; set a duration such as 500ms, 30s, 5m, 4h or 2d.")
    seconds = Decimal(match["amount"]) * Decimal(UNITS[match["unit"] or "s"].total_seconds())
    return timedelta(seconds=float(seconds))
