"""Makes a provider's raw text fit to be stored and shown: no mail address, no recipient's name."""

import re
from collections.abc import Iterable
from email.utils import getaddresses

LONGEST_DETAIL = 2000

# Wider than RFC 5321 on purpose: hiding too much is harmless. The domain stays, because it is what
# an operator needs ("every refusal is from example.com").
_ADDRESS = re.compile(r"""(?:"[^"@\s]{1,64}"|[^\s<>"'`()\[\]{},;:=@\\/|]+)@(?=[\w\[])""")


def mask(text: str, *, recipients: Iterable[str] = ()) -> str:
    """Return `text` with local parts and the recipients' display names replaced by `***`.

    `recipients` are addresses as mails have them: `Kim Minji <minji@example.com>` or bare. The
    result has at most `LONGEST_DETAIL` characters.
    """
    for name, address in getaddresses(list(recipients)):
        local = address.rpartition("@")[0]
        for private in (name, local):
            if len(private) > 1:
                text = re.sub(rf"(?<!\w){re.escape(private)}(?!\w)", "***", text)
    masked = _ADDRESS.sub("***@", text).strip()
    if len(masked) <= LONGEST_DETAIL:
        return masked
    return masked[: LONGEST_DETAIL - 1] + "…"
