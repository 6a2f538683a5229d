"""What an HTTP status means for a mail that was posted to an API.

Sources: RFC 9110 section 15, RFC 6585, and for 520-530
https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-5xx-errors/
(several ESPs stand behind Cloudflare, which says whether it ever reached them).
"""

from types import MappingProxyType

from providers.classify.verdicts import (
    FORBIDDEN,
    GATEWAY_ERROR,
    INVALID_REQUEST,
    PAYMENT_REQUIRED,
    QUOTA_EXCEEDED,
    RATE_LIMITED,
    SERVER_ERROR,
    TOO_LARGE,
    UNAUTHORIZED,
    UNAVAILABLE,
    UNREADABLE_ANSWER,
    WRONG_ENDPOINT,
    Verdict,
    configuration,
    transient,
    unknown,
)

ROWS = MappingProxyType(
    {
        400: INVALID_REQUEST,
        401: UNAUTHORIZED,
        402: PAYMENT_REQUIRED,
        403: FORBIDDEN,
        404: WRONG_ENDPOINT,
        405: WRONG_ENDPOINT,
        407: configuration("proxy_unauthorized", "The proxy does not accept our credentials."),
        408: transient("request_timeout", "The provider did not receive the whole mail in time."),
        410: WRONG_ENDPOINT,
        413: TOO_LARGE,
        420: QUOTA_EXCEEDED,  # SparkPost's own: the account's sending limit
        421: transient("misdirected", "The provider wants another connection."),
        422: INVALID_REQUEST,
        423: UNAVAILABLE,
        425: transient("too_early", "The provider wants the mail again later."),
        429: RATE_LIMITED,
        500: SERVER_ERROR,
        501: WRONG_ENDPOINT,
        502: GATEWAY_ERROR,
        503: UNAVAILABLE,
        504: GATEWAY_ERROR,
        505: WRONG_ENDPOINT,
        507: SERVER_ERROR,
        509: RATE_LIMITED,
        520: GATEWAY_ERROR,  # the origin's answer was lost
        521: UNAVAILABLE,  # the origin refused the connection
        522: UNAVAILABLE,  # the origin could not be connected to
        523: UNAVAILABLE,  # the origin could not be routed to
        524: GATEWAY_ERROR,  # connected, and no answer in time
        525: UNAVAILABLE,  # no TLS with the origin
        526: UNAVAILABLE,  # the origin's certificate is invalid
        530: UNAVAILABLE,  # Cloudflare itself refused
    }
)

REDIRECTED = configuration(
    "redirected", "The provider's address has moved; set its API_URL to the new one."
)


def judge_status(status: int) -> Verdict:
    """Return what `status` means where the ESP's own table says nothing.

    A 2xx comes here only when its body could not be read. An unlisted 4xx is the mail's fault; an
    unlisted 5xx proves nothing.
    """
    if status in ROWS:
        return ROWS[status]
    if 200 <= status < 300:
        return UNREADABLE_ANSWER
    if 300 <= status < 400:
        return REDIRECTED
    if 400 <= status < 500:
        return INVALID_REQUEST
    return unknown("server_error", "The provider failed; it may have taken the mail.")
