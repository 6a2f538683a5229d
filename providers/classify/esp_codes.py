"""What each ESP's own error codes mean, where they say more than the HTTP status.

Per ESP: where its codes stand in the answer's JSON, a row for each code, and rows for phrases where
the ESP tells two meanings apart only in words. What is not listed is judged by its HTTP status.
Webhook and batch codes are left out: mail is sent one by one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from providers.classify.verdicts import (
    ACCOUNT_PENDING,
    ACCOUNT_SUSPENDED,
    BAD_SETTING,
    CONTENT_REFUSED,
    FORBIDDEN,
    INVALID_REQUEST,
    PAYMENT_REQUIRED,
    QUOTA_EXCEEDED,
    RATE_LIMITED,
    RECIPIENT_INACTIVE,
    RECIPIENT_INVALID,
    RECIPIENT_REJECTED,
    SENDER_REFUSED,
    SERVER_ERROR,
    TOO_LARGE,
    UNAUTHORIZED,
    UNAVAILABLE,
    WRONG_ENDPOINT,
    Verdict,
    permanent,
    transient,
)

STILL_IN_PROGRESS = transient(
    "still_in_progress", "The provider is still busy with an earlier try of this mail."
)
ALREADY_ACCEPTED = permanent(
    "already_accepted", "The provider has taken a mail with this idempotency key before."
)
"""Not a failure: `sending` turns it into an acceptance."""


@dataclass(frozen=True, kw_only=True)
class EspTable:
    """One ESP's vocabulary of refusals."""

    codes: Callable[[Any], Iterator[Any]]
    """Yields the codes that an answer's JSON holds, most telling first."""

    rows: Mapping[str, Verdict] = field(default_factory=dict)
    phrases: tuple[tuple[str, Verdict], ...] = ()
    """Regular expressions, searched in the answer's text (any case) before the rows."""

    refuses_with_200: bool = False
    """Whether a refusal may come with a status of success."""


def _at(*path: str) -> Callable[[Any], Iterator[Any]]:
    """Return a reader of what stands at `path`; `*` stands for every element of a list."""

    def read(node: Any, keys: tuple[str, ...] = path) -> Iterator[Any]:
        if not keys:
            yield node
        elif keys[0] == "*":
            for element in node if isinstance(node, list) else ():
                yield from read(element, keys[1:])
        elif isinstance(node, Mapping) and keys[0] in node:
            yield from read(node[keys[0]], keys[1:])

    return read


def _none(answer: Any) -> Iterator[Any]:  # noqa: ARG001  # for ESPs that answer in sentences
    return iter(())


def _either(*readers: Callable[[Any], Iterator[Any]]) -> Callable[[Any], Iterator[Any]]:
    def read(node: Any) -> Iterator[Any]:
        for reader in readers:
            yield from reader(node)

    return read


# https://postmarkapp.com/developer/api/overview#error-codes
POSTMARK = EspTable(
    codes=_at("ErrorCode"),
    rows={
        "10": UNAUTHORIZED,  # bad or missing API token
        "100": UNAVAILABLE,  # maintenance
        "300": INVALID_REQUEST,
        "400": SENDER_REFUSED,  # sender signature not found
        "401": SENDER_REFUSED,  # sender signature not confirmed
        "402": INVALID_REQUEST,  # invalid JSON
        "403": INVALID_REQUEST,  # incompatible JSON
        "405": PAYMENT_REQUIRED,  # not allowed to send: out of credits
        "406": RECIPIENT_INACTIVE,
        "409": INVALID_REQUEST,  # JSON required
        "411": CONTENT_REFUSED,  # forbidden attachment type
        "412": ACCOUNT_PENDING,
        "413": ACCOUNT_SUSPENDED,  # account may not send
        "429": RATE_LIMITED,
        "1235": BAD_SETTING,  # the message stream was not found
    },
    phrases=(
        # 300 stands for any bad field; only its text names which.
        (r"(invalid|error parsing) '(from|reply-?to)'", SENDER_REFUSED),
        (r"(invalid|error parsing) '(to|cc|bcc)'", RECIPIENT_INVALID),
    ),
)

# https://www.twilio.com/docs/sendgrid/api-reference/how-to-use-the-sendgrid-v3-api/errors and
# https://support.sendgrid.com/hc/en-us/articles/18322114821403-4XX-API-Errors-and-Troubleshooting-Suggestions
SENDGRID = EspTable(
    codes=_at("errors", "*", "field"),
    rows={
        "from": SENDER_REFUSED,
        "from.email": SENDER_REFUSED,
        "personalizations.0.to.0.email": RECIPIENT_INVALID,
    },
    phrases=((r"maximum credits exceeded", PAYMENT_REQUIRED),),
)

