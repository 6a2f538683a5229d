"""The tree of errors."""

import pickle
from datetime import timedelta

import pytest

from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    ProviderError,
    TransientError,
    UnknownOutcome,
)


@pytest.mark.parametrize(
    "kind", [TransientError, PermanentError, ConfigurationError, UnknownOutcome]
)
def test_an_error_survives_the_way_between_processes(kind: type[ProviderError]) -> None:
    error = kind(
        provider="eu",
        phase=Phase.RESPONSE,
        code="rate_limited",
        summary="Slower, please.",
        detail="429",
        status_code=429,
        retry_after=timedelta(seconds=7),
    )
    copy = pickle.loads(pickle.dumps(error))
    assert type(copy) is kind
    assert (vars(copy), str(copy)) == (vars(error), str(error))


def test_only_a_proven_failure_that_is_not_the_mails_may_go_to_the_next_provider() -> None:
    assert [kind.__name__ for kind in ProviderError.__subclasses__() if kind.can_fail_over] == [
        "TransientError",
        "ConfigurationError",
    ]
