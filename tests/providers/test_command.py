"""`manage.py providers`."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.support.smtp_sink import SmtpSink, refuse
from tests.support.valkey import ValkeyServer


def test_it_lists_the_providers_in_failover_order_without_their_secrets(
    use_providers: Any, capsys: Any
) -> None:
    use_providers(
        EMAIL_PROVIDERS="eu=postmark,smtp",
        EU_POSTMARK_SERVER_TOKEN="hush",
        EU_RATE="50/s",
        SMTP_URL="smtp://user:hush@mail.test",
    )
    call_command("providers")
    printed = capsys.readouterr().out
    first, second = printed.splitlines()[:2]
    assert first.split() == ["1.", "eu", "Postmark", "rate:", "50/s", "takes", "mail"]
    assert second.split() == ["2.", "smtp", "SMTP", "rate:", "no", "limit", "takes", "mail"]
    assert "hush" not in printed


def test_it_sends_a_real_mail(sink: SmtpSink, use_providers: Any, capsys: Any) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url)
    call_command("providers", "test", "smtp", "--to", "me@example.com")
    assert "smtp accepted it in" in capsys.readouterr().out
    assert sink.messages[0].recipients == ("me@example.com",)


def test_it_says_why_a_mail_was_not_taken(sink: SmtpSink, use_providers: Any) -> None:
    use_providers(EMAIL_PROVIDERS="smtp", SMTP_URL=sink.url)
    sink.queue(refuse("550 5.1.1 no such user"))
    with pytest.raises(CommandError, match=r"recipient_rejected.*\n550 5\.1\.1 no such user"):
        call_command("providers", "test", "smtp", "--to", "me@example.com")


def test_it_knows_only_what_is_set(use_providers: Any) -> None:
    use_providers(EMAIL_PROVIDERS="memory")
    with pytest.raises(CommandError, match="no provider 'smtp'; set are: memory"):
        call_command("providers", "test", "smtp", "--to", "me@example.com")


def test_it_shows_and_changes_what_all_workers_know(
    valkey: ValkeyServer, use_providers: Any, capsys: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="eu=memory,us=memory")
    call_command("providers", "pause", "eu", "--minutes", "30", "--reason", "maintenance")
    call_command("providers")
    first, second = capsys.readouterr().out.splitlines()
    assert "paused until" in first
    assert "(maintenance)" in first
    assert second.endswith("takes mail")
    call_command("providers", "resume", "eu", "--reason", "done")
    call_command("providers", "history", "eu")
    resumed, paused = capsys.readouterr().out.splitlines()
    assert resumed.split()[2:] == ["resumed", "done"]
    assert paused.split()[2:] == ["paused", "maintenance"]


def test_it_says_when_the_workers_cannot_be_told(
    settings: Any, tmp_path: Path, use_providers: Any, capsys: Any
) -> None:
    settings.REDIS_URL = f"unix://{tmp_path}/nobody.sock"
    use_providers(EMAIL_PROVIDERS="eu=memory")
    with pytest.raises(CommandError, match="the workers would not hear of it"):
        call_command("providers", "pause", "eu", "--minutes", "30")
    call_command("providers")
    assert "Redis is out of reach" in capsys.readouterr().out
