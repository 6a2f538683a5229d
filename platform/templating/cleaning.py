"""Makes rendered texts safe to put into a mail: one line, no control characters, no surrogates."""

import re

LONGEST_SUBJECT = 250

# C0 and C1 controls, line and paragraph separators, surrogates, and the marks that reorder the text
# after them until they are closed (which in a subject would be the rest of the inbox's line).
NOT_IN_A_LINE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\ud800-\udfff]+")
NOT_IN_A_TEXT = bytes(code for code in (*range(0x20), 0x7F) if chr(code) not in "\t\n")
SPACES = re.compile(r"\s+")
LINE_ENDS = re.compile(r"\r\n?")
GAPS = re.compile(r"\n{3,}")


def one_line(text: str) -> str:
    """Return a text as one line of at most 250 characters: a subject cannot grow a header."""
    if text.isprintable() and "  " not in text:  # nearly always: the patterns would find nothing
        line = text.strip()
    else:
        line = SPACES.sub(" ", NOT_IN_A_LINE.sub(" ", text)).strip()
    if len(line) > LONGEST_SUBJECT:
        line = line[: LONGEST_SUBJECT - 1].rstrip() + "…"
    return line


def clean(text: str) -> str:
    """Return a text with plain line ends and without control characters but tab and newline."""
    if "\r" in text:
        text = LINE_ENDS.sub("\n", text)
    # As bytes, because that is ten times faster than a pattern; lone surrogates are left out too.
    return text.encode("utf-8", "ignore").translate(None, NOT_IN_A_TEXT).decode("utf-8")


def tidy(text: str) -> str:
    """Return a plain text without trailing spaces, and with at most one empty line in a row."""
    # Not by a pattern: `[ ]+$` looks at every space of a long run once for each of them.
    lines = [line.rstrip() for line in clean(text).split("\n")]
    tidied = "\n".join(lines)
    if "\n\n\n" in tidied:
        tidied = GAPS.sub("\n\n", tidied)
    return tidied.strip() + "\n"
