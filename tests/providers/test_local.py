"""Console, file and memory."""

import email.policy
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core import mail as django_mail

from providers.backends.console import EmailBackend as Console
from providers.errors import ConfigurationError, PermanentError, TransientError
from providers.sending import send


def test_the_console_prints_a_mail_as_a_person_reads_it(
    use_providers: Any, new_mail: Any, capsys: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="console")
    accepted = send("console", new_mail(subject="주문 확인 — SO-1001", reply_to=["help@shop.test"]))
    printed = capsys.readouterr().out
    for expected in (
        "Subject:         주문 확인 — SO-1001\n",
        "From:            Shop <shop@example.org>\n",
        "To:              Kim Minji <minji@example.com>\n",
        "Reply-To:        help@shop.test\n",
        "── Text ──",
        "Thank you, 민지.\n",
        "── HTML ──",
        "<p>Thank you, 민지.</p>\n",
    ):
        assert expected in printed
    assert accepted.provider_message_id == "<0192-test@shop.example.org>"


def test_a_mail_is_one_write_so_that_processes_do_not_interleave(new_mail: Any) -> None:
    class Counting(io.StringIO):
        writes = 0

        def write(self, text: str) -> int:
            self.writes += 1
            return super().write(text)

    stream = Counting()
    Console(stream=stream).send_messages([new_mail()])
    assert stream.writes == 1


def test_a_terminal_without_utf8_still_shows_the_mail(new_mail: Any) -> None:
    raw = io.BytesIO()
    terminal = io.TextIOWrapper(raw, encoding="ascii")
    Console(stream=terminal).send_messages([new_mail()])
    assert rb"Thank you, \ubbfc\uc9c0." in raw.getvalue()


SEND_TO_FULL_DISK = """
import os
os.environ["EMAIL_PROVIDERS"] = "console"
import django
django.setup()
from django.core.mail import EmailMultiAlternatives
from providers.errors import ProviderError
from providers.sending import send
import sys
mail = EmailMultiAlternatives("s", "b", "a@example.org", ["c@example.com"])
try:
    send("console", mail)
except ProviderError as error:
    sys.stderr.write(f"RESULT {type(error).__name__} {error.code}\\n")
    os._exit(0)
"""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_console_that_is_redirected_to_a_full_disk() -> None:
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run(
            [sys.executable, "-c", SEND_TO_FULL_DISK],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert "RESULT TransientError disk_full" in ran.stderr


def test_each_mail_is_a_file_of_its_own(use_providers: Any, new_mail: Any, tmp_path: Path) -> None:
    use_providers(EMAIL_PROVIDERS="file", FILE_PATH=str(tmp_path / "mail"))
    ids = {send("file", new_mail()).provider_message_id for _ in range(3)}
    files = sorted((tmp_path / "mail").iterdir())
    assert ids == {file.name for file in files}
    read = email.message_from_bytes(files[0].read_bytes(), policy=email.policy.default)
    assert read["Message-ID"] == "<0192-test@shop.example.org>"


def test_a_folder_that_cannot_be_made_is_a_failure_of_configuration(
    use_providers: Any, failure_of: Any, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    for path in ("file", "file/mail"):
        use_providers(EMAIL_PROVIDERS="file", FILE_PATH=str(tmp_path / path))
        failure = failure_of("file")
        assert (type(failure), failure.code) == (ConfigurationError, "no_such_place")


def test_a_failed_file_leaves_nothing_behind(
    use_providers: Any, failure_of: Any, tmp_path: Path
) -> None:
    import resource

    folder = tmp_path / "mail"
    use_providers(EMAIL_PROVIDERS="file", FILE_PATH=str(folder))
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, usual[1]))
    try:
        failure = failure_of("file")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)
    assert (type(failure), failure.code) == (TransientError, "disk_full")
    assert list(folder.iterdir()) == []


def test_memory_keeps_the_mail_in_djangos_outbox(use_providers: Any, new_mail: Any) -> None:
    use_providers(EMAIL_PROVIDERS="memory")
    send("memory", new_mail())
    assert [mail.subject for mail in django_mail.outbox] == ["Your order SO-1001"]


def test_a_header_with_a_line_break_is_the_mails_fault(
    use_providers: Any, failure_of: Any, new_mail: Any
) -> None:
    use_providers(EMAIL_PROVIDERS="memory,console")
    for alias in ("memory", "console"):
        failure = failure_of(alias, new_mail(subject="a\nBcc: x@example.com"))
        assert (type(failure), failure.code) == (PermanentError, "unsendable")
