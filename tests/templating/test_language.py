"""What templates can say: Jinja as its users know it, with the surprises of mail taken out."""

from typing import Any

import pytest

from tests.templating.folders import Templates

CONTEXT: dict[str, Any] = {
    "order": {
        "number": "SO-1",
        "items": [
            {"name": "Tea", "quantity": 2, "total": 24000},
            {"name": "Cup", "quantity": 1, "total": 9000},
        ],
        "keys": "a field",
        "note": None,
    },
    "name": "Kim",
    "numbers": [3, 1, 2, 2],
}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        # A mapping's keys come before its methods, which are there all the same.
        ("{{ order.items | length }}", "2"),
        ("{{ order['items'] | length }}", "2"),
        ("{{ order.keys }}", "a field"),
        ("{{ order.get('number') }}/{{ order.get('nothing', '-') }}", "SO-1/-"),
        ("{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}{{ v }}{% endfor %}", "a1b2"),
        # What was left out of a context shows nothing.
        ("[{{ order.note }}]", "[]"),
        ("{{ order.nothing | default('none') }}", "none"),
        ("[{{ 'x' if order.note }}]", "[]"),
        ("{{ order.note | default('none', true) }}", "none"),
        ("{{ 'yes' if order.nothing is defined else 'no' }}", "no"),
        # Loops.
        ("{% for i in order.items %}{{ loop.index }}{{ i.name }} {% endfor %}", "1Tea 2Cup"),
        ("{% for i in order.items if i.quantity > 1 %}{{ i.name }}{% endfor %}", "Tea"),
        ("{% for i in [] %}{% else %}none{% endfor %}", "none"),
        ("{% for i in numbers %}{{ i }}{{ ',' if not loop.last }}{% endfor %}", "3,1,2,2"),
        ("{% for i in [1,2] %}{{ loop.cycle('a', 'b') }}{{ loop.length }}{% endfor %}", "a2b2"),
        ("{% for i in [1,1,2] %}{{ loop.changed(i) | int }}{% endfor %}", "101"),
        (
            "{% for i in [[1, [2]]] recursive %}{{ i if i is number else loop(i) }}{% endfor %}",
            "12",
        ),
        (
            (
                "{% set ns = namespace(n=0) %}{% for i in numbers %}{% set ns.n = ns.n + i %}"
                "{% endfor %}{{ ns.n }}"
            ),
            "8",
        ),
        # Macros, calls, blocks, filters, `with`.
        ("{% macro m(a, b='-') %}{{ a }}{{ b }}{% endmacro %}{{ m(1) }}{{ m(1, b=2) }}", "1-12"),
        (
            "{% macro m() %}[{{ caller(1) }}]{% endmacro %}{% call(x) m() %}{{ x }}{% endcall %}",
            "[1]",
        ),
        (
            "{% macro m() %}{{ varargs | join }}{{ kwargs.a }}{% endmacro %}{{ m(1, 2, a=3) }}",
            "123",
        ),
        ("{% block a %}A{% endblock %}{{ self.a() }}", "AA"),
        ("{% filter upper %}abc{% endfilter %}", "ABC"),
        ("{% with a = 1 %}{{ a }}{% endwith %}", "1"),
        ("{% set x %}{{ name }}!{% endset %}{{ x }}", "Kim!"),
        ("{% raw %}{{ x }}{% endraw %}", "{{ x }}"),
        # Operators.
        ("{{ 7 // 2 }} {{ 7 % 2 }} {{ 7 / 2 }} {{ -7 }} {{ 2 * 3 - 1 }}", "3 1 3.5 -7 5"),
        ("{{ 'a' ~ 1 ~ none ~ 'b' }}", "a1b"),
        ("{{ '-' * 5 }}", "-----"),
        ("{{ 1 < 2 < 3 and 'i' in name and 4 not in numbers }}", "True"),
        ("{{ name[0] }}{{ name[1:] }}{{ numbers[-1] }}{{ numbers[::2] | join }}", "Kim232"),
        # Filters.
        ("{{ numbers | sort | join(',') }} {{ numbers | unique | list | length }}", "1,2,2,3 3"),
        ("{{ order.items | map(attribute='name') | join(', ') }}", "Tea, Cup"),
        ("{{ order.items | sum(attribute='total') }}", "33000"),
        ("{{ order.items | selectattr('quantity', 'gt', 1) | list | length }}", "1"),
        (
            "{{ order.items | rejectattr('quantity', 'eq', 1) | map(attribute='name') | first }}",
            "Tea",
        ),
        (
            "{% for q, i in order.items | groupby('quantity') %}{{ q }}{{ i[0].name }}{% endfor %}",
            "1Cup2Tea",
        ),
        (
            (
                "{% for g in order.items | groupby('quantity') %}"
                "{{ g.grouper }}{{ g.list | length }}{% endfor %}"
            ),
            "1121",
        ),
        ("{{ numbers | min }}{{ numbers | max }}{{ numbers | first }}{{ numbers | last }}", "1332"),
        ("{% for row in numbers | batch(3, '-') %}{{ row | join }};{% endfor %}", "312;2--;"),
        ("{% for row in numbers | slice(2) %}{{ row | join }};{% endfor %}", "31;22;"),
        ("{{ 'a b' | urlencode }} {{ {'q': 'a&b'} | urlencode }}", "a%20b q=a%26b"),
        ("{{ 'one two three' | wordwrap(8) }}", "one two\nthree"),
        ("{{ 'one two three' | truncate(9, leeway=0) }}", "one..."),
        ("|{{ 'x' | center(5) }}|", "|  x  |"),
        ("{{ 'a\nb' | indent(2) }}", "a\n  b"),
        ("{{ 'aXbX' | replace('X', '-') }} {{ 'aXbX' | replace('X', '-', 1) }}", "a-b- a-bX"),
        (
            "{{ '%s: %.1f%%' | format(name, 12.34) }}",
            "Kim: 12.3%",
        ),
        ("{{ '%(who)s!' | format(who=name) }}", "Kim!"),
        ("{{ '42' | int + 1 }} {{ 'x' | int(7) }} {{ 2.567 | round(2) }}", "43 7 2.57"),
        ("{{ 'kim' | capitalize }} {{ 'a b' | title }} {{ ' x ' | trim }}", "Kim A B x"),
        ("{{ {'a': [1, none]} | tojson }}", '{"a": [1, null]}'),
        ("{{ name.upper() }}{{ name.ljust(5, '.') }}{{ name.startswith('K') }}", "KIMKim..True"),
        (
            "{{ 'a,b'.split(',') | last }}{{ '-'.join(['a', 'b']) }}{{ 'aa'.replace('a', 'b') }}",
            "ba-bbb",
        ),
        (
            "{% set row = cycler('a', 'b') %}{{ row.next() }}{{ row.next() }}{{ row.current }}",
            "aba",
        ),
        (
            "{% set comma = joiner(', ') %}{% for i in [1, 2] %}{{ comma() }}{{ i }}{% endfor %}",
            "1, 2",
        ),
        ("{{ dict(a=1).a }}{{ range(3) | join }}", "1012"),
        (
            "{{ 4 is even }}{{ 9 is divisibleby(3) }}{{ name is string }}{{ 1 is in numbers }}",
            "TrueTrueTrueTrue",
        ),
    ],
)
def test_a_template_says(templates: Templates, source: str, expected: str) -> None:
    assert templates.text(source, CONTEXT) == expected


