"""How every process logs: constant event names with fields, as readable lines or as JSON.

Our modules log through structlog (`structlog.get_logger(__name__).info("notification_sent",
notification=…)`); what Django, Celery and gunicorn log through the standard library takes the same
shape. Logs go to standard error: standard output belongs to the console provider's mail.
"""

import io
import logging.config
import os
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import structlog
from django.conf import settings
from structlog.types import EventDict, ExcInfo, Processor

from access import tracing
from providers.masking import mask

SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.StackInfoRenderer(),
]
HOST_NAMES = frozenset({"hostname", "instance"})
"""Fields in which an @ is part of a process's name."""
NAMES_NODES = frozenset({"celery.apps.worker", "celery.worker.consumer.connection"})
"""Loggers that speak of processes and brokers alone."""


def logging_config(*, json: bool, level: str) -> dict[str, Any]:
    """Return the standard library's logging configuration, for `configure`.

    Args:
        json: one JSON object a line; otherwise lines for a person.
        level: the least severe level that is written.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "event": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": [*SHARED, structlog.stdlib.ExtraAdder(), _without_request],
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    _in_trace,
                    *(_for_machines() if json else _for_people()),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "event"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # One line for each task received and succeeded would drown those that say something.
            "celery.app.trace": {"level": _at_least("WARNING", level)},
            "celery.worker.strategy": {"level": _at_least("WARNING", level)},
            "celery.beat": {"level": _at_least("WARNING", level)},
            # It logs each request that fails for the client's fault; the client has its answer.
            "django.request": {"level": _at_least("ERROR", level)},
            "django.server": {"handlers": [], "propagate": True},
        },
    }


def configure(config: Mapping[str, Any]) -> None:
    """Apply what `logging_config` returned, to structlog as well. Safe to repeat."""
    logging.config.dictConfig(dict(config))
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        # Loggers are made at import, before this runs; caching would freeze the wrong processors.
        cache_logger_on_first_use=False,
    )


def _masked(
    logger: object,  # noqa: ARG001 - structlog's signature
    method: str,  # noqa: ARG001
    event: EventDict,
) -> EventDict:
    """Mask addresses in texts: ours hold none, those of libraries may quote one."""
    for name, value in event.items():
        if name not in HOST_NAMES and event.get("logger") not in NAMES_NODES:
            event[name] = _without_addresses(value)
    return event


def _without_addresses(value: Any) -> Any:
    if isinstance(value, str):
        lines = (mask(line) if "@" in line else line for line in value.split("\n"))
        return "\n".join(lines) if "@" in value else value
    if isinstance(value, list):  # a traceback's frames
        return [_without_addresses(one) for one in value]
    if isinstance(value, dict):
        return {name: _without_addresses(one) for name, one in value.items()}
    return value


def _in_trace(
    logger: object,  # noqa: ARG001 - structlog's signature
    method: str,  # noqa: ARG001
    event: EventDict,
) -> EventDict:
    """Add the ids of the trace, where there is one."""
    if settings.configured and getattr(settings, "OTEL_EXPORTER_OTLP_ENDPOINT", None):
        event.update(tracing.log_fields())
    return event


def _without_request(
    logger: object,  # noqa: ARG001 - structlog's signature
    method: str,  # noqa: ARG001
    event: EventDict,
) -> EventDict:
    """Drop Django's request object: its address may hold a recipient's, in a filter."""
    event.pop("request", None)
    return event


# Tracebacks without local variables: those hold addresses and rendered bodies.
def _for_machines() -> list[Processor]:
    tracebacks = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(tracebacks),
        _masked,
        structlog.processors.JSONRenderer(ensure_ascii=False),
    ]


def _for_people() -> list[Processor]:
    coloured = sys.stderr.isatty() or bool(os.environ.get("FORCE_COLOR"))
    return [
        structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False),
        _masked,
        structlog.dev.ConsoleRenderer(
            colors=coloured and not os.environ.get("NO_COLOR"),
            exception_formatter=_masked_traceback,
            pad_event_to=0,
        ),
    ]


def _masked_traceback(stream: TextIO, error: ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    stream.write(_without_addresses(text.getvalue()))


def _at_least(floor: str, level: str) -> str:
    """Return the more severe of two levels, unless `level` asks to debug."""
    names = logging.getLevelNamesMapping()
    return level if level == "DEBUG" else max(floor, level, key=names.__getitem__)
