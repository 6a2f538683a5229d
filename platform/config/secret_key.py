"""The key that signs sessions: given in production, made once in development."""

import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from config.env import SettingError

FILE_NAME = "secret-key"
SHORTEST = 32  # characters; what `openssl rand -hex 16` prints, and far beyond guessing


def resolve(value: str | None, *, debug: bool, var_dir: Path) -> str:
    """Return the secret key.

    In development, with none given, it is made once and kept in `var_dir` for all processes, in a
    file that only its owner may read.

    Raises:
        ImproperlyConfigured: production without a key, or with one that is short enough to guess.
        SettingError: `var_dir` cannot be written to.
    """
    if value is None and debug:
        return _kept(var_dir / FILE_NAME)
    if value is None:
        raise ImproperlyConfigured(
            "postroom.E002: SECRET_KEY is not set. Set it to at least 50 random characters, the "
            "same for every process (for example the output of `openssl rand -hex 32`), or set "
            "DEBUG=true for development."
        )
    if not debug and len(value) < SHORTEST:
        raise ImproperlyConfigured(
            f"postroom.E002: SECRET_KEY has only {len(value)} characters. Set it to at least 50 "
            "random ones (for example the output of `openssl rand -hex 32`)."
        )
    return value


def _kept(path: Path) -> str:
    try:
        if not path.exists():
            _make(path)
        return path.read_text(encoding="ascii")
    except OSError as error:
        raise SettingError("VAR_DIR", f"cannot hold the secret key: {error}") from error


def _make(path: Path) -> None:
    """Put a new key at `path`, complete or not at all; the first of several processes wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(64))
        os.link(draft, path)  # unlike a rename, it never replaces a key that is in use
    except FileExistsError:
        pass
    finally:
        draft.unlink()
