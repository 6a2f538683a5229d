"""Each ESP's own answers, through its real Anymail backend."""

import json
from typing import Any

import pytest

from providers.catalogue import TYPES, Family
from providers.classify.esp_codes import TABLES
from providers.classify.verdicts import Verdict
from providers.errors import UnknownOutcome
from providers.sending import send
from tests.providers.esp_refusals import REFUSALS, TO
from tests.support.http_endpoint import Answer, HttpEndpoint

pytestmark = pytest.mark.filterwarnings("ignore:django-anymail has dropped official support")

ACCEPTANCES: dict[str, Answer] = {
    "brevo": Answer(status=201, body='{"messageId": "<1@brevo>"}'),
    "mailersend": Answer(
        status=202, body="", content_type="text/html", headers={"X-Message-Id": "1"}
    ),
    "mailgun": Answer(body='{"id": "<1@mailgun>", "message": "Queued. Thank you."}'),
    "mailjet": Answer(
        body=json.dumps(
            {"Messages": [{"Status": "success", "To": [{"Email": TO, "MessageID": 1}]}]}
        )
    ),
    "mailtrap": Answer(body='{"success": true, "message_ids": ["1"]}'),
    "mandrill": Answer(body=json.dumps([{"email": TO, "status": "queued", "_id": "1"}])),
    "postal": Answer(
        body=json.dumps(
            {"status": "success", "data": {"message_id": "1", "messages": {TO: {"id": 1}}}}
        )
    ),
    "postmark": Answer(
        body=json.dumps({"ErrorCode": 0, "Message": "OK", "MessageID": "1", "To": TO})
    ),
    "resend": Answer(body='{"id": "1"}'),
    "scaleway": Answer(
        body=json.dumps({"emails": [{"id": "1", "mail_rcpt": TO, "status": "new"}]})
    ),
    "sendgrid": Answer(status=202, body=""),
    "sparkpost": Answer(
        body=json.dumps(
            {"results": {"total_accepted_recipients": 1, "total_rejected_recipients": 0, "id": "1"}}
        )
    ),
    "unisender_go": Answer(body=json.dumps({"status": "success", "job_id": "1", "emails": [TO]})),
}


@pytest.fixture
def use_esp(use_providers: Any, endpoint: HttpEndpoint) -> Any:
    """Return a function that makes one ESP the one provider, its API at the endpoint."""

    def use(name: str) -> None:
        kind = TYPES[name]
        keys = {f"{kind.prefix}_{one.name}": "key" for one in kind.variables if one.required}
        address = {f"{kind.prefix}_API_URL": f"{endpoint.url}/api"}
        use_providers(EMAIL_PROVIDERS=name, **(keys | address))

    return use


def test_every_http_esp_is_tried_here() -> None:
    assert set(ACCEPTANCES) == {
        name for name, kind in TYPES.items() if kind.family is Family.ANYMAIL_HTTP
    }


@pytest.mark.parametrize("name", ACCEPTANCES)
def test_every_esp_takes_our_mail(
    name: str, use_esp: Any, endpoint: HttpEndpoint, new_mail: Any
) -> None:
    use_esp(name)
    endpoint.queue(ACCEPTANCES[name])
    accepted = send(name, new_mail())
    assert accepted.provider_message_id
    assert accepted.status_code in (200, 201, 202)
    assert b"SO-1001" in endpoint.received[0].body


@pytest.mark.parametrize("name", ACCEPTANCES)
@pytest.mark.parametrize("body", ["", "{", "null", "[]", "{}", '"ok"', "[null]", "<html>"])
def test_a_success_that_nobody_can_read_is_never_called_a_failure(
    *, name: str, body: str, use_esp: Any, endpoint: HttpEndpoint, new_mail: Any, failure_of: Any
) -> None:
    use_esp(name)
    endpoint.queue(Answer(body=body))
    if name == "sendgrid" or (name == "brevo" and not body):
        assert send(name, new_mail()).status_code == 200  # their success says nothing more
    else:
        assert type(failure_of(name)) is UnknownOutcome


@pytest.mark.parametrize(
    ("name", "status", "body", "verdict"),
    [(name, *row) for name, rows in REFUSALS.items() for row in rows],
)
def test_each_esps_own_refusals(
    *,
    name: str,
    status: int,
    body: Any,
    verdict: Verdict,
    use_esp: Any,
    endpoint: HttpEndpoint,
    failure_of: Any,
) -> None:
    use_esp(name)
    endpoint.queue(Answer(status=status, body=body if isinstance(body, str) else json.dumps(body)))
    failure = failure_of(name)
    assert (type(failure), failure.code) == (verdict.kind, verdict.code)
    assert failure.status_code == status


@pytest.mark.parametrize("name", TABLES)
def test_a_gateways_page_proves_nothing_whatever_its_words(
    name: str, use_esp: Any, endpoint: HttpEndpoint, failure_of: Any
) -> None:
    use_esp(name)
    page = "<html>The sender domain is not verified; account suspended; 'to' address</html>"
    endpoint.queue(Answer(status=502, body=page, content_type="text/html"))
    assert type(failure_of(name)) is UnknownOutcome


def test_a_mail_that_was_taken_for_one_of_two_recipients_is_not_sent_again(
    use_esp: Any, endpoint: HttpEndpoint, new_mail: Any
) -> None:
    use_esp("mandrill")
    statuses = [
        {"email": TO, "status": "sent", "_id": "7"},
        {"email": "second@example.com", "status": "rejected"},
    ]
    endpoint.queue(Answer(body=json.dumps(statuses)))
    accepted = send("mandrill", new_mail(cc=["second@example.com"]))
    assert (accepted.provider_message_id, accepted.refused_recipients) == ("7", 1)
