"""The text of a mail that has no template for it."""

from tests.templating.folders import Templates


def derived(templates: Templates, html: str) -> str:
    """Return the text that is written from the HTML."""
    templates.write_mail(html=html, text=None)
    return templates.render().text


def test_links_keep_their_addresses_as_they_are(templates: Templates) -> None:
    text = derived(templates, '<p><a href="https://x.example/a_(1)?b=c&amp;d=*e*">Track</a> it</p>')

    assert text == "Track <https://x.example/a_(1)?b=c&d=*e*> it\n"


def test_an_address_that_is_its_own_text_is_written_once(templates: Templates) -> None:
    html = '<a href="https://x.example">https://x.example</a> <a href="mailto:a@b.c">a@b.c</a>'

    assert derived(templates, html) == "https://x.example a@b.c\n"


def test_no_signs_of_markdown_are_left(templates: Templates) -> None:
    html = "<h1>Hello *Kim*</h1><p>A <b>b_c</b> 1. x - y # z</p><img src=x alt=logo>"

    assert derived(templates, html) == "Hello *Kim*\n\nA b_c 1. x - y # z\n"


def test_cells_of_a_row_stand_apart(templates: Templates) -> None:
    html = "<table><tr><td>Tea</td><td>₩2</td></tr><tr><td>Cup</td><td>₩3</td></tr></table>"

    assert derived(templates, html) == "Tea ₩2\nCup ₩3\n"


def test_what_readers_of_the_html_do_not_see_is_left_out(templates: Templates) -> None:
    html = (
        "<style>.p { display: none }</style><div class=p>Pre<div>header</div><br></div>"
        "<script>x()</script><p>Body</p>"
    )

    assert derived(templates, html) == "Body\n"


def test_long_lines_are_left_to_the_reader(templates: Templates) -> None:
    words = "word " * 60

    assert derived(templates, f"<p>{words}</p>") == words.strip() + "\n"
