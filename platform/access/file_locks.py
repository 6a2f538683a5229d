"""Locks between the processes of one host, which end with whoever holds them."""

import fcntl


def try_lock(file: int) -> bool:
    """Take the lock of an open file unless somebody else has it; return whether it is ours now.

    It is given back when the descriptor is closed, which the kernel does for a process that is
    killed.

    Args:
        file: the descriptor.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
