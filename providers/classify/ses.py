"""Reads what Amazon SES (v2, through boto3) answers and raises.

Sources: https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html (errors),
https://docs.aws.amazon.com/ses/latest/APIReference-V2/CommonErrors.html,
https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html,
and `botocore/exceptions.py`.
Every request is made once: boto's own retries are off (`transports.ses`).
"""

import re
import ssl
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from anymail.exceptions import AnymailError, AnymailInvalidAddress
from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from providers.classify.anymail_http import cause_of, judge_connecting
from providers.classify.http_status import judge_status
from providers.classify.verdicts import (
    ACCOUNT_SUSPENDED,
    BAD_SETTING,
    CONNECT_TIMEOUT,
    CONNECTION_LOST,
    CONTENT_REFUSED,
    FORBIDDEN,
    INVALID_REQUEST,
    QUOTA_EXCEEDED,
    RATE_LIMITED,
    RECIPIENT_INVALID,
    SENDER_REFUSED,
    SERVER_ERROR,
    TIMEOUT,
    TLS_FAILED,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNREADABLE_ANSWER,
    UNSENDABLE,
    Verdict,
    configuration,
)
from providers.errors import Phase

CREDENTIALS_UNAVAILABLE = configuration(
    "credentials_unavailable", "No AWS credentials could be found or fetched."
)
CLOCK_WRONG = configuration("clock_wrong", "AWS does not accept the time of this machine's clock.")

CODES = MappingProxyType(
    {
        "MessageRejected": CONTENT_REFUSED,
        "MailFromDomainNotVerifiedException": SENDER_REFUSED,
        "AccountSuspendedException": ACCOUNT_SUSPENDED,
        "SendingPausedException": ACCOUNT_SUSPENDED,
        "LimitExceededException": QUOTA_EXCEEDED,
        "NotFoundException": BAD_SETTING,  # the configuration set
        "BadRequestException": INVALID_REQUEST,
        "ValidationException": INVALID_REQUEST,
        "TooManyRequestsException": RATE_LIMITED,
        "Throttling": RATE_LIMITED,
        "ThrottlingException": RATE_LIMITED,
        "RequestLimitExceeded": RATE_LIMITED,
        "InternalFailure": SERVER_ERROR,
        "InternalServerError": SERVER_ERROR,
        "InternalServiceErrorException": SERVER_ERROR,
        "ServiceUnavailable": UNAVAILABLE,
        "ServiceUnavailableException": UNAVAILABLE,
        "AccessDenied": FORBIDDEN,
        "AccessDeniedException": FORBIDDEN,
        "NotAuthorized": FORBIDDEN,
        "OptInRequired": FORBIDDEN,
        "ExpiredToken": UNAUTHORIZED,
        "ExpiredTokenException": UNAUTHORIZED,
        "IncompleteSignature": UNAUTHORIZED,
        "InvalidClientTokenId": UNAUTHORIZED,
        "InvalidSignatureException": UNAUTHORIZED,
        "MissingAuthenticationToken": UNAUTHORIZED,
        "MissingAuthenticationTokenException": UNAUTHORIZED,
        "SignatureDoesNotMatch": UNAUTHORIZED,
        "UnrecognizedClientException": UNAUTHORIZED,
        "RequestExpired": CLOCK_WRONG,
        "RequestTimeTooSkewed": CLOCK_WRONG,
    }
)

# One code, several meanings: only the text tells them apart.
PHRASES = (
    (r"is not verified|identities failed the check", SENDER_REFUSED),
    (r"daily message quota exceeded", QUOTA_EXCEEDED),
    (r"(sending|account).{0,40}(suspended|paused|disabled)", ACCOUNT_SUSPENDED),
    (r"configuration set .{0,80}(does not exist|doesn't exist)", BAD_SETTING),
    (r"signature expired|signature not yet current", CLOCK_WRONG),
    (
        r"(illegal|invalid|malformed) (address|email address|domain)|local address contains",
        RECIPIENT_INVALID,
    ),
)