def test_imports_see_the_words_of_the_locale_without_being_told(templates: Templates) -> None:
    templates.write("_strings/en.toml", 'total = "Total"')
    templates.write(
        "_partials/x.txt.jinja", "{% macro total() %}{{ t.total }} {{ who }}{% endmacro %}"
    )

    source = "{% from '_partials/x.txt.jinja' import total %}{{ total() }}"

    assert templates.text(source, {"who": "Kim"}) == "Total Kim"
    assert templates.text(source, {"who": "Lee"}) == "Total Lee"


def test_a_block_extends_its_parents(templates: Templates) -> None:
    templates.write("_layouts/a.txt.jinja", "<{% block body %}a{% endblock %}>")
    templates.write(
        "_layouts/b.txt.jinja",
        "{% extends '_layouts/a.txt.jinja' %}{% block body %}{{ super() }}b{% endblock %}",
    )

    source = "{% extends '_layouts/b.txt.jinja' %}{% block body %}{{ super() }}c{% endblock %}"

    assert templates.text(source) == "<abc>"


def test_words_come_from_the_locale_then_its_language_then_the_default(
    templates: Templates,
) -> None:
    templates.write("_strings/en.toml", 'a = "a"\nb = "b"\n[deep]\nx = "x"\ny = "y"\n')
    templates.write("_strings/ko.toml", 'a = "가"\n[deep]\nx = "엑스"\n')
    templates.write_mail(locale="ko", text="{{ t.a }} {{ t.b }} {{ t.deep.x }} {{ t.deep.y }}")

    assert templates.render(locale="ko-KR").text == "가 b 엑스 y\n"


def test_text_templates_do_not_escape_and_html_templates_do(templates: Templates) -> None:
    templates.write_mail(html="<p>{{ x }}</p>", text="{{ x }}")

    rendered = templates.render({"x": "a & <b>"})

    assert "<p>a &amp; &lt;b&gt;</p>" in rendered.html
    assert rendered.text == "a & <b>\n"


def test_json_in_a_script_cannot_end_it(templates: Templates) -> None:
    source = "<script type='application/ld+json'>{{ x | tojson }}</script>"

    html = templates.html(f"<body>{source}</body>", {"x": {"a": "</script><b>"}})

    assert html.count("</script>") == 1
    assert "<b>" not in html
