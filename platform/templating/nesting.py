"""Measures how deep a document's elements are nested, before a recursive parser finds out.

css-inline recurses once per level, and a document of a hundred thousand open elements ends the
process, not the rendering. The measure must never be lower than the truth: whatever browsers would
read differently from this module (a mismatched end tag, foreign content) is refused, not guessed.
"""

import re
from collections.abc import Iterator

from templating.errors import BoundsExceeded

DEEPEST = 500
# Documents with fewer tags cannot be too deep, whatever they hold. Nearly all mail is below this.
FEW_TAGS = 2_000
SHORTEST_TAG = len("<p>")

TAG_NAME = re.compile(r"(/?)([A-Za-z][^\s/>]*)")
COMMENT_END = re.compile(r"--!?>")
VOID = frozenset(
    [
        "area",
        "base",
        "br",
        "col",
        "embed",
        "hr",
        "img",
        "input",
        "link",
        "meta",
        "param",
        "source",
        "track",
        "wbr",
    ]
)
# Their end tags may be left out: the end of what is around them ends them too.
IMPLIED_END = frozenset(
    [
        "dd",
        "dt",
        "li",
        "option",
        "p",
        "rp",
        "rt",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "tr",
        "body",
        "html",
        "head",
        "colgroup",
    ]
)
# Their end tags also end such elements inside of them; other end tags are ignored by those.
BLOCKS = IMPLIED_END | frozenset(
    [
        "address",
        "article",
        "aside",
        "blockquote",
        "center",
        "details",
        "dir",
        "div",
        "dl",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "main",
        "menu",
        "nav",
        "ol",
        "pre",
        "section",
        "select",
        "summary",
        "table",
        "ul",
    ]
)
# Elements that end where one of these begins.
ENDED_BY_START = {
    **dict.fromkeys(("dd", "dt"), frozenset({"dd", "dt"})),
    **dict.fromkeys(("td", "th"), frozenset({"td", "th"})),
    "li": frozenset({"li"}),
    "option": frozenset({"option"}),
    "p": frozenset({"p"}),
    "tr": frozenset({"td", "th", "tr"}),
}
# Their content is text, in which tags do not count.
RAW = frozenset(["iframe", "noembed", "noframes", "script", "style", "textarea", "title", "xmp"])
# Their content follows other rules.
REFUSED = frozenset(["frameset", "math", "plaintext", "svg", "template"])


def check(html: str) -> None:
    """Raise BoundsExceeded if the document's elements are, or may be, nested too deeply."""
    if len(html) < SHORTEST_TAG * FEW_TAGS or html.count("<") <= FEW_TAGS:
        return
    open_elements: list[str] = []
    for closing, name in _tags(html):
        if closing:
            _close(open_elements, name)
        elif name not in VOID:
            _open(open_elements, name)


def _open(open_elements: list[str], name: str) -> None:
    ended = ENDED_BY_START.get(name, frozenset())
    while open_elements and open_elements[-1] in ended:
        open_elements.pop()
    open_elements.append(name)
    if len(open_elements) > DEEPEST:
        raise BoundsExceeded(f"HTML elements are nested more than {DEEPEST} deep")


def _close(open_elements: list[str], name: str) -> None:
    if name in VOID or (name in IMPLIED_END and name not in open_elements[-DEEPEST:]):
        return
    while open_elements and open_elements[-1] != name:
        if name not in BLOCKS or open_elements[-1] not in IMPLIED_END:
            raise BoundsExceeded(f"a large mail must be well nested: </{name}> ends nothing")
        open_elements.pop()
    if not open_elements:
        raise BoundsExceeded(f"a large mail must be well nested: </{name}> ends nothing")
    open_elements.pop()


def _tags(html: str) -> Iterator[tuple[bool, str]]:
    """Yield whether each tag closes, and its name."""
    position = html.find("<")
    while position >= 0:
        after = position + 1
        tag = TAG_NAME.match(html, after)
        if tag is not None:
            name = tag[2].lower()
            after = _end_of_tag(html, tag.end(), name)
            yield bool(tag[1]), name
            if not tag[1] and name in RAW:
                after = _end_of_raw(html, after, name)
                yield True, name
        elif html.startswith("!--", after):
            after = _end_of_comment(html, after + 3)
        position = html.find("<", after)


def _end_of_tag(html: str, position: int, name: str) -> int:
    end = html.find(">", position)
    following = html.find("<", position)
    if name in REFUSED:
        raise BoundsExceeded(f"a large mail cannot hold <{name}>")
    if end < 0 or 0 <= following < end:
        raise BoundsExceeded(f"a large mail must be well formed: <{name}> has no end")
    return end + 1


def _end_of_raw(html: str, position: int, name: str) -> int:
    end = re.compile(f"</{name}[\\s/>]", re.IGNORECASE).search(html, position)
    if end is None:
        raise BoundsExceeded(f"a large mail must be well formed: <{name}> has no end")
    return _end_of_tag(html, end.end() - 1, name)


def _end_of_comment(html: str, position: int) -> int:
    for short in (">", "->"):
        if html.startswith(short, position):
            return position + len(short)
    end = COMMENT_END.search(html, position)
    return len(html) if end is None else end.end()
