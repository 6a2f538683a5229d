"""The one function that turns an event's context into a mail: for sending, previews and tests."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from jinja2 import Template
from pydantic import ValidationError

from templating import budget, catalogue, contracts, locales, typing_contexts
from templating.bundles import Bundle
from templating.cleaning import clean, one_line, tidy
from templating.errors import BadValue, BoundsExceeded, Code, RenderingError
from templating.failures import translate
from templating.functions import GLOBALS
from templating.inlining import inlined
from templating.plain_text import from_html
from templating.printing import concat

LARGEST_PART = 2_000_000  # characters of HTML or text, before the styles are inlined
MOST_PROBLEMS = 5  # named in one error


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """One mail's content.

    `locale` is that of the words, `version` that of the templates, and `fingerprint` the SHA-256 of
    subject, HTML and text: equal fingerprints mean an identical mail.
    """

    event: str
    locale: str
    version: str
    subject: str
    html: str
    text: str
    fingerprint: str


def render(*, event: str, locale: str, context: Mapping[str, Any]) -> Rendered:
    """Return the mail for an event, in the templates that are live for the recipient's locale.

    `context` is the contract's context as JSON data. Raises RenderingError and nothing else.
    """
    try:
        bundle = catalogue.find(event=event, locale=locale)
        return render_bundle(bundle, locale=locale, data=typed(event, context))
    except Exception as error:
        raise translate(error, template=event) from error


def render_bundle(bundle: Bundle, *, locale: str, data: Mapping[str, Any]) -> Rendered:
    """Return the mail that a bundle makes of plain typed data. Raises RenderingError."""
    variables = {**GLOBALS, **data, "t": bundle.words, "locale": bundle.locale}
    formatting = locales.for_formatting(wanted=locale, words=bundle.locale)
    with budget.opened(), locales.formatting_in(formatting):
        subject = _part(bundle.subject, variables, finish=_subject)
        html = _part(bundle.html, variables, finish=_html)
        text = _part(bundle.text, variables, finish=tidy) if bundle.text else from_html(html)
    return Rendered(
        event=bundle.event,
        locale=bundle.locale,
        version=bundle.version,
        subject=subject,
        html=html,
        text=text,
        fingerprint=_fingerprint(subject, html, text),
    )


def typed(event: str, context: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the context with decimals and datetimes again, as its contract types them.

    Fields that the contract does not know are left out rather than refused: while a new release is
    rolled out, old workers render contexts that new ones wrote.
    """
    contract = contracts.find(event)
    if contract is None:
        return context
    try:
        return typing_contexts.reader(contract.context)(context)
    except ValidationError as error:
        raise RenderingError(
            template=event,
            line=None,
            message=f"the context does not keep its contract: {_problems(error)}",
            code=Code.INVALID_CONTEXT,
        ) from None


def _problems(error: ValidationError) -> str:
    """Return where the context is wrong and how, without the values (they are personal data)."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['type'].replace('_', ' ')}"
        for problem in found[:MOST_PROBLEMS]
    )


def _part(template: Template, variables: dict[str, Any], *, finish: Callable[[str], str]) -> str:
    try:
        return finish(_output(template, variables))
    except Exception as error:
        raise translate(error, template=str(template.name)) from error


def _output(template: Template, variables: dict[str, Any]) -> str:
    # As `template.new_context` does, which also notes which of them are the environment's: nobody
    # asks, for they are the same for all templates.
    environment = template.environment
    context = environment.context_class(environment, variables, template.name, template.blocks)
    text = concat(template.root_render_func(context))
    if len(text) > LARGEST_PART:
        raise BoundsExceeded(f"the result is longer than {LARGEST_PART:,} characters")
    return text


def _subject(text: str) -> str:
    subject = one_line(text)
    if not subject:
        raise BadValue("the subject is empty")
    return subject


def _html(text: str) -> str:
    return inlined(clean(text))


def _fingerprint(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()
