"""How each provider proves that a tracking webhook is its own: Anymail's view and its secrets.

The variables follow the provider's prefix like those of `providers.catalogue`
(`MAILGUN_WEBHOOK_SIGNING_KEY`); each option is a keyword of the view's constructor. A webhook is
refused unless one of its `proofs` is set. Providers that are not listed send no webhooks.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from providers.catalogue import Variable

BASIC_AUTH = Variable(
    name="WEBHOOK_SECRET",
    option=("webhook_secret",),
    about="user:password that the webhook's address carries (https://user:password@…); several, "
    "comma-separated, while one replaces another.",
)


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """One provider's tracking webhook.

    Attributes:
        view: Anymail's class, whose checks and translation are used.
        variables: what may be set for it.
        proofs: the options of which one must be set.
        borrowed: options of the sending backend that the view needs too.
    """

    view: str
    variables: tuple[Variable, ...]
    proofs: frozenset[str]
    borrowed: tuple[str, ...] = ()


def _webhook(
    module: str,
    name: str,
    *variables: Variable,
    borrowed: tuple[str, ...] = (),
    basic_auth_suffices: bool = True,
) -> Webhook:
    proofs = {variable.option[0] for variable in variables if variable.option != ("webhook_url",)}
    if basic_auth_suffices:
        proofs.add("webhook_secret")
    return Webhook(
        view=f"anymail.webhooks.{module}.{name}WebhookView",
        variables=(*variables, BASIC_AUTH),
        proofs=frozenset(proofs or borrowed),
        borrowed=borrowed,
    )


def _secret(name: str, about: str) -> Variable:
    return Variable(name=name, option=(name.lower(),), about=about)


WEBHOOKS: Mapping[str, Webhook] = MappingProxyType(
    {
        # The session serves to confirm the SNS subscription.
        "amazon_ses": _webhook("amazon_ses", "AmazonSESTracking", borrowed=("session_params",)),
        "brevo": _webhook("brevo", "BrevoTracking"),
        "mailersend": _webhook(
            "mailersend",
            "MailerSendTracking",
            _secret("SIGNING_SECRET", "The webhook's signing secret."),
            basic_auth_suffices=False,
        ),
        "mailgun": _webhook(
            "mailgun",
            "MailgunTracking",
            _secret("WEBHOOK_SIGNING_KEY", "The account's HTTP webhook signing key."),
            basic_auth_suffices=False,
        ),
        "mailjet": _webhook("mailjet", "MailjetTracking"),
        "mailtrap": _webhook(
            "mailtrap",
            "MailtrapTracking",
            _secret("TRACKING_SECRET", "The webhook's signature secret."),
        ),
        "mandrill": _webhook(
            "mandrill",
            "MandrillCombined",
            _secret("WEBHOOK_KEY", "The webhook's authentication key."),
            _secret("WEBHOOK_URL", "The webhook's address as Mandrill knows it, if not as we do."),
            basic_auth_suffices=False,
        ),
        "postal": _webhook(
            "postal",
            "PostalTracking",
            _secret("WEBHOOK_KEY", "Postal's public signing key, without its first and last line."),
            basic_auth_suffices=False,
        ),
        "postmark": _webhook("postmark", "PostmarkTracking"),
        "resend": _webhook(
            "resend",
            "ResendTracking",
            _secret("SIGNING_SECRET", "The webhook's signing secret (whsec_…)."),
        ),
        "sendgrid": _webhook(
            "sendgrid",
            "SendGridTracking",
            _secret(
                "TRACKING_WEBHOOK_VERIFICATION_KEY", "The signed event webhook's verification key."
            ),
        ),
        "sparkpost": _webhook("sparkpost", "SparkPostTracking"),
        # Signed with the API key, which is always there.
        "unisender_go": _webhook(
            "unisender_go", "UnisenderGoTracking", borrowed=("api_key",), basic_auth_suffices=False
        ),
    }
)