# https://documentation.mailgun.com/docs/mailgun/api-reference/mg-responses and Anymail's mailgun.py
MAILGUN = EspTable(
    codes=_none,
    refuses_with_200=True,
    phrases=(
        # A 200 that is no acceptance: what Mailgun says at an address that is not its send API.
        (r"mailgun magnificent api", WRONG_ENDPOINT),
        (r"'?from'? parameter is not a valid", SENDER_REFUSED),
        (r"'?(to|cc|bcc)'? parameter is not a valid", RECIPIENT_INVALID),
        (r"(sandbox subdomains|free accounts) are for test", FORBIDDEN),
        (r"(domain|account) .{0,60}(disabled|suspended|not allowed to send)", ACCOUNT_SUSPENDED),
    ),
)

# https://dev.mailjet.com/email/guides/send-api-v31/ (errors)
MAILJET = EspTable(
    codes=_either(_at("Messages", "*", "Errors", "*", "ErrorCode"), _at("ErrorCode")),
    rows={
        "send-0008": SENDER_REFUSED,
        "send-0011": SENDER_REFUSED,  # the sender is blocked
        "mj-0013": RECIPIENT_INVALID,  # is an invalid email address
        "mj-0020": TOO_LARGE,
    },
)

# https://developers.brevo.com/docs/how-it-works#error-codes; for duplicate_parameter
# https://developers.brevo.com/docs/heterogenous-versions-batch-emails
BREVO = EspTable(
    codes=_at("code"),
    rows={
        "unauthorized": UNAUTHORIZED,
        "permission_denied": FORBIDDEN,
        "account_under_validation": ACCOUNT_PENDING,
        "not_enough_credits": PAYMENT_REQUIRED,
        "reseller_permission_denied": FORBIDDEN,
        "too_many_requests": RATE_LIMITED,
        "invalid_parameter": INVALID_REQUEST,
        "missing_parameter": INVALID_REQUEST,
        "duplicate_parameter": ALREADY_ACCEPTED,
    },
    phrases=(
        (r"sender.{0,60}(not valid|invalid|not verified|not authenticated)", SENDER_REFUSED),
        (r"email is not valid in (to|cc|bcc)", RECIPIENT_INVALID),
    ),
)

# https://resend.com/docs/api-reference/errors
RESEND = EspTable(
    codes=_at("name"),
    rows={
        "missing_api_key": UNAUTHORIZED,
        "invalid_api_key": UNAUTHORIZED,
        "restricted_api_key": FORBIDDEN,
        "invalid_access": FORBIDDEN,
        "invalid_from_address": SENDER_REFUSED,
        "invalid_region": BAD_SETTING,
        "not_found": WRONG_ENDPOINT,
        "method_not_allowed": WRONG_ENDPOINT,
        "security_error": CONTENT_REFUSED,
        "invalid_attachment": CONTENT_REFUSED,
        "daily_quota_exceeded": QUOTA_EXCEEDED,
        "monthly_quota_exceeded": QUOTA_EXCEEDED,
        "rate_limit_exceeded": RATE_LIMITED,
        "concurrent_idempotent_requests": STILL_IN_PROGRESS,
        "invalid_idempotent_request": ALREADY_ACCEPTED,
        "application_error": SERVER_ERROR,
        "internal_server_error": SERVER_ERROR,
    },
    phrases=(
        (r"only send testing emails to your own", SENDER_REFUSED),
        (r"domain is not verified", SENDER_REFUSED),
        (r"invalid `(to|cc|bcc)` field", RECIPIENT_INVALID),
        (r"invalid `from` field", SENDER_REFUSED),
    ),
)

# https://support.sparkpost.com/docs/tech-resources/extended-error-codes
SPARKPOST = EspTable(
    codes=_at("errors", "*", "code"),
    rows={
        "1300": INVALID_REQUEST,
        "1400": INVALID_REQUEST,
        "1902": CONTENT_REFUSED,  # message generation rejected
        "2101": QUOTA_EXCEEDED,
        "2102": QUOTA_EXCEEDED,
        "2103": QUOTA_EXCEEDED,
        "5001": RECIPIENT_INVALID,
        "5002": RECIPIENT_REJECTED,
        "7000": SENDER_REFUSED,
        "7001": SENDER_REFUSED,  # unconfigured sending domain
    },
    phrases=((r"recipient address (was )?suppressed", RECIPIENT_INACTIVE),),
)

# https://mailchimp.com/developer/transactional/api/messages/ (errors). Mandrill answers 500 to all.
MANDRILL = EspTable(
    codes=_at("name"),
    rows={
        "Invalid_Key": UNAUTHORIZED,
        "PaymentRequired": PAYMENT_REQUIRED,
        "PoorReputation": ACCOUNT_SUSPENDED,
        "Unknown_Subaccount": BAD_SETTING,
        "Unknown_Pool": BAD_SETTING,
        "ValidationError": INVALID_REQUEST,
        "ServiceUnavailable": UNAVAILABLE,
        "GeneralError": SERVER_ERROR,
    },
    phrases=((r"key is suspended|account is suspended", ACCOUNT_SUSPENDED),),
)

