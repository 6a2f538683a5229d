"""Makes rendered texts safe to put into a mail: one line, no control characters, no surrogates."""

import re

LONGEST_SUBJECT = 250

# C0 and C1 controls, line and paragraph separators, surrogates, and the marks that reorder the text
# after them until they are closed (which in a subject would be the rest of the inbox's line).
NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]+")
NOT_IN_A_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
SPACES = re.compile(r"\s+")
LINE_ENDS = re.compile(r"\r\n?")
TRAILING_SPACE = re.compile(r"[ \t]+(?=\n|\Z)")
GAPS = re.compile(r"\n{3,}")


def one_line(text: str) -> str:
    """Return a text as one line of at most 250 characters: a subject cannot grow a header."""
    line = SPACES.sub(" ", NOT_IN_A_LINE.sub(" ", text)).strip()
    if len(line) > LONGEST_SUBJECT:
        line = line[: LONGEST_SUBJECT - 1].rstrip() + "…"
    return line


def clean(text: str) -> str:
    """Return a text with plain line ends and without control characters but tab and newline."""
    return NOT_IN_A_TEXT.sub("", LINE_ENDS.sub("\n", text))


def tidy(text: str) -> str:
    """Return a plain text without trailing spaces, and with at most one empty line in a row."""
    return GAPS.sub("\n\n", TRAILING_SPACE.sub("", clean(text))).strip() + "\n"
