"""Spares Anymail the standard library's grammars for addresses that are plain to see.

Anymail parses each address twice, with `email.utils.getaddresses` and then again with
`email.headerregistry`: of sender, recipients, and Postmark's answer that made a third of what a
mail over HTTP costs. A plain `local@example.com` needs no grammar, and the sender is the same for
every mail. All others are parsed as before.

Anymail offers no place for this. `install` replaces two names that `anymail.utils` uses, so that
it matters neither which of its modules are imported already nor which ESP it is.
"""

import re
from collections.abc import Sequence
from functools import lru_cache

from anymail import utils

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
is_plain = re.compile(rf"{_ATOM}(?:\.{_ATOM})*@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)*").fullmatch
"""Finds addresses of which every grammar makes what stands on each side of the `@`."""

_getaddresses = utils.getaddresses


class EmailAddress(utils.EmailAddress):  # type: ignore[misc]  # Anymail has no types
    """Anymail's address, without the grammar where the two parts are plain."""

    def __init__(
        self,
        display_name: str = "",
        addr_spec: str | None = None,
        *,
        username: str = "",
        domain: str | None = None,
    ) -> None:
        if addr_spec and is_plain(addr_spec):
            username, _, domain = addr_spec.rpartition("@")
            addr_spec = None
        super().__init__(display_name, addr_spec, username=username, domain=domain)


def getaddresses(values: Sequence[str]) -> list[tuple[str, str]]:
    """Return names and addresses, as `email.utils.getaddresses` does."""
    if all(map(is_plain, values)):
        return [("", value) for value in values]
    return list(_parsed(tuple(values)))


@lru_cache(maxsize=128)
def _parsed(values: tuple[str, ...]) -> Sequence[tuple[str, str]]:
    return tuple(_getaddresses(list(values)))


def install() -> None:
    """Let Anymail use these from now on."""
    utils.EmailAddress = EmailAddress
    utils.getaddresses = getaddresses
