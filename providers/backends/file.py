"""Writes each mail as one `.eml` file that mail programs open."""

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.utils import timezone

from providers.backends.wire import as_wire


class EmailBackend(BaseEmailBackend):
    """Writes into the folder `path`, which it makes. `written` is the last file's name."""

    def __init__(self, *, path: str, **options: Any) -> None:
        super().__init__(fail_silently=bool(options.pop("fail_silently", False)))
        self.path = Path(path)
        self.written = ""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write each mail.

        Raises:
            OSError: it could not be written completely; then no `.eml` file is left of it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        stamp = timezone.now().strftime("%Y%m%d-%H%M%S-%f")
        name = f"{stamp}-{uuid.uuid4().hex[:8]}.eml"
        unfinished = self.path / f".{name}.part"
        try:
            with unfinished.open("wb") as file:
                file.write(as_wire(message))
                file.flush()
                os.fsync(file.fileno())
            # Renamed when complete, so that whoever watches the folder never reads half a mail.
            unfinished.replace(self.path / name)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise
        self.written = name
