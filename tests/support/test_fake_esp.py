"""The fake ESP answers as Postmark and Resend do, and fails as it is told."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.fake_esp import (
    POSTMARK_TOKEN,
    RESEND_KEY,
    FakeEsp,
    HttpFault,
    postmark_error,
    rate_limited,
    reset_after_body,
    reset_before_body,
    server_error,
    silence,
    slow,
    wrong_json,
)

MAIL = {"From": "shop@example.com", "To": "Kim <minji@example.com>", "Subject": "Tea"}


@pytest.fixture
def esp() -> Iterator[FakeEsp]:
    with FakeEsp() as esp:
        yield esp


@pytest.fixture
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.headers["X-Postmark-Server-Token"] = POSTMARK_TOKEN
        session.headers["Authorization"] = f"Bearer {RESEND_KEY}"
        yield session


def test_postmark_takes_one_message_and_many(esp: FakeEsp, session: requests.Session) -> None:
    one = session.post(f"{esp.url}email", json=MAIL).json()
    many = session.post(f"{esp.url}email/batch", json=[MAIL, MAIL]).json()
    assert [answer["ErrorCode"] for answer in [one, *many]] == [0, 0, 0]
    assert [mail.message_id for mail in esp.messages_to("minji@example.com")] == [
        answer["MessageID"] for answer in [one, *many]
    ]


def test_resend_knows_a_repeated_idempotency_key(esp: FakeEsp, session: requests.Session) -> None:
    mail = {"to": ["minji@example.com"], "subject": "Tea"}
    headers = {"Idempotency-Key": "n-1"}
    first, second = (
        session.post(f"{esp.url}emails", json=mail, headers=headers).json() for _ in range(2)
    )
    assert first == second
    assert len(esp.messages) == 1


def test_a_wrong_token_is_refused(esp: FakeEsp) -> None:
    response = requests.post(
        f"{esp.url}email", json=MAIL, headers={"X-Postmark-Server-Token": "wrong"}, timeout=5
    )
    assert (response.status_code, response.json()["ErrorCode"]) == (401, 10)


@pytest.mark.parametrize(
    ("fault", "status", "accepted"),
    [
        (rate_limited(retry_after=2), 429, 0),
        (postmark_error(406, "Inactive recipient"), 422, 0),
        (server_error(503), 503, 0),
        (server_error(504, accept=True), 504, 1),
        (slow(0.1), 200, 1),
        (wrong_json(), 200, 1),
    ],
)
def test_it_answers_as_scripted_once(
    esp: FakeEsp, session: requests.Session, fault: HttpFault, status: int, accepted: int
) -> None:
    esp.queue(fault, to="minji@example.com")
    response = session.post(f"{esp.url}email", json=MAIL)
    assert response.status_code == status
    assert response.headers.get("Retry-After") == ("2" if status == 429 else None)
    assert len(esp.messages) == accepted
    assert session.post(f"{esp.url}email", json=MAIL).ok


@pytest.mark.parametrize(
    ("fault", "accepted"),
    [
        (silence(accept=True), 1),
        (silence(accept=False), 0),
        (reset_before_body(), 0),
        (reset_after_body(accept=True), 1),
        (reset_after_body(accept=False), 0),
    ],
)
def test_no_answer_says_nothing_of_acceptance(
    esp: FakeEsp, session: requests.Session, fault: HttpFault, accepted: int
) -> None:
    esp.queue(fault)
    with pytest.raises((requests.ConnectionError, requests.Timeout)):
        session.post(f"{esp.url}email", json=MAIL, timeout=0.3)
    assert len(esp.messages) == accepted
    assert len(esp.tries) == 1


def test_it_runs_as_a_process_of_its_own_and_takes_orders(
    tmp_path: Path, session: requests.Session
) -> None:
    record = tmp_path / "mail.jsonl"
    arguments = ["--port", "0", "--record", str(record)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.support.fake_esp", *arguments],
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        order: dict[str, Any] = {"do": "queue", "fault": {"status": 500, "body": "no"}}
        session.post(f"{url}_control", json=order)
        statuses = [session.post(f"{url}email", json=MAIL).status_code for _ in range(2)]
        process.terminate()
        assert process.wait(timeout=5) == 0
    assert statuses == [500, 200]
    assert len(record.read_text().splitlines()) == 1
