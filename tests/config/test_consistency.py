"""Settings that contradict each other."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import consistency

GOOD: dict[str, Any] = {
    "CLAIM_DURATION": timedelta(seconds=45),
    "EMAIL_SEND_TIMEOUT": timedelta(seconds=20),
    "EXPIRES_AFTER": timedelta(hours=48),
    "RETRY_FLOOR": timedelta(seconds=1),
    "RETRY_FIRST_DELAY": timedelta(seconds=10),
    "RETRY_MAX_DELAY": timedelta(hours=4),
    "TIME_ZONE": "Asia/Seoul",
    "REPORT_TIME_ZONE": "UTC",
    "REPORT_TO": ["ops@example.com"],
    "DEFAULT_FROM_EMAIL": "Shop <orders@example.com>",
    "PORT": 8000,
}


def test_the_defaults_agree_with_each_other() -> None:
    consistency.check(GOOD)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"CLAIM_DURATION": timedelta(seconds=20)},
            (
                "CLAIM_DURATION is 20s and EMAIL_SEND_TIMEOUT is 20s; CLAIM_DURATION must be "
                "longer than EMAIL_SEND_TIMEOUT: a claim that ends during the send would send "
                "twice."
            ),
        ),
        ({"EXPIRES_AFTER": timedelta(seconds=5)}, "EXPIRES_AFTER must be longer than"),
        ({"RETRY_FLOOR": timedelta(minutes=1)}, "RETRY_FLOOR must not be longer than"),
        ({"RETRY_MAX_DELAY": timedelta(seconds=5)}, "must not be longer than RETRY_MAX_DELAY"),
        ({"EMAIL_SEND_TIMEOUT": timedelta(0)}, "EMAIL_SEND_TIMEOUT is zero"),
        ({"REPORT_TO": ["ops"]}, "REPORT_TO holds 'ops'; set addresses"),
        ({"TIME_ZONE": "Mars/Base"}, "TIME_ZONE is 'Mars/Base'; set a name such as Asia/Seoul"),
        ({"TIME_ZONE": "/etc"}, "TIME_ZONE is"),
        ({"DEFAULT_FROM_EMAIL": "Shop"}, "DEFAULT_FROM_EMAIL is 'Shop'; set an address"),
        ({"PORT": 70000}, "PORT is 70000; set a number from 1 to 65535"),
    ],
)
def test_a_contradiction_is_one_sentence_with_both_values(
    change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        consistency.check(GOOD | change)
    assert str(refusal.value).startswith("postroom.E00")
    assert sentence in str(refusal.value)
