"""Makes a provider's raw text fit to be stored and shown: no mail address, no recipient's name."""

import re
from collections.abc import Iterable
from email.utils import getaddresses

LONGEST_DETAIL = 2000

# Wider than RFC 5321 on purpose: hiding too much is harmless. The domain stays, because it is what
# an operator needs ("every refusal is from example.com"). Its repetitions are bounded, because an
# answer of one endless word would otherwise take minutes.
_ADDRESS = re.compile(r"""(?:"[^"@\n]{1,64}"|[^\s<>"'`()\[\]{},;:=@\\/|]{1,256})@(?=[\w\[])""")


def mask(text: str, *, recipients: Iterable[str] = ()) -> str:
    """Return `text` with local parts and the recipients' display names replaced by `***`.

    `recipients` are addresses as mails have them: `Kim Minji <minji@example.com>` or bare. The
    result has at most `LONGEST_DETAIL` characters.
    """
    text = text[: LONGEST_DETAIL * 4]
    for private in _private_parts(recipients):
        text = re.sub(rf"(?<!\w){re.escape(private)}(?!\w)", "***", text)
    masked = _ADDRESS.sub("***@", text).strip()
    if len(masked) <= LONGEST_DETAIL:
        return masked
    return masked[: LONGEST_DETAIL - 1] + "…"


def _private_parts(recipients: Iterable[str]) -> set[str]:
    recipients = list(recipients)
    parts = {part for pair in getaddresses(recipients) for part in (pair[0], _local(pair[1]))}
    # An address that cannot be parsed is the one that errors quote.
    parts |= {_local(recipient).rpartition("<")[2].strip() for recipient in recipients}
    return {part for part in parts if len(part) > 1}


def _local(address: str) -> str:
    return address.partition("@")[0]