# https://developers.mailersend.com/general.html#validation-errors; MS codes stand in the text
MAILERSEND = EspTable(
    codes=lambda answer: iter(answer.get("errors", {}) if isinstance(answer, Mapping) else ()),
    rows={"from.email": SENDER_REFUSED, "to.0.email": RECIPIENT_INVALID},
    phrases=(
        (r"#MS42207|domain must be verified", SENDER_REFUSED),
        (r"#MS42225|#MS42222|trial account|unique recipients limit", QUOTA_EXCEEDED),
    ),
)

# https://api-docs.mailtrap.io (errors are sentences)
MAILTRAP = EspTable(
    codes=_none,
    phrases=(
        (r"'from' address|sending domain|domain is not (allowed|verified)", SENDER_REFUSED),
        (r"'(to|cc|bcc)' address", RECIPIENT_INVALID),
        (r"(emails|sending) limit|limit is reached", QUOTA_EXCEEDED),
    ),
)

# https://apiv1.postalserver.io/controllers/send/message.html. Postal answers 200 to all.
POSTAL = EspTable(
    codes=_either(_at("data", "code"), _at("status")),
    refuses_with_200=True,
    rows={
        "AccessDenied": UNAUTHORIZED,
        "InvalidServerAPIKey": UNAUTHORIZED,
        "ServerSuspended": ACCOUNT_SUSPENDED,
        "UnauthenticatedFromAddress": SENDER_REFUSED,
        "FromAddressMissing": SENDER_REFUSED,
        "NoRecipients": RECIPIENT_INVALID,
        "NoContent": INVALID_REQUEST,
        "ValidationError": INVALID_REQUEST,
        "TooManyToAddresses": INVALID_REQUEST,
        "parameter-error": INVALID_REQUEST,
    },
)

# https://www.scaleway.com/en/developers/api/transactional-email/ and the common error types
SCALEWAY = EspTable(
    codes=_at("type"),
    rows={
        "denied_authentication": UNAUTHORIZED,
        "permissions_denied": FORBIDDEN,
        "quotas_exceeded": QUOTA_EXCEEDED,
        "too_many_requests": RATE_LIMITED,
        "precondition_failed": SENDER_REFUSED,  # the domain is not checked
        "invalid_arguments": INVALID_REQUEST,
        "unavailable": UNAVAILABLE,
    },
    phrases=((r"\"argument_name\":\s*\"(from|project_id)", SENDER_REFUSED),),
)

# https://godocs.unisender.ru/web-api-ref#api-errors; 204 also in Anymail's documentation
UNISENDER_GO = EspTable(
    codes=_at("code"),
    rows={"204": RECIPIENT_REJECTED},  # no valid recipients
    phrases=((r"from_email.{0,80}(not confirmed|not verified|unchecked|invalid)", SENDER_REFUSED),),
)

TABLES = MappingProxyType(
    {
        "brevo": BREVO,
        "mailersend": MAILERSEND,
        "mailgun": MAILGUN,
        "mailjet": MAILJET,
        "mailtrap": MAILTRAP,
        "mandrill": MANDRILL,
        "postal": POSTAL,
        "postmark": POSTMARK,
        "resend": RESEND,
        "scaleway": SCALEWAY,
        "sendgrid": SENDGRID,
        "sparkpost": SPARKPOST,
        "unisender_go": UNISENDER_GO,
    }
)

# Every ESP says in its own words that a sender is not verified, with 400, 403 or 422.
_SENDER_PHRASE = re.compile(
    r"(sender|from|domain|identity).{0,80}"
    r"(not (been )?(verified|confirmed|authori[sz]ed|validated)|unverified)"
    r"|does not match a verified sender",
    re.IGNORECASE | re.DOTALL,
)


def judge_body(esp: str, *, status: int, text: str, answer: Any) -> Verdict | None:
    """Return what the ESP's own words mean, or None where they say no more than the status.

    `text` is the answer's body; `answer` is its JSON, or None when it is none.
    """
    table = TABLES[esp]
    if not (400 <= status < 500 or status == 500 or (status == 200 and table.refuses_with_200)):
        # A gateway's page, or an acceptance that cannot be read: no words in it prove anything.
        return None
    for pattern, verdict in table.phrases:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return verdict
    for code in table.codes(answer):
        if str(code) in table.rows:
            return table.rows[str(code)]
    if status in (400, 403, 422) and _SENDER_PHRASE.search(text):
        return SENDER_REFUSED
    return None
