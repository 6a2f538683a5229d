"""Writes a mail's text from its HTML, where there is no template for the text."""

import re
from typing import Any

from html2text import HTML2Text

from templating.cleaning import tidy
from templating.errors import BoundsExceeded
from templating.nesting import VOID

MOST_TAGS = 100_000  # take about two seconds; an order of 500 lines has 7,000
HIDDEN = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
HEADINGS = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
CELLS = frozenset({"td", "th"})


class VisibleText(HTML2Text):
    """HTML as plain text: no Markdown signs, and nothing that readers of the HTML do not see."""

    def __init__(self) -> None:
        super().__init__(bodywidth=0)
        self.ignore_images = True
        self.ignore_emphasis = True
        self.ignore_links = True  # written by _end_link: Markdown escapes what is in addresses
        self.ignore_tables = True
        self._hidden_depth = 0
        self._link = ""
        self._link_text: list[str] = []

    def handle_tag(self, tag: str, attrs: dict[str, str | None], start: bool) -> None:  # noqa: FBT001 - html2text's signature
        """Write one tag."""
        if tag not in VOID:
            self._follow_hidden(HIDDEN.search(attrs.get("style") or "") is not None, start=start)
        if tag in HEADINGS:
            self.p()
        elif tag == "a" and start:
            self._link, self._link_text = attrs.get("href") or "", []
        elif tag == "a":
            self._end_link()
        else:
            super().handle_tag(tag, attrs, start)
            self.space = self.space or tag in CELLS

    def handle_data(self, data: str, entity_char: bool = False) -> None:  # noqa: FBT001, FBT002 - html2text's signature
        """Write a piece of text, without Markdown's escapes (as if it were a single character)."""
        if self._link:
            self._link_text.append(data)
        super().handle_data(data, entity_char=True)

    def _end_link(self) -> None:
        address = self._link.removeprefix("mailto:")
        if address and address != "".join(self._link_text).strip():
            self.o(f" <{address}>")
        self._link = ""

    def _follow_hidden(self, hides: bool, *, start: bool) -> None:  # noqa: FBT001 - used here only
        if start and (hides or self._hidden_depth):
            self._hidden_depth += 1
            self.quiet += 1
        elif not start and self._hidden_depth:
            self._hidden_depth -= 1
            self.quiet -= 1


def from_html(html: str) -> str:
    """Return the text of a document; links keep their addresses, layout tables vanish.

    Raises BoundsExceeded for documents that would take too long.
    """
    if html.count("<") > MOST_TAGS:
        raise BoundsExceeded("the HTML is too long to write its text from: write a text template")
    writer: Any = VisibleText()
    return tidy(writer.handle(html))
