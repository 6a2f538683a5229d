"""Where templates' texts come from.

Names are paths below a template directory: "order.placed/ko/subject.txt.jinja",
"_layouts/mail.html.jinja", "_strings/ko.toml".
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

# No segment begins with a dot, so no name leads out of its directory.
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)*", re.ASCII)


class Source(Protocol):
    """Something that holds templates by name."""

    def read(self, name: str) -> str | None:
        """Return the text of this name, or None where there is none."""

    def names(self) -> frozenset[str]:
        """Return the names of all that it holds."""


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

    def names(self) -> frozenset[str]:
        """Return the names of all templates and strings in the directories."""
        found = (
            path.relative_to(directory).as_posix()
            for directory in self._directories
            for kind in ("*.jinja", "*.toml")
            for path in directory.rglob(kind)
        )
        return frozenset(name for name in found if NAME.fullmatch(name))


class TextSource:
    """Templates as texts by name, before those of another source; None hides one of those."""

    def __init__(self, texts: Mapping[str, str | None], *, behind: Source | None = None) -> None:
        self._texts = dict(texts)
        self._behind = behind

    def read(self, name: str) -> str | None:
        """Return the text of this name, or None."""
        if name in self._texts:
            return self._texts[name]
        return self._behind.read(name) if self._behind else None

    def names(self) -> frozenset[str]:
        """Return all names."""
        behind = self._behind.names() if self._behind else frozenset()
        hidden = {name for name, text in self._texts.items() if text is None}
        return (behind | self._texts.keys()) - hidden
