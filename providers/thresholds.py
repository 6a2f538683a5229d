"""Reads when a provider is left alone, and for how long, from the environment."""

from datetime import timedelta
from typing import Protocol

from django.core.exceptions import ImproperlyConfigured

from providers.breaker import BreakerPolicy
from providers.standing import StandingPolicy

PROBE_MARGIN = timedelta(seconds=10)
"""How much longer than a send may take a probe is waited for: it is rendered first."""


class ThresholdsReader(Protocol):
    """What reads the variables; `config.env.Environment` does."""

    def integer(self, name: str, default: int, *, about: str, at_least: int = 0) -> int:
        """Return a whole number."""
        ...

    def duration(self, name: str, default: str, *, about: str) -> timedelta:
        """Return a length of time."""
        ...


def read_policy(env: ThresholdsReader, *, send_timeout: timedelta) -> StandingPolicy:
    """Return the thresholds of breakers and of the mass-rejection guard.

    Raises:
        ImproperlyConfigured: two of them contradict each other.
    """
    policy = StandingPolicy(
        breaker=BreakerPolicy(
            failures=env.integer(
                "PROVIDER_BREAKER_FAILURES",
                5,
                at_least=1,
                about="After so many failures in a row a provider is left alone until a probe "
                "succeeds.",
            ),
            first=env.duration(
                "PROVIDER_BREAKER_FIRST",
                "1s",
                about="The wait before the first probe; it doubles from there.",
            ),
            longest=env.duration(
                "PROVIDER_BREAKER_LONGEST",
                "30s",
                about="The longest wait between probes while another provider takes the mail.",
            ),
            longest_alone=env.duration(
                "PROVIDER_BREAKER_LONGEST_ALONE",
                "3s",
                about="The longest wait between probes while no other provider does.",
            ),
            probe_lease=send_timeout + PROBE_MARGIN,
        ),
        rejections=env.integer(
            "PROVIDER_MASS_REJECTIONS",
            10,
            about="Different recipients refused in a row that pause a provider and raise an "
            "alarm; 0: off.",
        ),
        rejection_pause=env.duration(
            "PROVIDER_MASS_REJECTION_PAUSE", "15m", about="How long such a pause lasts."
        ),
    )
    if not timedelta(0) < policy.breaker.first <= policy.breaker.longest:
        raise ImproperlyConfigured(
            "postroom.E003: PROVIDER_BREAKER_FIRST must be above zero and not longer than "
            "PROVIDER_BREAKER_LONGEST."
        )
    if policy.breaker.longest_alone <= timedelta(0):
        raise ImproperlyConfigured(
            "postroom.E003: PROVIDER_BREAKER_LONGEST_ALONE is zero; set a duration such as 3s."
        )
    return policy
