"""Shows a draft as the mail that it would be, by the function that sends."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from studio import real_mails
from studio.inbox import preheader
from studio.inventory import Inventory
from templating import contracts
from templating.bundles import SUBJECT, Bundle, collect
from templating.errors import Code, RenderingError
from templating.failures import translate
from templating.publishing import Target
from templating.rendering import Rendered, render_bundle, typed
from templating.sources import Source, TextSource

# In front of the mail, so that nothing in the mail can come before it. No policy keeps a mail from
# leading its frame elsewhere (a refresh, a clicked link): the page must show it in a sandbox. There
# the target makes of a click a new window, which a sandbox does not open.
POLICY = (
    '<!DOCTYPE html><meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
    "style-src 'unsafe-inline'; img-src data:; font-src data:; form-action 'none'; "
    'base-uri \'none\'"><base target="_blank">'
)
REMOTE = re.compile(
    r"""<(?:img|source|video|audio|iframe|embed|input|body|table|t[dhr]|link|script|object)\b[^>]*?
        \s(?:src|srcset|background|poster|data|href)\s*=\s*["']?\s*(?:https?:)?//
      | url\(\s*["']?\s*(?:https?:)?//""",
    re.IGNORECASE | re.VERBOSE,
)


class UnknownSample(LookupError):
    """The event's contract has no sample of this name."""


@dataclass(frozen=True, kw_only=True)
class Data:
    """What a preview is rendered with: a context as JSON, and the recipient's locale."""

    context: Mapping[str, Any]
    locale: str


def sample_data(target: Target, name: str | None) -> Data:
    """Return a contract's sample, the first where none is named. Raises UnknownSample."""
    samples = contracts.get(target.event).samples
    if name is not None and name not in samples:
        raise UnknownSample(name)
    sample = samples[name] if name is not None else next(iter(samples.values()))
    return Data(context=sample.model_dump(mode="json"), locale=target.locale)


def real_data(target: Target, notification: str) -> Data:
    """Return a real mail's data, masked. Raises UnknownMail."""
    mail = real_mails.get(notification, event=target.event)
    return Data(context=real_mails.masked(mail, event=target.event), locale=mail.locale)


def render_draft(
    target: Target, *, changes: Mapping[str, str | None], data: Data, inventory: Inventory
) -> Rendered:
    """Return the mail that a draft makes of some data. Raises RenderingError and nothing else."""
    source = TextSource(changes, behind=inventory.source(target))
    return render_source(source, target=target, data=data)


def render_source(source: Source, *, target: Target, data: Data) -> Rendered:
    """Return the mail that a source's texts make of some data. Raises only RenderingError."""
    try:
        bundle = compiled(source, target)
        return render_bundle(bundle, locale=data.locale, data=typed(target.event, data.context))
    except Exception as error:  # whatever a template does, the editor gets told
        raise translate(error, template=target.event) from error


def compiled(source: Source, target: Target) -> Bundle:
    """Return a mail's templates in exactly its locale, compiled. Raises RenderingError."""
    subject = f"{target.event}/{target.locale}/{SUBJECT}"
    if source.read(subject) is None:
        # Without this the default locale's mail would be shown in its place.
        raise RenderingError(
            template=subject,
            line=None,
            message=f"there is no template {subject!r}",
            code=Code.MISSING_TEMPLATE,
        )
    return collect(
        source,
        event=target.event,
        locale=target.locale,
        default=settings.DEFAULT_LOCALE,
        origin="draft",
    )


def shown(rendered: Rendered, data: Data) -> dict[str, Any]:
    """Return all that a page shows of a mail."""
    customer = data.context.get("customer")
    return {
        "version": rendered.version,
        "subject": rendered.subject,
        "preheader": preheader(rendered.html),
        "from": settings.DEFAULT_FROM_EMAIL,
        "to": customer.get("email", "") if isinstance(customer, dict) else "",
        "html": rendered.html,
        "document": document(rendered.html),
        "text": rendered.text,
        "html_bytes": len(rendered.html.encode()),
        "blocked": remote_parts(rendered.html),
    }


def document(html: str) -> str:
    """Return a mail's HTML as it may be shown in a page: no scripts, nothing from outside."""
    return POLICY + html


def remote_parts(html: str) -> int:
    """Return how many images and the like a mail loads from elsewhere, which previews do not."""
    return len(REMOTE.findall(html))
