"""Where providers report: `POST /webhooks/<alias>/tracking/`."""

import structlog
from django.http import HttpRequest, HttpResponse, RawPostDataException, UnreadablePostError
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods
from rest_framework import exceptions

from access import problem_documents
from notifications import tracking
from notifications.reports import to_report
from providers import webhooks

log = structlog.get_logger(__name__)

# (status, code). 503 for what the operator must mend: providers then send again, and nothing is
# lost meanwhile; and 401, at which Amazon SNS sends its password, and Postmark tries again.
ANSWERS: dict[type[webhooks.WebhookRefused], tuple[int, str]] = {
    webhooks.UnknownWebhook: (404, "unknown_webhook"),
    webhooks.NoProofConfigured: (503, "webhook_not_configured"),
    webhooks.NotAuthenticated: (401, "webhook_not_authenticated"),
    webhooks.NotAuthentic: (403, "webhook_not_authentic"),
    webhooks.Unreadable: (400, "webhook_unreadable"),
}


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def tracking_webhook(request: HttpRequest, alias: str) -> HttpResponse:
    """Verify and store what a provider reports; a worker applies it.

    200 for what was reported before, too. GET and HEAD are how some providers try the address.
    """
    try:
        if request.method != "POST":
            webhooks.check(alias)
            return HttpResponse()
        events = webhooks.read(alias, request)
    except webhooks.WebhookRefused as refused:
        return _refuse(request, alias, refused)
    except (UnreadablePostError, RawPostDataException):
        return _refuse(request, alias, webhooks.Unreadable("The webhook ended too early."))
    taken = tracking.receive([to_report(alias, event) for event in events])
    log.info("webhook_received", provider=alias, events=len(events), new=taken)
    return HttpResponse()


def _refuse(request: HttpRequest, alias: str, refused: webhooks.WebhookRefused) -> HttpResponse:
    status, code = ANSWERS[type(refused)]
    # The text names variables and never what was sent. An unknown alias is a stranger's text.
    known = "" if isinstance(refused, webhooks.UnknownWebhook) else alias
    log.warning("webhook_refused", provider=known, code=code, reason=str(refused))
    error = exceptions.APIException(str(refused), code)
    error.status_code = status
    answer = problem_documents.respond(request, error)
    if status == 401:
        answer.headers["WWW-Authenticate"] = 'Basic realm="Postroom webhooks", charset="UTF-8"'
    return answer


urlpatterns = [path("<slug:alias>/tracking/", tracking_webhook, name="tracking-webhook")]
