"""From what the orders app refuses to what a client is told."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.http import Http404
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.settings import api_settings

from access.problems import Conflict
from orders import errors
from orders.models import Order


@contextmanager
def told_to_clients() -> Iterator[None]:
    """Turn what the services raise into problem documents.

    Raises:
        ValidationError: 400, with a pointer for each problem.
        Conflict: 409; for an illegal event with the `status` and the `legal` events.
        Http404: there is no such order.
    """
    try:
        yield
    except errors.OrderRefused as error:
        raise ValidationError(_nested(error.problems)) from error
    except errors.NumberTaken as error:
        raise Conflict(str(error), code="number_taken", number=error.number) from error
    except errors.IllegalEvent as error:
        raise Conflict(
            str(error), code="illegal_event", status_now=error.status, legal=list(error.legal)
        ) from error
    except errors.OrderErased as error:
        raise Conflict(str(error), code="order_erased") from error
    except errors.TooMuchContention as error:
        raise Conflict(str(error), code="contention") from error
    except Order.DoesNotExist as error:
        raise Http404 from error


def _nested(problems: Sequence[errors.Problem]) -> dict[Any, Any]:
    """Return the problems in DRF's form: nested by key and index, a list of errors at each end.

    What is wrong with a value as a whole stands beside what is wrong within it, under a name of
    DRF's own.
    """
    detail: dict[Any, Any] = {}
    for problem in problems:
        place = detail
        for part in problem.path:
            place = place.setdefault(part, {})
        error = ErrorDetail(problem.message, problem.code)
        place.setdefault(api_settings.NON_FIELD_ERRORS_KEY, []).append(error)
    return detail
