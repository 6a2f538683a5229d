"""Reads an SMTP server's replies and `smtplib`'s exceptions, by the step that they came from.

Sources: RFC 5321 (4.2 replies, 4.5.3.2 timeouts), RFC 4954 (AUTH), RFC 3463 and the registry
https://www.iana.org/assignments/smtp-enhanced-status-codes/ (enhanced codes), Exchange Online's
non-delivery reports at https://learn.microsoft.com/exchange/mail-flow-best-practices/, and
https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-smtp.html.

Until the server's 354 nothing of the mail has left, so every failure is proof of non-acceptance.
After it, only a reply is.
"""

import errno
import re
import smtplib
import socket
import ssl
from types import MappingProxyType

from providers.backends.smtp import Smtputf8Unsupported
from providers.classify.verdicts import (
    ACCOUNT_SUSPENDED,
    CONNECT_TIMEOUT,
    CONNECTION_FAILED,
    CONNECTION_LOST,
    CONNECTION_REFUSED,
    CONTENT_REFUSED,
    DNS_FAILED,
    RATE_LIMITED,
    RECIPIENT_REJECTED,
    SENDER_REFUSED,
    STALE_CONNECTION,
    TIMEOUT,
    TLS_FAILED,
    TOO_LARGE,
    UNAUTHORIZED,
    UNREADABLE_ANSWER,
    UNSENDABLE,
    Verdict,
    configuration,
    permanent,
    transient,
)
from providers.errors import Phase
from providers.transports.smtp_session import Step

STARTTLS_UNSUPPORTED = configuration(
    "starttls_unsupported", "The server offers no STARTTLS; use smtp:// or smtps:// in SMTP_URL."
)
AUTH_UNSUPPORTED = configuration(
    "auth_unsupported", "The server offers no login that we know; it may want TLS first."
)
RELAY_DENIED = configuration("relay_denied", "The server does not relay mail for us.")
SMTPUTF8_UNSUPPORTED = permanent(
    "smtputf8_unsupported", "The server does not take addresses with letters beyond ASCII."
)

# (step, reply code) -> meaning; then by step and class of reply; then by class alone.
REPLIES = MappingProxyType(
    {
        (Step.AUTH, 432): configuration(
            "password_transition", "The server wants the password renewed."
        ),
        (Step.AUTH, 454): transient(
            "auth_unavailable", "The server cannot check logins for the moment."
        ),
        (Step.STARTTLS, 454): TLS_FAILED,
        (Step.MAIL, 503): UNAUTHORIZED,  # bad sequence: it wants AUTH first
        (Step.MAIL, 552): TOO_LARGE,  # RFC 1870: the declared size
        (Step.RCPT, 503): UNAUTHORIZED,
        (Step.BODY, 552): TOO_LARGE,
    }
)
BY_STEP = MappingProxyType(
    {
        Step.CONNECT: configuration("client_refused", "The server does not talk to our address."),
        Step.GREETING: configuration("client_refused", "The server does not talk to our address."),
        Step.STARTTLS: STARTTLS_UNSUPPORTED,
        Step.AUTH: UNAUTHORIZED,
        Step.MAIL: SENDER_REFUSED,
        Step.RCPT: RECIPIENT_REJECTED,
        Step.DATA: CONTENT_REFUSED,
        Step.BODY: CONTENT_REFUSED,
    }
)
"""What a 5xx means at each step."""

UNAUTHENTICATED = frozenset({530, 534, 535, 538})
"""Replies that mean "log in (better)" wherever they come (RFC 4954, section 6)."""

PHRASES = (
    (
        (
            r"relay(ing)? (access )?(is )?(denied|not permitted|not allowed|prohibited)"
            r"|unable to relay"
        ),
        RELAY_DENIED,
    ),
    (
        (
            r"address is not verified|not authori[sz]ed to send|send ?as ?denied"
            r"|sender address rejected: not owned"
        ),
        SENDER_REFUSED,
    ),
    (r"sending (is )?(suspended|paused|disabled)", ACCOUNT_SUSPENDED),
    (
        r"(sending|message) rate exceeded|too many (messages|connections|emails)|throttl",
        RATE_LIMITED,
    ),
)
"""Words that say more than their code. Only refusals (5xx) may become configuration by them."""

