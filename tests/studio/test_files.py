"""Templates as files: out of the database and back, with nothing lost and nothing unasked."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command

from access.models import AuditEntry
from notifications.models import Notification
from templating.models import Snapshot, Template, TemplateVersion
from tests.studio.conftest import HTML, KEY, LAYOUT, SUBJECT, TEXT, Page

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

SHIPPED = Path(configured.TEMPLATES_EMAIL_DIRS[0])


def run(*arguments: object) -> tuple[str, str]:
    """Run `manage.py templates …`; return what it wrote, and what it complained of."""
    out, complaints = io.StringIO(), io.StringIO()
    call_command("templates", *map(str, arguments), stdout=out, stderr=complaints, no_color=True)
    return out.getvalue(), complaints.getvalue()


def tree(folder: Path) -> dict[str, bytes]:
    """Return all files of a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def publish(page: Page, text: str, *, name: str = SUBJECT) -> None:
    key = name if name.startswith("_") else KEY
    revision = page.save(text, name=name)
    page.ok(page.post("publish", key=key, revision=revision))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to export to."""
    return tmp_path / "templates"


def test_with_nothing_published_the_export_is_the_shipped_files(folder: Path) -> None:
    run("export", folder)

    assert tree(folder) == tree(SHIPPED)


def test_what_is_exported_differs_in_nothing_from_what_is_live(editor: Page, folder: Path) -> None:
    publish(editor, "제목 {{ order.number }}\n")
    publish(editor, "{% block subject %}{% endblock %} *", name=LAYOUT)
    run("export", folder)

    assert run("diff", folder)[0] == "nothing differs from what is live\n"
    assert run("import", folder, "--yes")[0] == "nothing differs from what is live\n"
    assert (folder / SUBJECT).read_text("utf-8") == "제목 {{ order.number }}\n"
    assert (folder / LAYOUT).read_text("utf-8").endswith(" *")


def test_an_export_into_an_empty_installation_makes_the_same_mails(
    editor: Page, folder: Path, tmp_path: Path
) -> None:
    publish(editor, "제목 {{ order.number }}\n")
    publish(editor, "{% block subject %}{% endblock %} *", name=LAYOUT)
    run("export", folder)
    before = {one.event + one.locale: one.live.snapshot.texts for one in Template.objects.all()}  # type: ignore[union-attr] # all are live
    Template.objects.all().delete()
    TemplateVersion.objects.all().delete()
    Snapshot.objects.all().delete()

    run("import", folder, "--yes", "--note", "from Git")
    run("export", tmp_path / "again")

    assert tree(tmp_path / "again") == tree(folder)
    after = {one.event + one.locale: one.live.snapshot.texts for one in Template.objects.all()}  # type: ignore[union-attr] # all are live
    assert after == before
    assert {version.note for version in TemplateVersion.objects.all()} == {"from Git"}


def test_an_import_says_what_it_would_change_and_changes_nothing_unasked(folder: Path) -> None:
    run("export", folder)
    (folder / SUBJECT).write_text("새 제목\n", encoding="utf-8")
    (folder / TEXT).unlink()

    told, _ = run("import", folder)

    assert told.startswith(f"{KEY}\n")
    assert told.endswith("Nothing was changed. Add --yes to publish this.\n")
    assert f"  M {SUBJECT}" in told
    assert f"  D {TEXT}" in told
    assert not TemplateVersion.objects.exists()


def test_an_import_publishes_what_changed_and_nothing_else(folder: Path) -> None:
    run("export", folder)
    (folder / SUBJECT).write_text("새 제목\n", encoding="utf-8")

    told, _ = run("import", folder, "--yes", "--note", "shorter")

    version = TemplateVersion.objects.get()
    assert (version.event, version.locale, version.note) == ("order.shipped", "ko", "shorter")
    assert version.author == "templates import"
    assert told.endswith(f"{KEY} is live in v1\n")
    assert AuditEntry.objects.get().action == "template.publish"


def test_a_changed_layout_is_imported_for_all_that_use_it(folder: Path) -> None:
    path = folder / LAYOUT
    path.parent.mkdir(parents=True)
    path.write_text("{% block subject %}{% endblock %} *\n", encoding="utf-8")

    run("import", folder, "--yes")

    published = {(one.event, one.locale) for one in TemplateVersion.objects.all()}
    assert ("order.shipped", "ko") in published
    assert ("order.paid", "en") in published


def test_a_diff_shows_lines_and_ends_with_1(folder: Path) -> None:
    run("export", folder)
    (folder / SUBJECT).write_text("새 제목\n", encoding="utf-8")
    out = io.StringIO()

    with pytest.raises(CommandError, match="1 files differ, in 1 mails"):
        call_command("templates", "diff", str(folder), stdout=out, no_color=True)

    assert f"--- live/{SUBJECT}\n+++ folder/{SUBJECT}\n" in out.getvalue()
    assert "\n+새 제목\n" in out.getvalue()


def test_an_import_that_would_break_mail_changes_nothing(folder: Path) -> None:
    run("export", folder)
    (folder / SUBJECT).write_text("{{ order.numbr }}\n", encoding="utf-8")
    (folder / "order.paid/ko/subject.txt.jinja").write_text("fine\n", encoding="utf-8")

    with pytest.raises(CommandError, match="nothing was published"):
        run("import", folder, "--yes")

    assert not TemplateVersion.objects.exists()


def test_an_import_passes_the_gate_of_real_mails(
    folder: Path, real_mail: Callable[..., Notification]
) -> None:
    def seven(context: dict[str, Any]) -> None:
        context["order"]["items"] = context["order"]["items"][:1] * 7

    real_mail(changes=seven)
    run("export", folder)
    failing = "x{% if order['items'] | length == 7 %}{{ 1 / 0 }}{% endif %}\n"
    (folder / SUBJECT).write_text(failing, encoding="utf-8")

    with pytest.raises(CommandError, match="these real mails would fail"):
        run("import", folder, "--yes")
    run("import", folder, "--yes", "--override", "a test order")

    assert AuditEntry.objects.filter(action="template.override", reason="a test order").exists()


def test_an_event_that_nobody_registered_is_passed_over_and_told(folder: Path) -> None:
    run("export", folder)
    path = folder / "order.eaten/ko/subject.txt.jinja"
    path.parent.mkdir(parents=True)
    path.write_text("x", encoding="utf-8")

    told, complaints = run("import", folder, "--yes")

    assert told == "nothing differs from what is live\n"
    assert "order.eaten: no contract is registered" in complaints


def test_what_cannot_be_read_is_told_with_its_place(folder: Path) -> None:
    run("export", folder)
    (folder / HTML).write_text("\n{% if %}", encoding="utf-8")

    with pytest.raises(CommandError, match="1 mails cannot be read"):
        run("import", folder, "--yes")


def test_only_one_mail_can_be_exported_with_all_that_it_needs(folder: Path) -> None:
    run("export", folder, "--event", "order.shipped", "--locale", "ko")

    names = set(tree(folder))
    assert {SUBJECT, HTML, TEXT, LAYOUT, "_strings/ko.toml"} <= names
    assert not any(name.startswith("order.paid") for name in names)


@pytest.mark.parametrize(
    "arguments", [["diff", "/nowhere"], ["import", "/nowhere"], ["export", "/tmp", "--event", "x"]]
)
def test_what_is_not_there_is_an_error(arguments: list[str]) -> None:
    with pytest.raises(CommandError, match=r"there is no folder|no contract"):
        run(*arguments)
