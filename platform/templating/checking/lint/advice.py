"""All advice on one mail."""

from collections.abc import Iterator, Mapping

from templating.checking.lint import mail, markup, styles, translations
from templating.checking.problems import Problem
from templating.checking.samples import Trial
from templating.sources import Source


def advice(
    *,
    texts: Mapping[str, str],
    trials: tuple[Trial, ...],
    source: Source,
    folder: str,
    default_locale: str,
) -> Iterator[Problem]:
    """Yield advice on the mail that these files are; `folder` is "<event>/<locale>"."""
    pages = [
        markup.Markup.of(name, text) for name, text in texts.items() if name.endswith(".html.jinja")
    ]
    inlined = frozenset[str]().union(*(styles.plain_properties(page) for page in pages))
    for page in pages:
        yield from markup.look(page)
        yield from styles.look(page, inlined=inlined)
    yield from mail.look(trials, folder=folder)
    yield from mail.subjects(trials, folder=folder)
    yield from mail.missing_text(texts, folder=folder)
    locale = folder.partition("/")[2]
    yield from translations.missing_words(source, locale=locale, default=default_locale)
