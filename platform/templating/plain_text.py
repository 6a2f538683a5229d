"""Writes a mail's text from its HTML, where there is no template for the text."""

from html2text import HTML2Text

from templating.cleaning import tidy


def from_html(html: str) -> str:
    """Return the text of a document; links keep their addresses, layout tables vanish."""
    writer = HTML2Text(bodywidth=0)
    writer.ignore_images = True
    writer.ignore_emphasis = True
    writer.ignore_tables = True
    writer.protect_links = True
    writer.single_line_break = False
    return tidy(writer.handle(html))
