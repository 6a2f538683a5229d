"""Korean is complete: what the code and the pages say of their own has a translation."""

import gettext
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_python
from babel.messages.pofile import read_po
from django.utils import translation
from django.utils.translation.template import templatize

from tests.support.processes import REPOSITORY

pytestmark = pytest.mark.one_database

FOLDER = Path(REPOSITORY) / "locale" / "ko" / "LC_MESSAGES"
SOURCES = ("platform", "orders", "providers")
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
}
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sd]")


@pytest.fixture(scope="module")
def catalogue() -> Catalog:
    """The Korean texts."""
    with (FOLDER / "django.po").open("rb") as file:
        return read_po(file, locale="ko", abort_invalid=True)


def said() -> Iterator[tuple[str, str]]:
    """Yield each text of ours that is marked for translation, and the file that says it."""
    for root in SOURCES:
        for path in sorted((Path(REPOSITORY) / root).rglob("*")):
            if "node_modules" in path.parts or path.suffix not in {".py", ".html"}:
                continue
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".html":
                # What is left reads like Python but for its indentation.
                text = "\n".join(line.strip() for line in templatize(text).splitlines())
            found = extract_python(io.BytesIO(text.encode()), KEYWORDS, [], {"encoding": "utf-8"})
            for _line, _name, message, _comments in found:
                first = message[0] if isinstance(message, tuple) else message
                if first:
                    yield first, str(path.relative_to(REPOSITORY))


def test_every_text_of_ours_has_its_korean_one(catalogue: Catalog) -> None:
    texts = list(said())
    assert len(texts) > 400, "the extraction finds what there is"
    missing = {
        f"{where}: {text}"
        for text, where in texts
        if (entry := catalogue.get(text)) is None or not entry.string
    }
    assert missing == set()


def test_placeholders_are_the_same_in_both_languages(catalogue: Catalog) -> None:
    for entry in catalogue:
        if not entry.id:
            continue
        original = entry.id[-1] if entry.pluralizable else entry.id
        texts = entry.string if entry.pluralizable else (entry.string,)
        for text in texts:
            assert set(PLACEHOLDER.findall(text)) == set(PLACEHOLDER.findall(original)), original


def test_what_is_loaded_is_what_was_written(catalogue: Catalog) -> None:
    with (FOLDER / "django.mo").open("rb") as file:
        loaded = gettext.GNUTranslations(file)
    for entry in catalogue:
        if not entry.id:
            continue
        if entry.pluralizable:
            assert loaded.ngettext(*entry.id, 1) == entry.string[0]
        else:
            assert loaded.gettext(str(entry.id)) == entry.string


def test_the_admin_speaks_korean() -> None:
    with translation.override("ko"):
        assert translation.gettext("Needs attention") == "확인 필요"
