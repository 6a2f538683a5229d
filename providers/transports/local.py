"""Sends to this machine only: console, file, memory."""

from datetime import timedelta

from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from providers.classify import local as classify
from providers.classify.verdicts import UNSENDABLE, Occurrence
from providers.configuration import ProviderSettings
from providers.errors import Phase, ProviderError
from providers.masking import mask
from providers.transports.base import Handover, Transport


class LocalTransport(Transport):
    """A backend that writes and has no connection."""

    def __init__(self, *, alias: str, settings: ProviderSettings, timeout: timedelta) -> None:
        super().__init__(alias=alias, settings=settings, timeout=timeout)
        self.backend = import_string(settings["BACKEND"])(**self.options)

    def send(
        self,
        message: EmailMultiAlternatives,
        *,
        idempotency_key: str | None = None,  # writing again is seen at once
        following: EmailMultiAlternatives | None = None,
    ) -> Handover:
        """Write one mail; its id is the file's name, or the Message-ID."""
        if not message.recipients():
            raise UNSENDABLE.of(Occurrence(provider=self.alias, phase=Phase.CONNECT))
        self.backend.send_messages([message])
        written = getattr(self.backend, "written", "")
        return Handover(message_id=written or str(message.extra_headers.get("Message-ID", "")))

    def explain(self, error: Exception, *, message: EmailMultiAlternatives) -> ProviderError:
        """Read an error of the operating system."""
        return classify.judge(error).of(
            Occurrence(
                provider=self.alias,
                phase=Phase.HANDOVER,
                detail=mask(f"{type(error).__name__}: {error}", recipients=message.recipients()),
            )
        )

    def close(self) -> None:
        """Nothing is open."""
