"""Settings that are each fine alone and wrong together.

Checked while the settings are read, and not by Django's system checks: those run only under
manage.py, and a worker with such settings would start and misbehave.
"""

from collections.abc import Mapping
from datetime import timedelta
from email.utils import parseaddr
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.core.exceptions import ImproperlyConfigured

from config.env import SettingError

# (the one that must be longer, the one that must be shorter, why)
LONGER = (
    ("CLAIM_DURATION", "EMAIL_SEND_TIMEOUT", "a claim that ends during the send would send twice"),
    ("EXPIRES_AFTER", "RETRY_FIRST_DELAY", "a mail would expire before its first retry"),
)
NOT_LONGER = (("RETRY_FLOOR", "RETRY_FIRST_DELAY"), ("RETRY_FIRST_DELAY", "RETRY_MAX_DELAY"))
ABOVE_ZERO = ("EMAIL_SEND_TIMEOUT", "RETRY_FIRST_DELAY", "RETRY_FLOOR")


def check(settings: Mapping[str, Any]) -> None:
    """Compare settings with each other.

    Raises:
        SettingError: one value is of no use.
        ImproperlyConfigured: two values contradict each other.
    """
    for name in ABOVE_ZERO:
        if settings[name] <= timedelta(0):
            raise SettingError(name, "is zero; set a duration above zero, such as 5s.")
    for longer, shorter, why in LONGER:
        if settings[longer] <= settings[shorter]:
            raise _contradiction(settings, longer, shorter, f"must be longer than {shorter}: {why}")
    for shorter, longer in NOT_LONGER:
        if settings[shorter] > settings[longer]:
            raise _contradiction(settings, shorter, longer, f"must not be longer than {longer}")
    _check_values(settings)


def _contradiction(
    settings: Mapping[str, Any], name: str, other: str, rule: str
) -> ImproperlyConfigured:
    shown = {key: f"{settings[key].total_seconds():g}s" for key in (name, other)}
    return ImproperlyConfigured(
        f"postroom.E003: {name} is {shown[name]} and {other} is {shown[other]}; {name} {rule}."
    )


def _check_values(settings: Mapping[str, Any]) -> None:
    for name in ("TIME_ZONE", "REPORT_TIME_ZONE"):
        try:
            ZoneInfo(settings[name])
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise SettingError(
                name, f"is {settings[name]!r}; set a name such as Asia/Seoul or UTC."
            ) from error
    for address in settings["REPORT_TO"]:
        if "@" not in address:
            raise SettingError("REPORT_TO", f"holds {address!r}; set addresses, and commas.")
    if "@" not in parseaddr(settings["DEFAULT_FROM_EMAIL"])[1]:
        raise SettingError(
            "DEFAULT_FROM_EMAIL",
            f"is {settings['DEFAULT_FROM_EMAIL']!r}; set an address such as "
            "`My Shop <orders@example.com>`.",
        )
    if settings["PORT"] > 65535:
        raise SettingError("PORT", f"is {settings['PORT']}; set a number from 1 to 65535.")
