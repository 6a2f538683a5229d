"""Moves a rendered mail's styles into its elements, where mail clients honour them."""

import re

import css_inline

from templating import nesting
from templating.errors import BadValue, BoundsExceeded

# At-rules stay in <style>: media queries (phones, dark mode) cannot be written inline.
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)

LARGEST_INLINED = 5_000_000  # providers refuse mail from about 10 MB
# A link is no style of ours: the inliner takes those to style sheets out.
MAY_BE_STYLED = re.compile(r"<(?=[sl])(?:style|link)\b", re.IGNORECASE)  # a look ahead is quicker
STYLE = re.compile(r"<style\b[^>]*>([^<]*)", re.IGNORECASE)
MOST_RULES = 600
# The inliner compares each declaration that applies to an element with those found before it:
# 1e9 comparisons take up to three seconds. An order of 500 lines in the shipped layouts makes 4e8.
MOST_COMPARISONS = 1_000_000_000


def inlined(html: str) -> str:
    """Return the document with its styles inlined; one without any is left as it was written.

    Raises BadValue for styles that cannot be inlined, and BoundsExceeded for documents that would
    take the inliner too long or too deep.
    """
    nesting.check(html)
    if not MAY_BE_STYLED.search(html):
        return html  # nothing to inline: to read and write the document would only cost time
    _check_styles(html)
    try:
        document = _inliner.inline(html)
    except css_inline.InlineError as error:
        raise BadValue("the styles could not be inlined") from error
    if len(document) > LARGEST_INLINED:
        raise BoundsExceeded(f"with its styles inlined it exceeds {LARGEST_INLINED:,} characters")
    return document


def _check_styles(html: str) -> None:
    styles = "".join(STYLE.findall(html))
    # Declarations and selectors of a list cost as much as rules do.
    rules = styles.count("{") + styles.count(";") + styles.count(",")
    if rules > MOST_RULES:
        raise BoundsExceeded(f"the styles hold more than {MOST_RULES:,} rules and declarations")
    elements = html.count("<") - html.count("</")
    if rules * rules * elements > MOST_COMPARISONS:
        raise BoundsExceeded("there are too many styles for so many elements")
