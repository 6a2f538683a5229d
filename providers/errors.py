"""What can go wrong between a mail and its provider. The class is the decision.

    ProviderError
    ├── TransientError       the provider did not take it and may later; may go to the next provider
    ├── ConfigurationError   the provider refuses us, not the mail; may go to the next provider
    ├── PermanentError       the provider refuses this mail; nobody should try it again
    └── UnknownOutcome       the provider may have taken it, and nobody knows; never to another one

`TransientError` and `ConfigurationError` are raised only with proof that the mail was not accepted:
a failure before its body left, or an explicit refusal. Whatever lacks that proof is an
`UnknownOutcome`. Tables in `providers.classify` translate each library's errors into these.
"""

from datetime import timedelta
from enum import StrEnum
from typing import Any, ClassVar


class Phase(StrEnum):
    """How far a send had come when it failed."""

    CONNECT = "connect"
    """Name lookup, connection, TLS, greeting, authentication: no part of the mail had left."""

    HANDOVER = "handover"
    """The mail, or its envelope, was being handed over."""

    RESPONSE = "response"
    """The mail had left completely; the provider's answer was awaited or received."""


class ProviderError(Exception):
    """A send that did not end in acceptance.

    Attributes:
        provider: the alias in `EMAIL_PROVIDERS`.
        phase: how far the send had come.
        code: a short stable name, such as `rate_limited`, `smtp_451` or `timeout`.
        summary: what happened in plain words; holds no address and nothing of the mail.
        detail: the provider's own text, its addresses masked, at most 2000 characters.
        status_code: the HTTP status or SMTP reply code, where there was one.
        retry_after: how long the provider asks us to wait, where it said so.
    """

    can_fail_over: ClassVar[bool] = False
    """Whether another provider may try: certainly not accepted, and not for the mail's sake."""

    def __init__(
        self,
        *,
        provider: str,
        phase: Phase,
        code: str,
        summary: str,
        detail: str = "",
        status_code: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        super().__init__(f"{provider}: {summary} ({code})")
        self.provider = provider
        self.phase = phase
        self.code = code
        self.summary = summary
        self.detail = detail
        self.status_code = status_code
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[Any, ...]:
        # Celery's pool pickles exceptions; by default the class is called without its keywords.
        return _restore, (type(self), dict(self.__dict__))


class TransientError(ProviderError):
    """Not accepted, and worth another try: no connection, a busy provider, a rate limit."""

    can_fail_over = True


class ConfigurationError(ProviderError):
    """Not accepted because of our account, credentials, sender or settings at this provider."""

    can_fail_over = True


class PermanentError(ProviderError):
    """This mail is refused: its recipient, its content or its size."""


class UnknownOutcome(ProviderError):
    """The mail, or part of it, had left, and no usable answer came back."""


def _restore(kind: type[ProviderError], attributes: dict[str, Any]) -> ProviderError:
    return kind(**attributes)
