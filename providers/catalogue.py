"""Every kind of provider, with the variables that it takes. The one table that all else reads.

The ESPs are those of Anymail 15 (`anymail/backends/*.py`), under Anymail's names and with Anymail's
setting names as environment variables; each option is the keyword that the backend's constructor
reads through `get_anymail_setting`. `docs/providers.md` is checked against this table.
"""

from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from django.core.exceptions import ImproperlyConfigured


class Family(StrEnum):
    """How a provider is spoken to, and which table reads its errors."""

    ANYMAIL_HTTP = "anymail_http"
    SES = "ses"
    SMTP = "smtp"
    LOCAL = "local"


class Form(StrEnum):
    """What an environment variable's text must look like."""

    TEXT = "text"
    FLAG = "flag"
    HTTP_URL = "http_url"
    SMTP_URL = "smtp_url"
    PATH = "path"


@dataclass(frozen=True, kw_only=True)
class Variable:
    """One environment variable of a provider.

    `name` follows the provider's prefix (`SERVER_TOKEN` in `POSTMARK_SERVER_TOKEN`). `option` is
    the path to where its value goes in the backend's constructor keywords.
    """

    name: str
    option: tuple[str, ...]
    about: str
    required: bool = False
    form: Form = Form.TEXT
    default: str = ""


@dataclass(frozen=True, kw_only=True)
class ProviderType:
    """One kind of provider."""

    name: str
    title: str
    family: Family
    backend: str
    variables: tuple[Variable, ...] = ()
    about: str = ""

    @property
    def prefix(self) -> str:
        """What its variables start with when it is used under its own name."""
        return self.name.upper()


def _key(name: str, about: str) -> Variable:
    return Variable(name=name, option=(name.lower(),), about=about, required=True)


def _setting(name: str, about: str, *, form: Form = Form.TEXT) -> Variable:
    return Variable(name=name, option=(name.lower(),), about=about, form=form)


def _url(default: str, *, required: bool = False) -> Variable:
    about = "The API's address; for the EU region or a test endpoint."
    if required:
        about = "The API's address; there is no common one."
    return Variable(
        name="API_URL",
        option=("api_url",),
        about=about,
        required=required,
        form=Form.HTTP_URL,
        default=default,
    )


def _esp(name: str, title: str, *variables: Variable, about: str = "") -> ProviderType:
    return ProviderType(
        name=name,
        title=title,
        family=Family.ANYMAIL_HTTP,
        backend=f"anymail.backends.{name}.EmailBackend",
        variables=variables,
        about=about,
    )


_CREDENTIALS = (
    "With none, boto's own chain is used: AWS_* variables, profile, instance or task role."
)
_SES = ProviderType(
    name="amazon_ses",
    title="Amazon SES",
    family=Family.SES,
    backend="anymail.backends.amazon_ses.EmailBackend",
    about=_CREDENTIALS,
    variables=(
        Variable(
            name="REGION",
            option=("session_params", "region_name"),
            about="The AWS region, such as eu-west-1; AWS_REGION or AWS_DEFAULT_REGION serve too.",
            required=True,
        ),
        Variable(
            name="ACCESS_KEY_ID",
            option=("session_params", "aws_access_key_id"),
            about="The access key; set it together with the secret.",
        ),
        Variable(
            name="SECRET_ACCESS_KEY",
            option=("session_params", "aws_secret_access_key"),
            about="The access key's secret.",
        ),
        Variable(
            name="SESSION_TOKEN",
            option=("session_params", "aws_session_token"),
            about="The session token of temporary credentials.",
        ),
        Variable(
            name="PROFILE",
            option=("session_params", "profile_name"),
            about="A profile of the AWS configuration files.",
        ),
        Variable(
            name="API_URL",
            option=("client_params", "endpoint_url"),
            about="The API's address; for a VPC or test endpoint.",
            form=Form.HTTP_URL,
        ),
        _setting("CONFIGURATION_SET_NAME", "The configuration set to send with."),
        _setting("MESSAGE_TAG_NAME", "The SES message tag that carries the mail's tag."),
    ),
)

