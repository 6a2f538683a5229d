"""For how long a failure keeps a provider from being asked again. Pure policy."""

from datetime import timedelta

from providers.errors import ConfigurationError, PermanentError, ProviderError

AFTER_RATE_LIMIT = timedelta(seconds=1)
"""When a provider asks for fewer mails a second without saying when to come back."""

FIRST_AFTER_CONFIGURATION = timedelta(seconds=30)
LONGEST_AFTER_CONFIGURATION = timedelta(minutes=10)
"""The longest that mail waits after a person has mended the account or the settings."""


def pause_after(error: ProviderError, *, configuration_failures: int) -> timedelta | None:
    """Return for how long to leave a provider alone after `error`, or None: go on.

    `configuration_failures` counts those in a row, this one included; each doubles the pause.
    """
    if isinstance(error, PermanentError):
        # One mail's refusal says nothing of the next, whatever its Retry-After says.
        return None
    asked = error.retry_after
    if isinstance(error, ConfigurationError):
        # The exponent is bounded before it is used: the count is not.
        doublings = min(max(configuration_failures, 1) - 1, 10)
        own = min(FIRST_AFTER_CONFIGURATION * (1 << doublings), LONGEST_AFTER_CONFIGURATION)
        return own if asked is None else max(own, asked)
    if asked is None and error.code == "rate_limited":
        return AFTER_RATE_LIMIT
    return asked
