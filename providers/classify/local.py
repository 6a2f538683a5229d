"""Reads what writing a mail to a file or to standard output raises (errno(3))."""

import errno
from types import MappingProxyType

from providers.classify.verdicts import UNSENDABLE, Verdict, configuration, transient

NOT_PERMITTED = configuration("not_permitted", "The place for mails cannot be written to.")
NO_SUCH_PLACE = configuration("no_such_place", "The place for mails is not a folder.")
DISK_FULL = transient("disk_full", "There is no space left for the mail.")
BUSY = transient("busy", "The operating system could not write the mail for the moment.")

ROWS = MappingProxyType(
    {
        errno.EACCES: NOT_PERMITTED,
        errno.EPERM: NOT_PERMITTED,
        errno.EROFS: NOT_PERMITTED,
        errno.ENOENT: NO_SUCH_PLACE,
        errno.ENOTDIR: NO_SUCH_PLACE,
        errno.EEXIST: NO_SUCH_PLACE,  # a file stands where the folder should be
        errno.EISDIR: NO_SUCH_PLACE,
        errno.ENAMETOOLONG: NO_SUCH_PLACE,
        errno.ENOSPC: DISK_FULL,
        errno.EDQUOT: DISK_FULL,
        errno.EFBIG: DISK_FULL,
        errno.EPIPE: configuration("console_closed", "Nobody reads the standard output any more."),
        errno.EBADF: configuration("console_closed", "Standard output is closed."),
    }
)


def judge(error: Exception) -> Verdict:
    """Return what `error` means. Half a mail is never left behind, so it always has proof."""
    if isinstance(error, OSError):
        return ROWS.get(error.errno or 0, BUSY)
    if isinstance(error, ValueError) and "closed file" in str(error):
        return ROWS[errno.EBADF]
    return UNSENDABLE
