"""What each ESP answers when it refuses: status, body, and what that means here.

The answers are from the ESPs' documentation and Anymail's own tests; the sources stand in
`providers.classify.esp_codes`.
"""

from typing import Any

from providers.classify.esp_codes import STILL_IN_PROGRESS
from providers.classify.recipient_status import RECIPIENT_UNAVAILABLE
from providers.classify.verdicts import (
    ACCOUNT_PENDING,
    ACCOUNT_SUSPENDED,
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
    UNAUTHORIZED,
    WRONG_ENDPOINT,
    Verdict,
)

TO = "minji@example.com"

REFUSALS: dict[str, list[tuple[int, Any, Verdict]]] = {
    "sendgrid": [
        (400, {"errors": [{"field": "from", "message": "bad"}]}, SENDER_REFUSED),
        (
            400,
            {"errors": [{"field": "personalizations.0.to.0.email", "message": "bad"}]},
            RECIPIENT_INVALID,
        ),
        (401, {"errors": [{"message": "Maximum credits exceeded"}]}, PAYMENT_REQUIRED),
        (
            403,
            {
                "errors": [
                    {
                        "field": "from",
                        "message": "The from address does not match a verified Sender Identity.",
                    }
                ]
            },
            SENDER_REFUSED,
        ),
    ],
    "mailgun": [
        (
            400,
            {"message": "'to' parameter is not a valid address. please check documentation"},
            RECIPIENT_INVALID,
        ),
        (400, {"message": "'from' parameter is not a valid address."}, SENDER_REFUSED),
        (403, {"message": "Sandbox subdomains are for test purposes only."}, FORBIDDEN),
        (
            403,
            {"message": "Domain shop.example is not allowed to send: disabled"},
            ACCOUNT_SUSPENDED,
        ),
        (404, {"message": "Domain not found: shop.example"}, WRONG_ENDPOINT),
        (200, "Mailgun Magnificent API", WRONG_ENDPOINT),
    ],
    "mailjet": [
        (
            403,
            {
                "Messages": [
                    {"Status": "error", "Errors": [{"ErrorCode": "send-0008", "StatusCode": 403}]}
                ]
            },
            SENDER_REFUSED,
        ),
        (
            400,
            {
                "Messages": [
                    {"Status": "error", "Errors": [{"ErrorCode": "mj-0013", "StatusCode": 400}]}
                ]
            },
            RECIPIENT_INVALID,
        ),
        (401, {"ErrorCode": "mj-0002", "StatusCode": 401}, UNAUTHORIZED),
    ],
    "brevo": [
        (401, {"code": "unauthorized", "message": "Key not found"}, UNAUTHORIZED),
        (402, {"code": "not_enough_credits", "message": "x"}, PAYMENT_REQUIRED),
        (403, {"code": "account_under_validation", "message": "x"}, ACCOUNT_PENDING),
        (
            400,
            {
                "code": "invalid_parameter",
                "message": "Sending was rejected: the sender shop@example.org is not valid.",
            },
            SENDER_REFUSED,
        ),
        (
            400,
            {"code": "invalid_parameter", "message": "email is not valid in to"},
            RECIPIENT_INVALID,
        ),
    ],
    "resend": [
        (
            403,
            {
                "name": "validation_error",
                "message": "You can only send testing emails to your own email address",
            },
            SENDER_REFUSED,
        ),
        (
            403,
            {"name": "validation_error", "message": "The example.org domain is not verified."},
            SENDER_REFUSED,
        ),
        (422, {"name": "validation_error", "message": "Invalid `to` field."}, RECIPIENT_INVALID),
        (403, {"name": "invalid_api_key", "message": "API key is invalid"}, UNAUTHORIZED),
        (429, {"name": "daily_quota_exceeded", "message": "x"}, QUOTA_EXCEEDED),
        (429, {"name": "rate_limit_exceeded", "message": "x"}, RATE_LIMITED),
        (409, {"name": "concurrent_idempotent_requests", "message": "x"}, STILL_IN_PROGRESS),
        (500, {"name": "application_error", "message": "x"}, SERVER_ERROR),
    ],
    "sparkpost": [
        (400, {"errors": [{"code": "7001", "message": "Invalid domain"}]}, SENDER_REFUSED),
        (400, {"errors": [{"code": "5002", "message": "x"}]}, RECIPIENT_REJECTED),
        (
            400,
            {
                "errors": [
                    {
                        "code": "1902",
                        "description": "recipient address was suppressed due to customer policy",
                    }
                ]
            },
            RECIPIENT_INACTIVE,
        ),
        (
            420,
            {"errors": [{"message": "Exceed Sending Limit (daily)", "code": "2102"}]},
            QUOTA_EXCEEDED,
        ),
        (
            200,
            {
                "results": {
                    "total_accepted_recipients": 0,
                    "total_rejected_recipients": 1,
                    "id": "1",
                }
            },
            RECIPIENT_REJECTED,
        ),
    ],
    "mandrill": [
        (500, {"status": "error", "code": -1, "name": "Invalid_Key", "message": "x"}, UNAUTHORIZED),
        (500, {"status": "error", "name": "PaymentRequired", "message": "x"}, PAYMENT_REQUIRED),
        (500, {"status": "error", "name": "ValidationError", "message": "x"}, INVALID_REQUEST),
        (500, {"status": "error", "name": "GeneralError", "message": "x"}, SERVER_ERROR),
        (
            200,
            [{"email": TO, "status": "rejected", "reject_reason": "hard-bounce"}],
            RECIPIENT_REJECTED,
        ),
        (200, [{"email": TO, "status": "invalid"}], RECIPIENT_REJECTED),
    ],
    "mailersend": [
        (
            422,
            {
                "message": "The from.email domain must be verified #MS42207",
                "errors": {"from.email": ["x"]},
            },
            SENDER_REFUSED,
        ),
        (422, {"message": "x", "errors": {"to.0.email": ["must be valid"]}}, RECIPIENT_INVALID),
        (
            422,
            {"message": "You have reached the trial account unique recipients limit. #MS42225"},
            QUOTA_EXCEEDED,
        ),
        (
            202,
            {
                "warnings": [
                    {
                        "type": "ALL_SUPPRESSED",
                        "recipients": [{"email": TO, "reason": ["hard_bounced"]}],
                    }
                ]
            },
            RECIPIENT_REJECTED,
        ),
    ],
    "mailtrap": [
        (400, {"success": False, "errors": ["'to' address is invalid"]}, RECIPIENT_INVALID),
        (403, {"success": False, "errors": ["Sending domain is not verified"]}, SENDER_REFUSED),
        (401, {"success": False, "errors": ["Unauthorized"]}, UNAUTHORIZED),
    ],
    "postal": [
        (200, {"status": "error", "data": {"code": "InvalidServerAPIKey"}}, UNAUTHORIZED),
        (200, {"status": "error", "data": {"code": "UnauthenticatedFromAddress"}}, SENDER_REFUSED),
        (200, {"status": "parameter-error", "data": {"message": "x"}}, INVALID_REQUEST),
    ],
    "scaleway": [
        (401, {"type": "denied_authentication"}, UNAUTHORIZED),
        (403, {"type": "quotas_exceeded"}, QUOTA_EXCEEDED),
        (412, {"type": "precondition_failed", "message": "x"}, SENDER_REFUSED),
        (
            400,
            {"type": "invalid_arguments", "details": [{"argument_name": "from"}]},
            SENDER_REFUSED,
        ),
        (400, {"type": "invalid_arguments", "details": [{"argument_name": "to"}]}, INVALID_REQUEST),
    ],
    "unisender_go": [
        (
            400,
            {"status": "error", "code": 204, "message": "No valid recipients"},
            RECIPIENT_REJECTED,
        ),
        (
            200,
            {
                "status": "success",
                "job_id": "1",
                "emails": [],
                "failed_emails": {TO: "temporary_unavailable"},
            },
            RECIPIENT_UNAVAILABLE,
        ),
        (
            200,
            {
                "status": "success",
                "job_id": "1",
                "emails": [],
                "failed_emails": {TO: "unsubscribed"},
            },
            RECIPIENT_REJECTED,
        ),
        (
            200,
            {"status": "success", "job_id": "1", "emails": [], "failed_emails": {TO: "invalid"}},
            RECIPIENT_REJECTED,
        ),
    ],
}
