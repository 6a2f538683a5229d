"""Moves a rendered mail's styles into its elements, where mail clients honour them."""

import css_inline

from templating.errors import BadValue

# At-rules stay in <style>: media queries (phones, dark mode) cannot be written inline.
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False, keep_at_rules=True)


def inlined(html: str) -> str:
    """Return the document with its styles inlined. Raises BadValue for styles that cannot be."""
    try:
        return _inliner.inline(html)
    except css_inline.InlineError as error:
        raise BadValue("the styles could not be inlined") from error
