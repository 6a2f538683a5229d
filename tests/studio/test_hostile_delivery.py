"""A template that got past all checks harms its own mails only, and those can be sent later.

The versions here are forced into the database, since nothing else would publish them.
"""

from collections.abc import Callable

import pytest
from django.db.models import F

from access.actors import Actor
from notifications import operations
from notifications.delivery import deliver
from notifications.models import Notification, Phase
from notifications.states import Status
from notifications.tickets import Ticketed
from studio import releases
from studio.releases import FILES, Words
from templating import live, publishing
from templating.bundles import collect
from templating.models import REVISION_ID, Revision, Snapshot, Template, TemplateVersion
from templating.publishing import Target
from tests.studio.conftest import HTML, KEY, SUBJECT, TEXT, Page
from tests.studio.test_looking import HOSTILE
from tests.support.smtp_sink import SmtpSink

pytestmark = pytest.mark.django_db

KOREAN = Target("order.shipped", "ko")
ACTOR = Actor.system("tests")
HARMLESS = {"half a surrogate by escape"}
# What is wrong is the whole that was made, and no line of the template.
WITHOUT_LINE = {"a hundred thousand elements"}
HTML_STOPS = {name: text for name, text in HOSTILE.items() if name not in HARMLESS}


def force(name: str, text: str) -> None:
    """Make a text live that no check has seen, as somebody with access to the database could."""
    texts = {
        SUBJECT: "x",
        HTML: "<p>x</p>",
        TEXT: "x",
        "_strings/ko.toml": "",
        name: f"\n{text}",
    }
    snapshot = Snapshot.objects.create(
        digest=f"forced{Snapshot.objects.count()}",
        event=KOREAN.event,
        locale=KOREAN.locale,
        default_locale="en",
        texts=texts,
    )
    version = TemplateVersion.objects.create(
        event=KOREAN.event,
        locale=KOREAN.locale,
        number=TemplateVersion.objects.count() + 1,
        snapshot=snapshot,
        author="nobody",
    )
    Template.objects.update_or_create(
        event=KOREAN.event, locale=KOREAN.locale, defaults={"live": version}
    )
    Revision.objects.get_or_create(pk=REVISION_ID)
    Revision.objects.update(number=F("number") + 1)
    live.refresh(now=True)


def delivered(row: Notification) -> Notification:
    """Deliver one notification as a worker would; return it as it is then."""
    row.refresh_from_db()
    deliver([Ticketed(row.id, row.ticket)], retries_in_broker=False)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize("name", HTML_STOPS)
def test_its_mail_is_a_dead_letter_that_says_where_and_is_sent_after_the_mend(
    sink: SmtpSink, real_mail: Callable[..., Notification], name: str
) -> None:
    force(HTML, HOSTILE[name])
    dead, other = real_mail(), real_mail("order.paid")

    delivered(dead)

    assert dead.status == Status.FAILED
    where = HTML if name in WITHOUT_LINE else f"{HTML}:2"
    assert dead.error_summary.startswith(f"{where}: ")
    attempt = dead.attempts.get()
    assert (attempt.phase, attempt.summary) == (Phase.RENDER, dead.error_summary)
    assert delivered(other).status == Status.SENT, "the worker goes on with other mail"

    releases.rollback(key=KEY, version=FILES, actor=ACTOR, words=Words(note="mend"))
    live.refresh(now=True)
    assert operations.redrive([dead.pk], actor=ACTOR, reason="mended") == [dead.pk]
    assert delivered(dead).status == Status.SENT
    assert dead.reference in str(sink.messages[-1].message["Subject"])


def test_a_batch_loses_only_the_mails_of_the_hostile_template(
    sink: SmtpSink, real_mail: Callable[..., Notification]
) -> None:
    force(SUBJECT, HOSTILE["a huge product"])
    rows = [real_mail(), real_mail("order.paid"), real_mail(), real_mail("order.placed")]

    deliver([Ticketed(row.id, row.ticket) for row in rows], retries_in_broker=False)

    statuses = []
    for row in rows:
        row.refresh_from_db()
        statuses.append(row.status)
    assert statuses == [Status.FAILED, Status.SENT, Status.FAILED, Status.SENT]
    assert rows[0].error_summary.startswith(f"{SUBJECT}:2: ")


@pytest.mark.parametrize("name", HTML_STOPS)
def test_it_cannot_be_published_or_sent_as_a_test(editor: Page, sink: SmtpSink, name: str) -> None:
    told = editor.post("test", key=KEY, texts={HTML: HOSTILE[name]})
    assert (told[0], told[1]["code"]) == (409, "rendering_failed")
    assert told[1]["error"]["template"] == HTML

    revision = editor.save(HOSTILE[name], name=HTML)
    told = editor.post("publish", key=KEY, revision=revision)
    assert (told[0], told[1]["code"]) == (409, "blocked")
    assert sink.messages == []
    assert not TemplateVersion.objects.exists()


def test_names_and_subjects_make_no_headers_in_delivery(
    editor: Page, sink: SmtpSink, real_mail: Callable[..., Notification]
) -> None:
    texts = {SUBJECT: "{{ customer.name }}\r\nBcc: all@example.com\n\nbody"}
    revision = editor.ok(editor.post("draft", key=KEY, texts=texts, revision=None))["revision"]
    editor.ok(editor.post("publish", key=KEY, revision=revision))
    live.refresh(now=True)
    row = real_mail(sample="markup in names")
    Notification.objects.update(recipient_name="Eve\r\nBcc: all@example.com")

    assert delivered(row).status == Status.SENT

    (received,) = sink.messages
    assert received.recipients == (row.recipient,)
    assert received.message["Bcc"] is None
    assert str(received.message["Subject"]).endswith("Bcc: all@example.com body")
    html = received.message.get_body(("html",))
    assert html is not None
    assert "<script" not in html.get_content()


def test_the_forced_versions_compile_as_any_other() -> None:
    force(HTML, "{{ order.number }}")
    version = publishing.live_version(KOREAN)
    assert version is not None
    source = publishing.source_of_version(KOREAN, version)

    bundle = collect(source, event="order.shipped", locale="ko", default="en", origin="x")

    assert bundle.texts[HTML] == "\n{{ order.number }}"