ENHANCED = MappingProxyType(
    {
        "5.7.8": UNAUTHORIZED,  # credentials invalid
        "5.7.9": UNAUTHORIZED,  # mechanism too weak
        "5.7.11": UNAUTHORIZED,  # encryption required
        "5.7.14": UNAUTHORIZED,  # Google: log in through a browser
        "5.7.57": UNAUTHORIZED,  # Exchange: not authenticated
        "5.7.60": SENDER_REFUSED,  # Exchange: no permission to send as this sender
        "5.7.501": ACCOUNT_SUSPENDED,  # Exchange: the account is blocked
        "5.7.708": ACCOUNT_SUSPENDED,  # Exchange: no traffic from this address
        "5.3.4": TOO_LARGE,
        "5.2.3": TOO_LARGE,
    }
)
_ENHANCED = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")


def judge(error: Exception, *, step: Step, fresh: bool) -> Verdict:
    """Return what `error` means at `step`; `fresh`: the connection was opened for this mail."""
    reply = reply_of(error)
    if reply is not None:
        return judge_reply(*reply, step=step, fresh=fresh)
    if isinstance(error, Smtputf8Unsupported):
        return SMTPUTF8_UNSUPPORTED
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return STARTTLS_UNSUPPORTED if "STARTTLS" in str(error) else AUTH_UNSUPPORTED
    if isinstance(error, smtplib.SMTPServerDisconnected | OSError):
        # SMTPException is an OSError itself; those left here carry no reply.
        if type(error) is smtplib.SMTPException:
            return AUTH_UNSUPPORTED
        return _judge_silence(error, step=step, fresh=fresh)
    # Django or the email package could not write the mail; nothing was handed over.
    return UNSENDABLE if step is not Step.BODY else UNREADABLE_ANSWER


def reply_of(error: Exception) -> tuple[int, str] | None:
    """Return the server's reply in an exception, if it holds one."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        replies = list(error.recipients.values())
        # With several, one that may pass later decides: the mail is not refused for good.
        code, text = min(replies, key=lambda reply: reply[0])
        return code, _text(text)
    if isinstance(error, smtplib.SMTPResponseException):
        return error.smtp_code, _text(error.smtp_error)
    return None


def judge_reply(code: int, text: str, *, step: Step, fresh: bool) -> Verdict:
    """Return what a reply means that is not the one hoped for."""
    if not 400 <= code < 600:
        # Not a refusal in SMTP's words: proof of nothing once the body has left.
        return (
            UNREADABLE_ANSWER
            if step is Step.BODY
            else transient("bad_reply", "The server's reply makes no sense.")
        )
    if code == 421 and step is Step.MAIL and not fresh:
        return STALE_CONNECTION
    if code in UNAUTHENTICATED:
        return UNAUTHORIZED
    if (step, code) in REPLIES:
        return REPLIES[step, code]
    if code < 500:
        return _judge_4xx(code, text)
    return _judge_5xx(text, step=step)


def _judge_4xx(code: int, text: str) -> Verdict:
    if re.search(PHRASES[-1][0], text, re.IGNORECASE):
        return RATE_LIMITED
    return transient(f"smtp_{code}", f"The server put the mail off with {code}.")


def _judge_5xx(text: str, *, step: Step) -> Verdict:
    for pattern, verdict in PHRASES:
        if re.search(pattern, text, re.IGNORECASE):
            return verdict
    found = _ENHANCED.search(text)
    if found and found[1] in ENHANCED:
        return ENHANCED[found[1]]
    return BY_STEP[step]


def _judge_silence(error: OSError, *, step: Step, fresh: bool) -> Verdict:
    timed_out = isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)
    if step is Step.BODY:
        return TIMEOUT if timed_out else CONNECTION_LOST
    if step is Step.MAIL and not fresh and not timed_out:
        return STALE_CONNECTION
    if timed_out and step is not Step.CONNECT:
        return transient("silence", f"The server fell silent at {step.upper()}.")
    if step.phase is Phase.CONNECT:
        return _judge_connecting(error, timed_out=timed_out)
    return transient("disconnected", f"The server closed the connection at {step.upper()}.")


def _judge_connecting(error: OSError, *, timed_out: bool) -> Verdict:
    if timed_out:
        return CONNECT_TIMEOUT
    if isinstance(error, socket.gaierror):
        return DNS_FAILED
    if isinstance(error, ssl.SSLError):
        return TLS_FAILED
    return CONNECTION_REFUSED if error.errno == errno.ECONNREFUSED else CONNECTION_FAILED


def _text(reply: bytes | str) -> str:
    return reply.decode("utf-8", "replace") if isinstance(reply, bytes) else reply
