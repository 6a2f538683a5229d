"""What an inbox shows of a mail before it is opened."""

import re
from html.parser import HTMLParser

LONGEST = 140
SILENT = frozenset({"head", "script", "style", "title", "template"})
# Fillers that keep an inbox from showing what follows the preheader.
FILLER = re.compile("[\u034f\u00ad\u200b-\u200f\u2060\ufeff]+")


class _Beginning(HTMLParser):
    """Reads the first words of a body, hidden ones too, as inboxes do."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in SILENT

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in SILENT and self._silent > 0

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.words += FILLER.sub("", data).split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def preheader(html: str) -> str:
    """Return the line that inboxes show beside the subject."""
    reader = _Beginning()
    # In pieces: the first words are wanted, and a mail may be long.
    for start in range(0, len(html), 4096):
        reader.feed(html[start : start + 4096])
        if len(reader.text) >= LONGEST:
            break
    text = reader.text
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1].rstrip()}…"
