"""Reads `SMTP_URL`. No sentence of an error repeats the URL, because it may hold a password."""

from typing import TypedDict
from urllib.parse import unquote, urlsplit

EXAMPLE = "smtp+tls://user:password@host:587"
PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}


class SmtpOptions(TypedDict):
    """The keywords that the SMTP backend's constructor takes from the URL."""

    host: str
    port: int
    username: str
    password: str
    use_tls: bool
    use_ssl: bool


def parse_smtp_url(url: str) -> SmtpOptions:
    """Return the backend's keywords for `smtp://`, `smtp+tls://` (STARTTLS) or `smtps://`.

    User name and password are percent-decoded. Without a port the scheme's usual one is used.

    Raises:
        ValueError: with a clause that says what is wrong and what to write.
    """
    parts = urlsplit(url.strip())
    if parts.scheme not in PORTS:
        raise ValueError(f"must start with smtp://, smtp+tls:// or smtps://, such as {EXAMPLE}.")
    if parts.path not in ("", "/") or parts.query or parts.fragment:
        raise ValueError(
            "has something after the port; percent-encode /, ? and # in user name and password "
            f"(%2F, %3F, %23), as in {EXAMPLE}."
        )
    try:
        port = parts.port
    except ValueError:
        raise ValueError(
            "has no usable port; write a number from 1 to 65535, and percent-encode : and @ in the "
            f"password (%3A, %40), as in {EXAMPLE}."
        ) from None
    if not parts.hostname:
        raise ValueError(f"names no host; write it as {EXAMPLE}.")
    if parts.netloc.count("@") > 1:
        raise ValueError(
            f"holds more than one @; percent-encode the others as %40, as in {EXAMPLE}."
        )
    username, password = unquote(parts.username or ""), unquote(parts.password or "")
    if bool(username) != bool(password):
        raise ValueError(f"needs both a user name and a password, or neither, as in {EXAMPLE}.")
    return SmtpOptions(
        host=parts.hostname,
        port=port or PORTS[parts.scheme],
        username=username,
        password=password,
        use_tls=parts.scheme == "smtp+tls",
        use_ssl=parts.scheme == "smtps",
    )
