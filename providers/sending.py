"""Hands one mail to one provider, and says in our own words how that went."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from django.core.exceptions import ImproperlyConfigured
from django.core.mail import EmailMultiAlternatives
from tenacity import Retrying, retry_if_exception, stop_after_attempt, wait_random

from providers import connections
from providers.classify.esp_codes import ALREADY_ACCEPTED
from providers.classify.verdicts import (
    BAD_SETTING,
    CONNECTION_REFUSED,
    STALE_CONNECTION,
    Occurrence,
)
from providers.errors import Phase, ProviderError
from providers.masking import mask
from providers.transports.base import Handover, Transport

log = structlog.get_logger(__name__)

# Failures before the first byte of the mail that a moment may mend. Nothing else may ever stand
# here: whatever is repeated here must be proven not to have been accepted.
REPEATABLE = frozenset({CONNECTION_REFUSED.code, STALE_CONNECTION.code})

SHORT, LONG = timedelta(milliseconds=50), timedelta(milliseconds=250)
"""How long such a moment is."""


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """A provider's word that it has taken a mail.

    `provider_message_id` is the ESP's id or the mail server's queue id, empty where it names none.
    `refused_recipients` counts further recipients of the same mail that it did not take.
    """

    provider: str
    provider_message_id: str
    status_code: int | None
    duration: timedelta
    refused_recipients: int = 0


def send(
    alias: str,
    message: EmailMultiAlternatives,
    *,
    idempotency_key: str | None = None,
    following: EmailMultiAlternatives | None = None,
) -> Accepted:
    """Hand `message` to the provider called `alias`, on this thread's kept connection.

    Takes at most `settings.EMAIL_SEND_TIMEOUT`, and a little more where the provider's name has
    several addresses. `idempotency_key` (see `providers.idempotency`) is used where the provider
    has a place for one. `following`, a hint, is the mail that this thread sends next.

    Raises:
        ProviderError: it was not accepted, or nobody knows; the class says which. Nothing else.
    """
    started = time.monotonic()
    attempt = partial(_hand_over, alias, message, idempotency_key, following)
    try:
        handover = attempt()
    except ProviderError as error:
        if not _is_repeatable(error):
            raise
        handover = _repeated(attempt)
    if handover.refused:
        log.warning("provider.refused_some_recipients", provider=alias, refused=handover.refused)
    return Accepted(
        provider=alias,
        provider_message_id=handover.message_id,
        status_code=handover.status_code,
        duration=timedelta(seconds=time.monotonic() - started),
        refused_recipients=handover.refused,
    )


def _repeated(attempt: Callable[[], Handover]) -> Handover:
    repeat = Retrying(
        retry=retry_if_exception(_is_repeatable),
        stop=stop_after_attempt(2),
        wait=wait_random(SHORT.total_seconds(), LONG.total_seconds()),
        reraise=True,
    )
    time.sleep(random.uniform(SHORT.total_seconds(), LONG.total_seconds()))  # noqa: S311  spreads load
    return repeat(attempt)


def _is_repeatable(error: BaseException) -> bool:
    return isinstance(error, ProviderError) and error.can_fail_over and error.code in REPEATABLE


def _hand_over(
    alias: str,
    message: EmailMultiAlternatives,
    idempotency_key: str | None,
    following: EmailMultiAlternatives | None,
) -> Handover:
    try:
        transport = connections.take(alias)
    except (ImproperlyConfigured, ImportError, TypeError) as error:
        occurrence = Occurrence(provider=alias, phase=Phase.CONNECT, detail=mask(str(error)))
        raise BAD_SETTING.of(occurrence) from error
    try:
        handover = transport.send(message, idempotency_key=idempotency_key, following=following)
    except Exception as error:  # noqa: BLE001  # every library's errors become ours here
        return _after_failure(transport, error, message)
    except BaseException:
        # The process is being stopped in the middle of a mail: its connection must not be reused.
        connections.drop(alias)
        raise
    connections.keep(alias)
    return handover


def _after_failure(
    transport: Transport, error: Exception, message: EmailMultiAlternatives
) -> Handover:
    if isinstance(error, ProviderError):
        failure = error
    else:
        failure = transport.explain(error, message=message)
    if transport.survives(failure):
        connections.keep(transport.alias)
    else:
        connections.drop(transport.alias)
    if failure.code == ALREADY_ACCEPTED.code:
        return Handover(message_id="", status_code=failure.status_code)
    raise failure from (None if failure is error else error)
