"""Where templates' texts come from.

Names are paths below a template directory: "order.placed/ko/subject.txt.jinja",
"_layouts/mail.html.jinja", "_strings/ko.toml".
"""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

# No segment begins with a dot, so no name leads out of its directory.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", re.ASCII)


class Source(Protocol):
    """Something that holds templates by name."""

    def read(self, name: str) -> str | None:
        """Return the text of this name, or None where there is none."""


class FileSource:
    """Templates in directories; of two files with one name the first directory's is used."""

    def __init__(self, directories: Sequence[Path]) -> None:
        self._directories = tuple(directories)

    def read(self, name: str) -> str | None:
        """Return the file's text. Raises UnicodeDecodeError for what is not UTF-8."""
        if not NAME.fullmatch(name):
            return None
        for directory in self._directories:
            try:
                return (directory / name).read_text(encoding="utf-8")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                continue
        return None
