"""Celery's doors to what access does from time to time."""

from celery import shared_task

from access import idempotency


@shared_task(name="access.forget_idempotency_keys", queue="periodic")
def forget_idempotency_keys() -> None:
    """Delete the idempotency keys whose time is over."""
    idempotency.forget_old_keys()
