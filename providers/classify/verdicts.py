"""One row of a classification table: what an error means, and what it is called."""

from dataclasses import dataclass
from datetime import timedelta

from providers.errors import (
    ConfigurationError,
    PermanentError,
    Phase,
    ProviderError,
    TransientError,
    UnknownOutcome,
)


@dataclass(frozen=True, kw_only=True)
class Occurrence:
    """What is known of one failure besides its meaning. `detail` is masked already."""

    provider: str
    phase: Phase
    detail: str = ""
    status_code: int | None = None
    retry_after: timedelta | None = None


@dataclass(frozen=True)
class Verdict:
    """A meaning: the class of error, its stable code and its plain sentence."""

    kind: type[ProviderError]
    code: str
    summary: str

    def of(self, occurrence: Occurrence) -> ProviderError:
        """Return the error to raise for one occurrence."""
        return self.kind(
            code=self.code,
            summary=self.summary,
            provider=occurrence.provider,
            phase=occurrence.phase,
            detail=occurrence.detail,
            status_code=occurrence.status_code,
            retry_after=occurrence.retry_after,
        )


def transient(code: str, summary: str) -> Verdict:
    """Not accepted; worth another try."""
    return Verdict(TransientError, code, summary)


def configuration(code: str, summary: str) -> Verdict:
    """Not accepted; our account or settings are refused."""
    return Verdict(ConfigurationError, code, summary)


def permanent(code: str, summary: str) -> Verdict:
    """This mail is refused for good."""
    return Verdict(PermanentError, code, summary)


def unknown(code: str, summary: str) -> Verdict:
    """It may have been accepted."""
    return Verdict(UnknownOutcome, code, summary)


# Meanings that several tables share, so that one thing has one code everywhere.
UNAUTHORIZED = configuration("unauthorized", "The provider does not accept our credentials.")
FORBIDDEN = configuration("forbidden", "The provider does not allow our account to send this way.")
PAYMENT_REQUIRED = configuration("payment_required", "The provider wants payment or credits.")
QUOTA_EXCEEDED = configuration("quota_exceeded", "Our account's sending quota is used up.")
ACCOUNT_SUSPENDED = configuration("account_suspended", "The provider has suspended our account.")
ACCOUNT_PENDING = configuration("account_pending", "The provider has not approved our account yet.")
SENDER_REFUSED = configuration(
    "sender_refused", "The provider does not accept our sender address or domain."
)
WRONG_ENDPOINT = configuration("wrong_endpoint", "The provider knows no such address or domain.")
BAD_SETTING = configuration("bad_setting", "The provider does not know a setting that we use.")

RATE_LIMITED = transient("rate_limited", "The provider asks us to send more slowly.")
UNAVAILABLE = transient("unavailable", "The provider is out of service for the moment.")
SERVER_ERROR = transient("server_error", "The provider failed and did not take the mail.")
CONNECTION_REFUSED = transient("connection_refused", "Nobody listens at the provider's address.")
CONNECTION_FAILED = transient("connection_failed", "The provider could not be reached.")
CONNECT_TIMEOUT = transient("connect_timeout", "The provider could not be reached in time.")
DNS_FAILED = transient("dns_failed", "The provider's name could not be looked up.")
TLS_FAILED = transient("tls_failed", "No secure connection with the provider came about.")
STALE_CONNECTION = transient("stale_connection", "The provider had closed our kept connection.")

RECIPIENT_INVALID = permanent(
    "recipient_invalid", "The provider calls the recipient's address invalid."
)
RECIPIENT_REJECTED = permanent("recipient_rejected", "The provider refuses to mail this recipient.")
RECIPIENT_INACTIVE = permanent(
    "recipient_inactive", "The provider suppresses this recipient after a bounce or complaint."
)
CONTENT_REFUSED = permanent("content_refused", "The provider refuses the mail's content.")
TOO_LARGE = permanent("message_too_large", "The mail is larger than the provider takes.")
INVALID_REQUEST = permanent("invalid_request", "The provider calls the mail malformed.")
UNSENDABLE = permanent("unsendable", "The mail cannot be put into the provider's form.")

TIMEOUT = unknown("timeout", "The provider did not answer in time; it may have taken the mail.")
CONNECTION_LOST = unknown(
    "connection_lost",
    "The connection was lost before the answer; the provider may have taken the mail.",
)
UNREADABLE_ANSWER = unknown(
    "unreadable_answer", "The provider's answer cannot be understood; it may have taken the mail."
)
GATEWAY_ERROR = unknown(
    "gateway_error", "A gateway lost the provider's answer; the provider may have taken the mail."
)
