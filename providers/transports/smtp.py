"""Sends through a mail server."""

import re
from datetime import timedelta

from django.conf import settings as django_settings
from django.core.mail import EmailMultiAlternatives

from providers.backends.smtp import EmailBackend
from providers.classify import smtp as classify
from providers.classify.verdicts import UNSENDABLE, Occurrence
from providers.configuration import ProviderSettings
from providers.errors import Phase, ProviderError, UnknownOutcome
from providers.masking import mask
from providers.transports.base import Handover, Transport

# How servers name the queue id in the last reply: Postfix "queued as 4F2…", Exim "id=1t2…",
# Sendmail "4A… Message accepted", Exchange "<…> [InternalId=…]", SES and others "250 Ok <id>".
_QUEUE_ID = re.compile(
    r"(?=[qi2o])(?:"  # looks ahead: of each other character one look is enough
    r"queued as (?P<postfix>[\w.-]+)|\bid=(?P<exim>[\w.-]+)"
    r"|^2\.\d\.\d (?P<sendmail>[\w-]+) Message accepted"
    r"|^(?:2\.\d\.\d )?ok:? (?P<other>[\w.<>@-]{6,})$)",
    re.IGNORECASE,
)


class SmtpTransport(Transport):
    """One SMTP connection."""

    def __init__(self, *, alias: str, settings: ProviderSettings, timeout: timedelta) -> None:
        super().__init__(alias=alias, settings=settings, timeout=timeout)
        self.backend = EmailBackend(
            timeout=timeout.total_seconds(),
            fast_path=django_settings.SMTP_FAST_PATH,
            **self.options,
        )

    def send(
        self,
        message: EmailMultiAlternatives,
        *,
        idempotency_key: str | None = None,  # SMTP has only the Message-ID
        following: EmailMultiAlternatives | None = None,
    ) -> Handover:
        """Hand over one mail."""
        if not any(message.to) and not message.recipients():
            raise UNSENDABLE.of(Occurrence(provider=self.alias, phase=Phase.CONNECT))
        self.backend.hand_over(message, following=following)
        code, text = self.backend.reply
        return Handover(
            message_id=queue_id(text.decode("utf-8", "replace")),
            status_code=code,
            refused=len(self.backend.refused),
        )

    def explain(self, error: Exception, *, message: EmailMultiAlternatives) -> ProviderError:
        """Read an exception of `smtplib`."""
        progress = self.backend.progress
        reply = classify.reply_of(error)
        return classify.judge(error, step=progress.step, fresh=progress.fresh).of(
            Occurrence(
                provider=self.alias,
                phase=progress.step.phase,
                detail=mask(
                    f"{reply[0]} {reply[1]}" if reply else f"{type(error).__name__}: {error}",
                    recipients=message.recipients(),
                ),
                status_code=reply[0] if reply and reply[0] > 0 else None,
            )
        )

    def survives(self, failure: ProviderError) -> bool:
        """Return whether the server and we still agree on what comes next."""
        return self.backend.goes_on and not isinstance(failure, UnknownOutcome)

    def close(self) -> None:
        """Drop the connection. QUIT could block, and servers know what a closed socket means."""
        self.backend.abandon()


def queue_id(reply: str) -> str:
    """Return the queue id in a server's last reply; the whole reply where none is recognised."""
    match = _QUEUE_ID.search(reply)
    found = next(filter(None, match.groups()), "") if match else reply
    return found.strip()[:200]
