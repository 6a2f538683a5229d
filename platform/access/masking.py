"""Hides whose mail it is from people who need not know, where `MASK_ADDRESSES` asks for it.

The domain stays: "every refusal is from example.com" is what an operator looks for. Masking is done
on the way to the page; what is stored and sent is never touched.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any

from django.conf import settings

PERMISSION = "notifications.see_recipients"
HIDDEN = "***"

# As providers/masking.py has it: wider than RFC 5321, for hiding too much is harmless.
_ADDRESS = re.compile(r"""([^\s<>"'`()\[\]{},;:=@\\/|&]{1,256})@(?=[\w\[])""")
# What holds a person: an address book's fields, wherever they stand in a mail's context.
_PERSON = re.compile(r"customer|recipient|address|buyer|contact", re.IGNORECASE)
# What the shop says of itself is public.
_PUBLIC = "shop"
_PRIVATE = re.compile(
    r"e?mail|(^|_)name$|phone|mobile|^line\d?$|street|city|region|postal|^zip", re.IGNORECASE
)


def may_see_addresses(user: Any) -> bool:
    """Return whether this person sees who gets a mail: always, unless the setting asks to mask."""
    return not settings.MASK_ADDRESSES or bool(user.has_perm(PERMISSION))


def mask_address(address: str) -> str:
    """Return an address of which the domain is left: `minji@example.com` -> `m***@example.com`."""
    local, at, domain = address.rpartition("@")
    return f"{local[:1]}{HIDDEN}{at}{domain}" if at else mask_name(address)


def mask_name(name: str) -> str:
    """Return a name of which the first letter is left."""
    return f"{name[:1]}{HIDDEN}" if name else ""


def mask_text(text: str, *, names: Collection[str] = ()) -> str:
    """Return text with every mail address in it masked, and every one of `names`."""
    for name in names:
        if len(name) > 1:
            text = text.replace(name, mask_name(name))
    return _ADDRESS.sub(lambda found: f"{found[1][:1]}{HIDDEN}@", text)


def mask_data(value: Any, *, of_person: bool = False, names: Collection[str] = ()) -> Any:
    """Return JSON-ready data in which no address, and no name or place of a person, is whole.

    Args:
        value: what is stored, such as a mail's context or a provider's report.
        of_person: it is what is known of a person, so that its names are private too.
        names: are masked wherever they stand.
    """
    if isinstance(value, Mapping):
        return {
            key: _masked_item(str(key), item, of_person=of_person, names=names)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [mask_data(item, of_person=of_person, names=names) for item in value]
    return mask_text(value, names=names) if isinstance(value, str) else value


def _masked_item(key: str, item: Any, *, of_person: bool, names: Collection[str]) -> Any:
    if key == _PUBLIC:
        return item
    of_person = of_person or bool(_PERSON.search(key))
    if isinstance(item, str) and of_person and (_PRIVATE.search(key) or _PERSON.search(key)):
        return mask_address(item)
    return mask_data(item, of_person=of_person, names=names)
