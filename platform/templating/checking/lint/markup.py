"""Looks at the HTML of templates as it is written, so that advice has a line and a column."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from templating.checking.problems import Problem, ProblemCode, Severity

# What Jinja or a client takes away is blanked, in place: offsets stay those of the source.
HIDDEN = re.compile(r"\{#.*?#\}|<!--.*?-->|\{%\s*raw\s*%\}.*?\{%\s*endraw\s*%\}", re.DOTALL)
TAG = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
FILLED = "\x01"
# Without "<" in quotes, so that a page of unfinished tags is read once and not once for each tag.
ELEMENT = re.compile(r"<([A-Za-z][A-Za-z0-9]*)((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>")
ATTRIBUTE = re.compile(r"([A-Za-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
ABSOLUTE = re.compile(r"(?:https?://|mailto:|tel:|sms:|#|cid:)", re.IGNORECASE)
LINKS = {"a": "href", "area": "href", "img": "src"}


@dataclass(frozen=True, kw_only=True)
class Markup:
    """A template's text with Jinja's own parts blanked out."""

    template: str
    text: str

    @classmethod
    def of(cls, template: str, source: str) -> "Markup":
        """Return the markup of a template's source."""
        text = HIDDEN.sub(lambda match: _blank(match[0], " "), source)
        return cls(template=template, text=TAG.sub(lambda match: _blank(match[0], FILLED), text))

    def advice(self, at: int, code: ProblemCode, message: str) -> Problem:
        """Return advice about what stands at an offset."""
        starts = [0, *(match.end() for match in re.finditer("\n", self.text))]
        line = bisect_right(starts, at)
        return Problem(
            severity=Severity.ADVICE,
            code=code,
            template=self.template,
            line=line,
            column=at - starts[line - 1] + 1,
            message=message,
        )


def _blank(text: str, filler: str) -> str:
    return "".join("\n" if character == "\n" else filler for character in text)


def look(markup: Markup) -> Iterator[Problem]:
    """Yield advice on a template's images and links."""
    for element in ELEMENT.finditer(markup.text):
        name = element[1].lower()
        values = {
            one[1].lower(): one[2] if one[2] is not None else one[3]
            for one in ATTRIBUTE.finditer(element[2])
        }
        if name == "img" and "alt" not in values:
            yield markup.advice(
                element.start(),
                ProblemCode.MISSING_ALT,
                "an image without alt: many readers see no images; "
                'write what it says, or alt="" for decoration',
            )
        link = values.get(LINKS.get(name, ""))
        if link is not None and not link.startswith(FILLED) and not ABSOLUTE.match(link):
            yield markup.advice(
                element.start() + element[0].index(link) if link else element.start(),
                ProblemCode.RELATIVE_LINK,
                "a mail has no address of its own: links and images need https://",
            )
