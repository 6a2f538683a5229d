"""Which bounces are for good: the address takes no mail and never will.

Anymail reports hard and soft bounces alike, so each ESP's own words are read here, from the event
as the ESP sent it. What is not in the table, or not said, is not for good: an address is given up
only on the ESP's word.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any


def _at(event: Any, *path: str) -> Any:
    for key in path:
        if not isinstance(event, Mapping):
            return None
        event = event.get(key)
    return event


def _says(*path: str, one_of: frozenset[Any]) -> Callable[[Any], bool]:
    def judge(event: Any) -> bool:
        found = _at(event, *path)
        return isinstance(found, str | bool) and found in one_of

    return judge


def _sparkpost(event: Any) -> bool:
    # 10 invalid recipient, 30 no RCPT, 90 unsubscribe:
    # https://support.sparkpost.com/docs/deliverability/bounce-classification-codes
    message = next(iter(_at(event, "msys").values()), None) if _at(event, "msys") else event
    return str(_at(message, "bounce_class")) in {"10", "30", "90"}


FOR_GOOD: Mapping[str, Callable[[Any], bool]] = MappingProxyType(
    {
        # https://docs.aws.amazon.com/ses/latest/dg/notification-contents.html#bounce-types
        "amazon_ses": _says("bounce", "bounceType", one_of=frozenset({"Permanent"})),
        # https://developers.brevo.com/docs/transactional-webhooks
        "brevo": _says("event", one_of=frozenset({"hard_bounce", "invalid_email"})),
        # https://developers.mailersend.com/api/v1/webhooks.html
        "mailersend": _says("data", "type", one_of=frozenset({"hard_bounced"})),
        # https://documentation.mailgun.com/docs/mailgun/user-manual/events/events
        "mailgun": _says("event-data", "severity", one_of=frozenset({"permanent"})),
        # https://dev.mailjet.com/email/guides/webhooks/
        "mailjet": _says("hard_bounce", one_of=frozenset({True})),
        # https://help.mailtrap.io/article/87-statuses-and-events
        "mailtrap": _says("event", one_of=frozenset({"bounce"})),
        # https://mailchimp.com/developer/transactional/docs/webhooks/
        "mandrill": _says("event", one_of=frozenset({"hard_bounce"})),
        # https://postmarkapp.com/developer/api/bounce-api#bounce-types
        "postmark": _says("Type", one_of=frozenset({"HardBounce", "BadEmailAddress"})),
        # https://resend.com/docs/dashboard/emails/email-bounces
        "resend": _says("data", "bounce", "type", one_of=frozenset({"Permanent"})),
        # https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event ("blocked": not)
        "sendgrid": _says("type", one_of=frozenset({"bounce"})),
        "sparkpost": _sparkpost,
        # https://godocs.unisender.ru/web-api-ref#callback-format
        "unisender_go": _says(
            "delivery_info",
            "delivery_status",
            one_of=frozenset({"err_user_unknown", "err_user_inactive", "err_domain_inactive"}),
        ),
    }
)


def is_for_good(provider_type: str, event: Any) -> bool:
    """Return whether the ESP's own `event` says that the address will never take mail."""
    judge = FOR_GOOD.get(provider_type)
    return judge is not None and judge(event)
