"""Sends through Amazon SES with Anymail's backend, which is boto3 underneath."""

from datetime import timedelta
from typing import Any

from anymail.backends.amazon_ses import EmailBackend
from django.core.mail import EmailMultiAlternatives

from providers.classify import ses as classify
from providers.classify.anymail_http import cause_of
from providers.classify.recipient_status import judge_recipients, status_of
from providers.classify.retry_after import read_retry_after
from providers.classify.verdicts import Occurrence, Verdict
from providers.configuration import ProviderSettings
from providers.errors import Phase, ProviderError
from providers.masking import mask
from providers.transports.base import Handover, Transport
from providers.transports.watched_http import LONGEST_CONNECT


class SesTransport(Transport):
    """One boto3 client, which takes a third of a second to make."""

    answers_end_cleanly = True

    def __init__(self, *, alias: str, settings: ProviderSettings, timeout: timedelta) -> None:
        super().__init__(alias=alias, settings=settings, timeout=timeout)
        client = dict(self.options.get("client_params", {}))
        client["config"] = {**client.get("config", {}), **_limits(timeout)}
        self.backend = EmailBackend(**{**self.options, "client_params": client})

    def send(
        self,
        message: EmailMultiAlternatives,
        *,
        idempotency_key: str | None = None,  # SES has no place for one
        following: EmailMultiAlternatives | None = None,
    ) -> Handover:
        """Post one mail."""
        self.backend.open()
        self.backend.send_messages([message])
        status = status_of(message)
        judged = judge_recipients(status, esp=self.type)
        if isinstance(judged, Verdict):
            raise judged.of(Occurrence(provider=self.alias, phase=Phase.RESPONSE))
        answered = status.esp_response or {}
        code = answered.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return Handover(message_id=judged.message_id, status_code=code, refused=judged.refused)

    def explain(self, error: Exception, *, message: EmailMultiAlternatives) -> ProviderError:
        """Read an exception of Anymail or boto."""
        verdict, phase = classify.judge(error)
        response: dict[str, Any] = getattr(cause_of(error), "response", None) or {}
        metadata = response.get("ResponseMetadata", {})
        return verdict.of(
            Occurrence(
                provider=self.alias,
                phase=phase,
                detail=mask(str(cause_of(error)), recipients=message.recipients()),
                status_code=metadata.get("HTTPStatusCode"),
                retry_after=read_retry_after(metadata.get("HTTPHeaders", {})),
            )
        )

    def close(self) -> None:
        """Close the client's sockets."""
        self.backend.close()


def _limits(timeout: timedelta) -> dict[str, Any]:
    seconds = timeout.total_seconds()
    connect = min(seconds / 2, LONGEST_CONNECT.total_seconds())
    return {
        "connect_timeout": connect,
        # boto has no limit over both, so together they stay within the timeout.
        "read_timeout": seconds - connect,
        # boto would send again by itself after a lost answer, and nobody would know.
        "retries": {"total_max_attempts": 1, "mode": "standard"},
    }
