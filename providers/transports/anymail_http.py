"""Sends through an ESP's HTTP API with Anymail's backend for it."""

from datetime import timedelta
from typing import Any

import requests
from anymail.exceptions import AnymailError
from django.core.mail import EmailMultiAlternatives
from django.utils.module_loading import import_string

from providers.classify import anymail_http as classify
from providers.classify.recipient_status import judge_recipients, status_of
from providers.classify.retry_after import read_retry_after
from providers.classify.verdicts import Occurrence, Verdict
from providers.configuration import ProviderSettings
from providers.errors import Phase, ProviderError
from providers.idempotency import idempotency_options
from providers.masking import mask
from providers.transports import anymail_addresses
from providers.transports.base import Handover, Transport
from providers.transports.direct_http import DirectSession
from providers.transports.watched_http import watched

anymail_addresses.install()


class AnymailHttpTransport(Transport):
    """One `requests` session to one ESP."""

    answers_end_cleanly = True

    def __init__(self, *, alias: str, settings: ProviderSettings, timeout: timedelta) -> None:
        super().__init__(alias=alias, settings=settings, timeout=timeout)
        # Metadata and tags that an ESP has no place for are left out instead of ending each send.
        self.backend = import_string(settings["BACKEND"])(
            ignore_unsupported_features=True, **self.options
        )
        self.phase: Phase | None = None

    def send(
        self,
        message: EmailMultiAlternatives,
        *,
        idempotency_key: str | None = None,
        following: EmailMultiAlternatives | None = None,
    ) -> Handover:
        """Post one mail."""
        self.phase = None
        session = self._open()
        options = idempotency_options(self.type, idempotency_key)
        usual = message.extra_headers
        session.headers.update(options.http_headers)
        message.extra_headers = {**usual, **options.mail_headers}
        with watched() as progress:
            try:
                self.backend.send_messages([message])
            finally:
                self.phase = progress.phase
                # The same message may go to another provider next, and the session to another mail.
                message.extra_headers = usual
                for name in options.http_headers:
                    session.headers.pop(name, None)
        return self._judge(message)

    def _judge(self, message: EmailMultiAlternatives) -> Handover:
        status = status_of(message)
        judged = judge_recipients(status, esp=self.type)
        response = status.esp_response
        code = getattr(response, "status_code", None)
        if isinstance(judged, Verdict):
            raise judged.of(self._occurrence(message, response=response, text=""))
        return Handover(message_id=judged.message_id, status_code=code, refused=judged.refused)

    def explain(self, error: Exception, *, message: EmailMultiAlternatives) -> ProviderError:
        """Read an exception of Anymail or `requests`."""
        verdict = classify.judge(error, esp=self.type, phase=self.phase)
        text = "" if isinstance(error, AnymailError) and error.response is not None else str(error)
        return verdict.of(
            self._occurrence(message, response=classify.answer_of(error), text=text, error=error)
        )

    def close(self) -> None:
        """Close the session; an open socket is closed without an exchange."""
        self.backend.close()

    def _open(self) -> requests.Session:
        if self.backend.open():
            session = DirectSession.like(self.backend.session, timeout=self.timeout)
            # A redirect would turn the POST into a GET, whose answer says nothing about the mail.
            session.max_redirects = 0
            self._read_environment_once(session)
            self.backend.session.close()
            self.backend.session = session
        opened: requests.Session = self.backend.session
        return opened

    def _read_environment_once(self, session: requests.Session) -> None:
        """Take proxies and certificates from the environment now, and not for every mail.

        `requests` looks them up with each request, which takes it a quarter of its time; and it
        would add credentials from a `.netrc` to those that the provider's settings name.
        """
        url = getattr(self.backend, "api_url", None)
        if not isinstance(url, str):
            return
        found = session.merge_environment_settings(url, {}, None, None, None)
        session.proxies, session.verify, session.trust_env = (
            found["proxies"],
            found["verify"],
            False,
        )

    def _occurrence(
        self,
        message: EmailMultiAlternatives,
        *,
        response: Any,
        text: str,
        error: Exception | None = None,
    ) -> Occurrence:
        answered = response is not None
        detail = "\n".join(filter(None, (text, response.text if answered else "")))
        return Occurrence(
            provider=self.alias,
            phase=Phase.RESPONSE if answered else self.phase or Phase.CONNECT,
            detail=mask(detail, recipients=message.recipients()),
            status_code=response.status_code if answered else None,
            retry_after=read_retry_after(response.headers) if answered else None,
        )
