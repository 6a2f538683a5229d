"""Which addresses must not be mailed."""

from collections.abc import Collection, Iterable

from django.db import connection

from notifications.models import Suppression


def normalise(address: str) -> str:
    """Return the form under which an address is kept and compared.

    The local part is folded too: RFC 5321 lets it be case-sensitive, no mailbox provider is, and
    mailing somebody who complained because of a capital letter is the worse mistake.
    """
    return address.strip().casefold()


def is_plain(address: str) -> bool:
    """Return whether a database folds an address as `normalise` does."""
    return address.isascii() and address == address.strip()


def is_listed(column: str) -> str:
    """Return a condition: the plain address in this column of a row is on the list.

    For a statement that writes or claims rows anyway, which saves asking once more.
    """
    # Folded as ASCII wherever the database stands, and compared as the index is sorted.
    is_postgresql = connection.vendor == "postgresql"
    folded = (
        f'lower({column} COLLATE "C") COLLATE "default"' if is_postgresql else f"lower({column})"
    )
    table = connection.ops.quote_name(Suppression._meta.db_table)
    return f"EXISTS (SELECT 1 FROM {table} AS listed WHERE listed.address = {folded})"  # noqa: S608  names of ours


def suppressed(addresses: Iterable[str]) -> frozenset[str]:
    """Return those of `addresses`, as they were given, that are on the suppression list."""
    forms = {address: normalise(address) for address in addresses}
    listed = _listed(set(forms.values()))
    return frozenset(address for address, form in forms.items() if form in listed)


def _listed(addresses: Collection[str]) -> frozenset[str]:
    """Return those that are on the list; asked for each mail, and so without the ORM."""
    if not addresses:
        return frozenset()
    table = connection.ops.quote_name(Suppression._meta.db_table)
    placeholders = ", ".join(["%s"] * len(addresses))
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT address FROM {table} WHERE address IN ({placeholders})",  # noqa: S608  a name of ours
            list(addresses),
        )
        return frozenset(address for (address,) in cursor.fetchall())
