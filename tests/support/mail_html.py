"""What a mail's HTML holds, for assertions: elements, links and the sheets that clients keep."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

DARK = re.compile(r"@media \(prefers-color-scheme: dark\)\s*\{((?:[^{}]*\{[^{}]*\})*)\s*\}")


@dataclass(frozen=True)
class Element:
    """One start tag."""

    name: str
    attributes: dict[str, str | None] = field(default_factory=dict)


class _Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs)))


def elements(html: str, *names: str) -> list[Element]:
    """Return the elements of these names (of any name, when none is given) in document order."""
    collector = _Collector()
    collector.feed(html)
    collector.close()
    return [element for element in collector.elements if not names or element.name in names]


def dark_declarations(html: str) -> list[str]:
    """Return each declaration of the dark-mode rules ("color: #fff !important")."""
    rules = "".join(DARK.findall(html))
    bodies = re.findall(r"\{([^{}]*)\}", rules)
    return [part.strip() for body in bodies for part in body.split(";") if part.strip()]
