"""Spans, where OpenTelemetry is installed and told where to send them; otherwise nothing at all.

A notification keeps the context of the request that caused it (`traceparent`), and each attempt
continues it, hours later and in another process: one trace leads from the order to the provider.

Spans hold ids, names and codes. Exceptions are not recorded: their texts may quote an address.
"""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Any
from uuid import UUID

from django.conf import settings

Attribute = str | int | float | bool | UUID


class Span:
    """A span that is open, or nothing in its place."""

    def __init__(self, span: Any = None) -> None:
        self._span = span

    def rename(self, name: str) -> None:
        """Give it the name that is known only now."""
        if self._span is not None:
            self._span.update_name(name)

    def note(self, **attributes: Attribute) -> None:
        """Add facts; `_` in names becomes `.`."""
        if self._span is not None:
            for name, value in attributes.items():
                shown = str(value) if isinstance(value, UUID) else value
                self._span.set_attribute(name.replace("_", "."), shown)

    def fail(self, code: str) -> None:
        """Say that it ended badly, by a code and not by a text."""
        if self._span is not None:
            from opentelemetry.trace import StatusCode

            self._span.set_status(StatusCode.ERROR)
            self._span.set_attribute("error.type", code)


NO_SPAN = Span()


class _Nothing(AbstractContextManager[Span]):
    """What `span` opens without OpenTelemetry; always the same."""

    def __enter__(self) -> Span:
        return NO_SPAN

    def __exit__(self, *_: object) -> None:
        pass


_NOTHING = _Nothing()


def span(
    name: str, *, kind: str = "INTERNAL", parent: str | None = None, **attributes: Attribute
) -> AbstractContextManager[Span]:
    """Open a span around the block.

    Args:
        name: what is done, of few different values.
        kind: SERVER, CLIENT or INTERNAL.
        parent: the `traceparent` to continue; None: the span around this one, if any.
        attributes: facts; `_` in names becomes `.`.
    """
    tracer = _tracer()
    if tracer is None:
        return _NOTHING
    return _opened(tracer, name, kind=kind, parent=parent, attributes=attributes)


@contextmanager
def _opened(
    tracer: Any, name: str, *, kind: str, parent: str | None, attributes: Mapping[str, Attribute]
) -> Iterator[Span]:
    from opentelemetry.trace import SpanKind

    with tracer.start_as_current_span(
        name,
        context=_context(parent),
        kind=SpanKind[kind],
        record_exception=False,
        set_status_on_exception=False,
    ) as opened:
        found = Span(opened)
        found.note(**attributes)
        yield found


def traceparent() -> str:
    """Return what continues the span around this, or nothing."""
    if _tracer() is None:
        return ""
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    carrier: dict[str, str] = {}
    TraceContextTextMapPropagator().inject(carrier)
    return carrier.get("traceparent", "")


def log_fields() -> Mapping[str, str]:
    """Return the ids that a log line of the span around this should bear."""
    _, _, rest = traceparent().partition("-")
    trace_id, _, rest = rest.partition("-")
    return {"trace_id": trace_id, "span_id": rest.partition("-")[0]} if trace_id else {}


def flush() -> None:
    """Send what is kept back, before the process ends."""
    provider = _provider()
    if provider is not None:
        provider.force_flush(timeout_millis=2000)


def _context(parent: str | None) -> Any:
    if parent is None:
        return None
    from opentelemetry.context import Context
    from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

    # An empty context: what happens to be open around this has nothing to do with that request.
    return TraceContextTextMapPropagator().extract({"traceparent": parent}, context=Context())


def _tracer() -> Any:
    provider = _provider()
    return None if provider is None else provider.get_tracer("postroom")


def _provider() -> Any:
    return _made_provider() if settings.OTEL_EXPORTER_OTLP_ENDPOINT else None


@cache  # made on first use: after the fork, whose child would have no sending thread
def _made_provider() -> Any:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    endpoint = str(settings.OTEL_EXPORTER_OTLP_ENDPOINT).rstrip("/")
    provider = TracerProvider(
        resource=Resource.create({"service.name": settings.OTEL_SERVICE_NAME})
    )
    exporter = OTLPSpanExporter(
        endpoint=f"{endpoint}/v1/traces", headers=_headers(settings.OTEL_EXPORTER_OTLP_HEADERS)
    )
    provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def _headers(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(",") if "=" in part)
    return {name.strip(): value.strip() for name, _, value in pairs}