_TYPES = (
    _SES,
    _esp(
        "brevo",
        "Brevo",
        _key("API_KEY", "The API key (v3)."),
        _url("https://api.brevo.com/v3/"),
    ),
    _esp(
        "mailersend",
        "MailerSend",
        _key("API_TOKEN", "The API token."),
        _setting("BATCH_SEND_MODE", "How merged mail is sent; ours is not merged."),
        _url("https://api.mailersend.com/v1/"),
    ),
    _esp(
        "mailgun",
        "Mailgun",
        _key("API_KEY", "The sending or account API key."),
        _setting("SENDER_DOMAIN", "The sending domain, where it is not the sender address's own."),
        _url("https://api.mailgun.net/v3"),
    ),
    _esp(
        "mailjet",
        "Mailjet",
        _key("API_KEY", "The API key."),
        _key("SECRET_KEY", "The API key's secret."),
        _url("https://api.mailjet.com/v3.1/"),
    ),
    _esp(
        "mailtrap",
        "Mailtrap",
        _key("API_TOKEN", "The API token."),
        _setting("SANDBOX_ID", "Sends into this sandbox inbox instead of delivering."),
        _url("https://send.api.mailtrap.io/api/"),
    ),
    _esp(
        "mandrill",
        "Mandrill (Mailchimp Transactional)",
        _key("API_KEY", "The API key."),
        _url("https://mandrillapp.com/api/1.0"),
    ),
    _esp(
        "postal",
        "Postal",
        _key("API_KEY", "The server's API credential."),
        _url("", required=True),
    ),
    _esp(
        "postmark",
        "Postmark",
        _key("SERVER_TOKEN", "The server's API token."),
        _setting("MESSAGE_STREAM", "The message stream; Postmark's default is outbound."),
        _url("https://api.postmarkapp.com/"),
    ),
    _esp(
        "resend",
        "Resend",
        _key("API_KEY", "The API key."),
        _url("https://api.resend.com/"),
    ),
    _esp(
        "scaleway",
        "Scaleway",
        _key("SECRET_KEY", "The IAM secret key."),
        _key("PROJECT_ID", "The project's id."),
        _setting("REGION", "The region; Scaleway's default is fr-par."),
        _url("https://api.scaleway.com/transactional-email/v1alpha1/regions/{region}/"),
    ),
    _esp(
        "sendgrid",
        "SendGrid",
        _key("API_KEY", "The API key."),
        _setting("GENERATE_MESSAGE_ID", "Whether Anymail makes the message id.", form=Form.FLAG),
        _setting("MERGE_FIELD_FORMAT", "How merge fields are written; ours are not used."),
        _url("https://api.sendgrid.com/v3/"),
        about="Anymail's authors cannot test it any more (their issue 432), and it warns at start.",
    ),
    _esp(
        "sparkpost",
        "SparkPost",
        _key("API_KEY", "The API key."),
        _setting("SUBACCOUNT", "The subaccount to send from."),
        _url("https://api.sparkpost.com/api/v1/"),
    ),
    _esp(
        "unisender_go",
        "Unisender Go",
        _key("API_KEY", "The API key."),
        _setting("GENERATE_MESSAGE_ID", "Whether Anymail makes the message id.", form=Form.FLAG),
        _url("", required=True),
    ),
    ProviderType(
        name="smtp",
        title="SMTP",
        family=Family.SMTP,
        backend="providers.backends.smtp.EmailBackend",
        about="Any mail server. User name and password are percent-encoded in the URL.",
        variables=(
            Variable(
                name="URL",
                option=(),
                about="smtp://host:25, smtp+tls://user:password@host:587 (STARTTLS) or smtps://user:password@host:465.",
                required=True,
                form=Form.SMTP_URL,
            ),
        ),
    ),
    ProviderType(
        name="console",
        title="Console",
        family=Family.LOCAL,
        backend="providers.backends.console.EmailBackend",
        about="Prints each mail on standard output. The default in development.",
    ),
    ProviderType(
        name="file",
        title="File",
        family=Family.LOCAL,
        backend="providers.backends.file.EmailBackend",
        about="Writes each mail as one .eml file.",
        variables=(
            Variable(
                name="PATH",
                option=("path",),
                about="The folder for the files, made when missing; unset: `mail` in VAR_DIR.",
                form=Form.PATH,
            ),
        ),
    ),
    ProviderType(
        name="memory",
        title="Memory",
        family=Family.LOCAL,
        backend="django.core.mail.backends.locmem.EmailBackend",
        about="Keeps each mail in `django.core.mail.outbox` of the sending process; for tests.",
    ),
)

TYPES = MappingProxyType({kind.name: kind for kind in _TYPES})

FORMER_NAMES = MappingProxyType(
    {
        "sendinblue": "brevo",
        "ses": "amazon_ses",
        "amazonses": "amazon_ses",
        "aws": "amazon_ses",
        "locmem": "memory",
        "filebased": "file",
        "unisender": "unisender_go",
        "gmail": "smtp",
        "mailchimp": "mandrill",
    }
)
"""Names that people try, and what each is called here."""


def provider_type(name: str) -> ProviderType:
    """Return the kind of provider called `name`.

    Raises:
        ImproperlyConfigured: there is none.
    """
    try:
        return TYPES[name]
    except KeyError:
        raise ImproperlyConfigured(f"There is no provider type {name!r}.") from None
