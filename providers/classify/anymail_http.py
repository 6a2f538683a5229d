"""Reads what Anymail's HTTP backends raise.

Anymail builds the class of a network error at run time, from its own error and that of `requests`
(`anymail/backends/base_requests.py`, `post_to_esp`): it has no status, and its `__cause__` is the
`requests` exception. How far the request had come is what `transports.watched_http` recorded.
"""

import errno
import json
import socket
import ssl
from collections.abc import Iterator
from typing import Any

import requests
from anymail.exceptions import (
    AnymailError,
    AnymailInvalidAddress,
    AnymailRecipientsRefused,
)
from django.core.exceptions import ImproperlyConfigured
from requests import exceptions as http
from urllib3 import exceptions as urllib3_errors

from providers.classify.esp_codes import judge_body
from providers.classify.http_status import REDIRECTED, judge_status
from providers.classify.verdicts import (
    BAD_SETTING,
    CONNECT_TIMEOUT,
    CONNECTION_FAILED,
    CONNECTION_LOST,
    CONNECTION_REFUSED,
    DNS_FAILED,
    RECIPIENT_INVALID,
    RECIPIENT_REJECTED,
    TIMEOUT,
    TLS_FAILED,
    UNREADABLE_ANSWER,
    UNSENDABLE,
    Verdict,
    configuration,
)
from providers.errors import Phase

PROXY_FAILED = configuration("proxy_failed", "The proxy named in the environment does not work.")

# What `requests` raises before it opens a connection, because the address makes no sense.
_BAD_ADDRESS = (
    http.InvalidURL,
    http.InvalidSchema,
    http.MissingSchema,
    http.InvalidProxyURL,
    http.InvalidHeader,
)


def judge(error: Exception, *, esp: str, phase: Phase | None) -> Verdict:
    """Return what `error` means.

    `phase` is how far the request had come: None when none was begun.
    """
    response = answer_of(error)
    if isinstance(error, AnymailRecipientsRefused):
        return _judge_refusal(error, response, esp=esp)
    if response is not None and not isinstance(cause_of(error), http.TooManyRedirects):
        return judge_answer(response, esp=esp)
    if phase is None:
        return _judge_before_request(error)
    return _judge_network(cause_of(error), phase=phase)


def answer_of(error: Exception) -> requests.Response | None:
    """Return the answer that an error carries. None on network errors."""
    response = getattr(error, "response", None)
    return response if isinstance(response, requests.Response) else None


def cause_of(error: BaseException) -> BaseException:
    """Return the `requests` exception inside Anymail's, or the error itself."""
    return error.__cause__ if isinstance(error, AnymailError) and error.__cause__ else error


def judge_answer(response: requests.Response, *, esp: str) -> Verdict:
    """Return what an answer means that is no plain acceptance."""
    text = response.text
    try:
        answer: Any = json.loads(text)
    except ValueError:
        answer = None
    return judge_body(esp, status=response.status_code, text=text, answer=answer) or judge_status(
        response.status_code
    )


def _judge_refusal(
    error: AnymailRecipientsRefused, response: requests.Response | None, *, esp: str
) -> Verdict:
    """Judge "all recipients refused": the answer's own code says why, where it has one."""
    if not error.email_message.anymail_status.recipients:
        # All of none: the answer named nobody (Mandrill's empty list).
        return UNREADABLE_ANSWER
    if response is not None:
        verdict = judge_answer(response, esp=esp)
        if verdict.code.startswith("recipient_"):
            return verdict
    return RECIPIENT_REJECTED


def _judge_before_request(error: Exception) -> Verdict:
    cause = cause_of(error)
    if isinstance(cause, _BAD_ADDRESS):
        return BAD_SETTING
    if isinstance(error, ImproperlyConfigured):
        return BAD_SETTING
    if isinstance(error, AnymailInvalidAddress):
        return RECIPIENT_INVALID
    if isinstance(cause, http.RequestException):
        return CONNECTION_FAILED
    return UNSENDABLE


def _judge_network(cause: BaseException, *, phase: Phase) -> Verdict:
    if isinstance(cause, http.TooManyRedirects):
        return REDIRECTED
    if phase is Phase.CONNECT:
        return judge_connecting(cause)
    if isinstance(cause, http.Timeout) or _has(cause, TimeoutError):
        return TIMEOUT
    if isinstance(cause, http.RequestException | urllib3_errors.HTTPError | OSError):
        return CONNECTION_LOST
    # The answer came and made Anymail's reading of it fail (a KeyError, say).
    return UNREADABLE_ANSWER


def judge_connecting(cause: BaseException) -> Verdict:
    """Return what a failure means before the first byte of the mail: always with proof."""
    if isinstance(cause, http.ProxyError):
        return PROXY_FAILED
    if isinstance(cause, http.SSLError) or _has(cause, ssl.SSLError):
        return TLS_FAILED
    if isinstance(cause, http.ConnectTimeout) or _has(cause, TimeoutError):
        return CONNECT_TIMEOUT
    if _has(cause, socket.gaierror) or _has(cause, urllib3_errors.NameResolutionError):
        return DNS_FAILED
    refused = any(
        isinstance(link, OSError) and link.errno == errno.ECONNREFUSED for link in _chain(cause)
    )
    return CONNECTION_REFUSED if refused else CONNECTION_FAILED


def _has(error: BaseException, kind: type[BaseException]) -> bool:
    return any(isinstance(link, kind) for link in _chain(error))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield the error and what it was made of: causes, contexts, and urllib3's nested arguments."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in seen:
            continue
        seen.add(id(link))
        yield link
        waiting += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
