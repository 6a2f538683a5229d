"""Which addresses must not be mailed."""

from collections.abc import Iterable

from notifications.models import Suppression


def normalise(address: str) -> str:
    """Return the form under which an address is kept and compared.

    The local part is folded too: RFC 5321 lets it be case-sensitive, no mailbox provider is, and
    mailing somebody who complained because of a capital letter is the worse mistake.
    """
    return address.strip().casefold()


def suppressed(addresses: Iterable[str]) -> frozenset[str]:
    """Return those of `addresses`, as they were given, that are on the suppression list."""
    forms = {address: normalise(address) for address in addresses}
    found = Suppression.objects.filter(address__in=set(forms.values()))
    listed = frozenset(found.values_list("address", flat=True))
    return frozenset(address for address, form in forms.items() if form in listed)