# The first row that fits counts. Those of the first block are raised before any byte has left.
_BY_CLASS = (
    (boto.NoCredentialsError, CREDENTIALS_UNAVAILABLE, Phase.CONNECT),
    (boto.PartialCredentialsError, CREDENTIALS_UNAVAILABLE, Phase.CONNECT),
    (boto.CredentialRetrievalError, CREDENTIALS_UNAVAILABLE, Phase.CONNECT),
    (boto.MetadataRetrievalError, CREDENTIALS_UNAVAILABLE, Phase.CONNECT),
    (boto.TokenRetrievalError, CREDENTIALS_UNAVAILABLE, Phase.CONNECT),
    (boto.SSOError, CREDENTIALS_UNAVAILABLE, Phase.CONNECT),
    (boto.ProfileNotFound, BAD_SETTING, Phase.CONNECT),
    (boto.NoRegionError, BAD_SETTING, Phase.CONNECT),
    (boto.InvalidRegionError, BAD_SETTING, Phase.CONNECT),
    (boto.EndpointProviderError, BAD_SETTING, Phase.CONNECT),
    (boto.ParamValidationError, UNSENDABLE, Phase.CONNECT),
    (boto.ConnectTimeoutError, CONNECT_TIMEOUT, Phase.CONNECT),
    (boto.ReadTimeoutError, TIMEOUT, Phase.RESPONSE),
    (boto.HTTPClientError, CONNECTION_LOST, Phase.HANDOVER),
    (OSError, CONNECTION_LOST, Phase.HANDOVER),
)

# OpenSSL's reasons that only a handshake gives: nothing of the mail had left. An unexpected end of
# the stream may come at any time and is not among them.
_HANDSHAKE = re.compile(
    r"CERTIFICATE_VERIFY_FAILED|WRONG_VERSION_NUMBER|HANDSHAKE_FAILURE|PROTOCOL_VERSION|UNSUPPORTED_PROTOCOL"
    r"|NO_SHARED_CIPHER|UNKNOWN_CA|CERTIFICATE_(EXPIRED|UNKNOWN|REQUIRED)|HTTP_REQUEST|RECORD_LAYER_FAILURE"
)


def judge(error: Exception) -> tuple[Verdict, Phase]:
    """Return what `error` means and how far the send had come."""
    cause = cause_of(error)
    if isinstance(cause, boto.ClientError):
        return judge_response(cause.response), Phase.RESPONSE
    if isinstance(cause, boto.EndpointConnectionError | boto.ProxyConnectionError):
        return judge_connecting(cause), Phase.CONNECT
    if isinstance(cause, boto.SSLError | ssl.SSLError) and _HANDSHAKE.search(str(cause)):
        return TLS_FAILED, Phase.CONNECT
    for kind, verdict, phase in _BY_CLASS:
        if isinstance(cause, kind):
            return verdict, phase
    return _judge_other(error)


def _judge_other(error: Exception) -> tuple[Verdict, Phase]:
    if isinstance(error, ResponseParserError):
        return UNREADABLE_ANSWER, Phase.RESPONSE
    if isinstance(error, AnymailInvalidAddress):
        return RECIPIENT_INVALID, Phase.CONNECT
    if isinstance(error, AnymailError) and type(error).__name__ != "AnymailAPIError":
        return UNSENDABLE, Phase.CONNECT
    if isinstance(error, boto.BotoCoreError | ValueError):
        # boto calls an endpoint that it cannot use a ValueError.
        return BAD_SETTING, Phase.CONNECT
    return UNREADABLE_ANSWER, Phase.RESPONSE


def judge_response(response: Mapping[str, Any]) -> Verdict:
    """Return what SES's parsed error answer means."""
    fault = response.get("Error", {})
    text = str(fault.get("Message", ""))
    status = int(response.get("ResponseMetadata", {}).get("HTTPStatusCode") or 0)
    if status < 500:
        for pattern, verdict in PHRASES:
            if re.search(pattern, text, re.IGNORECASE):
                return verdict
    return CODES.get(str(fault.get("Code", ""))) or judge_status(status)
