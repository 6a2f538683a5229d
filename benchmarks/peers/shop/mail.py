"""The mail about an order, made with Django's templates."""

from typing import Any

from django.template.loader import render_to_string


def rendered(context: dict[str, Any]) -> dict[str, str]:
    """Return what `send_mail` takes."""
    return {
        "subject": render_to_string("order/subject.txt", context).strip(),
        "message": render_to_string("order/body.txt", context),
        "html_message": render_to_string("order/body.html", context),
    }
