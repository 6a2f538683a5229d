"""Styles move into the elements; what cannot move stays; nothing is loaded."""

from pathlib import Path

import pytest

from templating.inlining import inlined
from templating.nesting import check


def test_styles_move_into_the_elements() -> None:
    html = inlined("<style>p { color: red } .b { margin: 0 }</style><p class=b>x</p>")

    assert '<p class="b" style="color: red;margin: 0;">x</p>' in html


def test_media_queries_stay_for_phones_and_dark_mode() -> None:
    html = inlined(
        "<style>@media (max-width: 600px) { p { color: red !important } }"
        "@media (prefers-color-scheme: dark) { p { color: white !important } }</style><p>x</p>"
    )

    assert "@media (max-width: 600px)" in html
    assert "@media (prefers-color-scheme: dark)" in html


def test_comments_for_outlook_stay() -> None:
    html = inlined("<body><!--[if mso]><table><tr><td><![endif]--><p>x</p></body>")

    assert "<!--[if mso]><table><tr><td><![endif]-->" in html


@pytest.mark.parametrize("scheme", ["file://{path}", "{path}", "http://127.0.0.1:9/x.css"])
def test_stylesheets_are_not_loaded_from_anywhere(tmp_path: Path, scheme: str) -> None:
    sheet = tmp_path / "x.css"
    sheet.write_text("p { color: red }", encoding="utf-8")

    html = inlined(f'<link rel="stylesheet" href="{scheme.format(path=sheet)}"><p>x</p>')

    assert "color: red" not in html


def test_a_large_well_formed_mail_is_let_through() -> None:
    row = "<tr><td><p>tea<br><img src=x><td class='a'><b>2</b></tr>"
    item = "<ul><li>a<li>b</ul>"

    check(f"<div><!-- x --><table><tbody>{row * 2000}</tbody></table>{item * 2000}</div>")


def test_a_document_without_styles_is_left_as_its_author_wrote_it() -> None:
    html = "<table><tr><td style='color:red'>x<br/></td></tr></table>\n<p>a &amp; b"
    assert inlined(html) == html


@pytest.mark.parametrize("tag", ["style", "STYLE", "Style"])
def test_styles_are_found_however_they_are_written(tag: str) -> None:
    html = inlined(f"<{tag} type='text/css'\n>p {{ color: red }}</{tag}><p>x</p>")
    assert '<p style="color: red;">x</p>' in html
