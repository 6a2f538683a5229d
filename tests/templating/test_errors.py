"""An error names the file, the line and the name that somebody mistyped."""

import pytest

from templating.errors import Code
from tests.templating.folders import EVENT, Templates

CONTEXT = {
    "order": {"number": "SO-1", "items": [{"name": "Tea"}], "address": None},
    "customer": {"name": "Kim Minji"},
}


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("{{ order.numbr }}", "'order.numbr' is undefined; did you mean 'order.number'?"),
        ("{{ order.xyz }}", "'order.xyz' is undefined"),
        ("{{ order.address.city }}", "'order.address.city' is undefined: 'order.address' is empty"),
        ("{{ ordr.number }}", "'ordr' is undefined"),
        ("{% for item in order.items %}{{ item.nmae }}{% endfor %}", "'item.nmae' is undefined"),
        ("{{ order['numbr'] }}", "'order.numbr' is undefined; did you mean 'order.number'?"),
        ("{{ order.items[3].name }}", "'order.items[3]' is undefined"),
        ("{{ order.numbr | upper }}", "'order.numbr' is undefined"),
        ("{{ order.numbr | money('KRW') }}", "'order.numbr' is undefined"),
        ("{{ order.numbr ~ '!' }}", "'order.numbr' is undefined"),
        ("{{ order.numbr + 1 }}", "'order.numbr' is undefined"),
        ("{{ order.numbr == 1 }}", "'order.numbr' is undefined"),
        ("{% if order.numbr %}{% endif %}", "'order.numbr' is undefined"),
        ("{% for x in order.numbr %}{% endfor %}", "'order.numbr' is undefined"),
        ("{{ order.address | address_lines }}", "address_lines needs an address"),
        ("{{ none | money('KRW') }}", "money needs a number, not None"),
        ("{{ customer.name | money('KRW') }}", "money needs a number, not any other text"),
        ("{{ order }}", "a dict cannot be shown as text"),
        ("{{ customer.name * customer.name }}", "cannot calculate with str and str"),
        ("{{ customer.name | uper }}", "there is no filter 'uper'; did you mean 'upper'?"),
        ("{{ customer.name | safe }}", "the filter 'safe' is not available"),
        ("{{ customer.name.encode() }}", "'encode' of a str is not available in templates"),
        ("{% macro m(a) %}{{ a }}{% endmacro %}{{ m() }}", "parameter 'a' was not provided"),
    ],
)
def test_a_message_says_what_is_wrong(templates: Templates, source: str, message: str) -> None:
    error = templates.failure(f"one\ntwo\n{source}", CONTEXT)

    assert message in error.message
    assert "Kim" not in error.message
    assert error.line == 3
    assert str(error) == f"{EVENT}/en/body.txt.jinja:3: {error.message}"


def test_the_innermost_file_is_to_blame(templates: Templates) -> None:
    templates.write("_layouts/x.txt.jinja", "head\n{% block body %}{% endblock %}")
    templates.write(
        "_partials/x.txt.jinja",
        "{# lines #}\n\n{% macro show(item) %}\n{{ item.nmae }}\n{% endmacro %}",
    )

    error = templates.failure(
        "{% extends '_layouts/x.txt.jinja' %}{% block body %}\n"
        "{% from '_partials/x.txt.jinja' import show %}{{ show({'name': 'Tea'}) }}{% endblock %}"
    )

    assert (error.template, error.line) == ("_partials/x.txt.jinja", 4)
    assert error.message == "'item.nmae' is undefined; did you mean 'item.name'?"


def test_a_syntax_error_in_a_partial_names_the_partial(templates: Templates) -> None:
    templates.write("_partials/x.txt.jinja", "fine\n{% if %}")

    error = templates.failure("{% include '_partials/x.txt.jinja' %}")

    assert error.code is Code.SYNTAX
    assert (error.template, error.line) == ("_partials/x.txt.jinja", 2)


def test_a_missing_partial_is_found_at_its_line_even_where_it_is_not_used(
    templates: Templates,
) -> None:
    error = templates.failure("\n{% if false %}\n{% include '_partials/x.txt.jinja' %}{% endif %}")

    assert error.code is Code.MISSING_TEMPLATE
    assert (error.template, error.line) == (f"{EVENT}/en/body.txt.jinja", 3)
    assert error.message == "there is no template '_partials/x.txt.jinja'"


def test_a_missing_partial_may_be_ignored(templates: Templates) -> None:
    source = "{% include '_partials/x.txt.jinja' ignore missing %}ok"

    assert templates.text(source) == "ok"


def test_partials_that_use_each_other_are_refused(templates: Templates) -> None:
    templates.write("_partials/a.txt.jinja", "{% include '_partials/b.txt.jinja' %}")
    templates.write("_partials/b.txt.jinja", "\n{% include '_partials/a.txt.jinja' %}")

    error = templates.failure("{% include '_partials/a.txt.jinja' %}")

    assert error.code is Code.FORBIDDEN
    assert (error.template, error.line) == ("_partials/b.txt.jinja", 2)


def test_a_file_that_is_not_utf_8_is_named(templates: Templates) -> None:
    templates.write_mail()
    (templates.folder / EVENT / "en" / "body.txt.jinja").write_bytes(b"caf\xe9")

    with pytest.raises(Exception, match=r"body\.txt\.jinja") as failure:
        templates.render()

    assert failure.value.code is Code.SYNTAX  # type: ignore[attr-defined]


def test_strings_that_are_not_toml_are_named_with_their_line(templates: Templates) -> None:
    templates.write("_strings/en.toml", 'a = "x"\nb = \n')

    error = templates.failure("{{ t.a }}")

    assert error.code is Code.SYNTAX
    assert (error.template, error.line) == ("_strings/en.toml", 2)


def test_a_missing_string_is_undefined(templates: Templates) -> None:
    templates.write("_strings/en.toml", 'total = "Total"')

    assert (
        "'t.totl' is undefined; did you mean 't.total'?"
        in templates.failure("{{ t.totl }}").message
    )
