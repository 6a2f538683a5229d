"""One address of Redis or Valkey, as each of its readers spells it.

redis-py says `unix:///run/valkey.sock` where kombu says `redis+socket:///run/valkey.sock`; people
may set either.
"""

import hashlib
import os
import re
from pathlib import Path

# sockaddr_un holds 104 bytes on macOS and 108 on Linux, the closing zero included.
LONGEST_SOCKET_PATH = 100
PLAIN_PATH = re.compile(r"[\w./+@-]+", re.ASCII)  # no address needs to quote these

REDIS_TRANSPORT_OPTIONS = {
    "socket_timeout": 2,
    "socket_connect_timeout": 1,
    "max_retries": 0,
    "connect_retries_timeout": 2,
}
"""Kombu's, measured against a broker that is refused, hung or black-holed."""
REDIS_SCHEMES = ("redis://", "rediss://", "unix://", "redis+socket://", "valkey://", "valkeys://")


def embedded_socket(var_dir: Path) -> Path:
    """Return where the embedded Valkey of `var_dir` listens.

    That is in `var_dir`, or, where this path is too long for a socket or holds characters that the
    readers of addresses trip over, in a directory under /tmp whose name every process derives.
    """
    natural = var_dir / "run" / "valkey.sock"
    if len(os.fsencode(natural)) <= LONGEST_SOCKET_PATH and PLAIN_PATH.fullmatch(str(natural)):
        return natural
    digest = hashlib.sha256(os.fsencode(var_dir)).hexdigest()[:16]
    # Not tempfile.gettempdir(): TMPDIR may differ between the processes, and be long itself.
    # The directory is made private to its owner before the server starts (config.runner.valkey).
    return Path(f"/tmp/postroom-{os.getuid()}-{digest}/valkey.sock")  # noqa: S108


def is_redis(url: str) -> bool:
    """Say whether `url` names a Redis or Valkey server."""
    return url.startswith(REDIS_SCHEMES)


def for_redis(url: str) -> str:
    """Return the address as redis-py reads it."""
    for ours, theirs in (
        ("redis+socket://", "unix://"),
        ("valkey://", "redis://"),
        ("valkeys://", "rediss://"),
    ):
        if url.startswith(ours):
            return theirs + url.removeprefix(ours)
    return url


def for_celery(url: str) -> str:
    """Return the address as kombu reads it."""
    url = for_redis(url)
    if url.startswith("unix://"):
        return "redis+socket://" + url.removeprefix("unix://")
    return url
