"""What every way of sending has in common."""

import abc
from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from django.core.mail import EmailMultiAlternatives

from providers.configuration import ProviderSettings
from providers.errors import ProviderError, UnknownOutcome


@dataclass(frozen=True, kw_only=True)
class Handover:
    """A provider's word that it has taken a mail."""

    message_id: str
    """The provider's own id or queue id; empty where it gives none."""

    status_code: int | None = None
    refused: int = 0
    """How many further recipients of the same mail it did not take."""


class Transport(abc.ABC):
    """One provider's open connection. Used by one thread at a time.

    It may be used again after a success, and after a failure that it `survives`.
    """

    answers_end_cleanly: ClassVar[bool] = False
    """Whether a refusal that was read to its end leaves the connection fit for the next mail."""

    def __init__(self, *, alias: str, settings: ProviderSettings, timeout: timedelta) -> None:
        self.alias = alias
        self.type = settings["TYPE"]
        self.options = settings["OPTIONS"]
        self.timeout = timeout

    @abc.abstractmethod
    def send(
        self,
        message: EmailMultiAlternatives,
        *,
        idempotency_key: str | None = None,
        following: EmailMultiAlternatives | None = None,
    ) -> Handover:
        """Hand over one mail, connecting first where that has not been done.

        `following` is the mail that this thread hands over next, where it knows: a hint.

        Raises:
            ProviderError: it was refused after an answer without an exception.
            Exception: whatever the library raises; `explain` reads it.
        """

    @abc.abstractmethod
    def explain(self, error: Exception, *, message: EmailMultiAlternatives) -> ProviderError:
        """Return what an exception of `send` means."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connection politely, in little time. Never raises."""

    def survives(self, failure: ProviderError) -> bool:
        """Return whether the connection may be used again after `failure`."""
        answered = failure.status_code is not None and not isinstance(failure, UnknownOutcome)
        return self.answers_end_cleanly and answered
