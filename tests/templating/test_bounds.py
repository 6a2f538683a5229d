"""Templates that would run or grow without end stop: soon, with little memory, and at a line.

By construction and not by signals, so each also stops in a thread that is not the main one.
"""

import resource
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from templating import budget
from templating.budget import MAX_CHARACTERS, MAX_STEPS, Budget
from templating.errors import BoundsExceeded, Code, RenderingError
from tests.templating.folders import Templates

SECONDS = 6.0  # on a busy machine; alone the slowest takes about one
MEGABYTES = 300

DOUBLING = "{% set ns = namespace(x='xxxxxxxx') %}{% for _ in range(99) %}"
SIXTY = "{% for _ in range(60) %}"
NESTED_LISTS = (
    "{% set ns = namespace(x=['x', 'y']) %}" + SIXTY + "{% set ns.x = [ns.x, ns.x] %}{% endfor %}"
)
NESTED_TUPLES = (
    "{% set ns = namespace(x=('x', 'y')) %}" + SIXTY + "{% set ns.x = (ns.x, ns.x) %}{% endfor %}"
)
BIG = "{% set big = 'x' * 900000 %}"
SPINNING = "{% for a in range(900) %}{% for b in range(900) %}"
END = "{% endfor %}{% endfor %}"

EXPLOSIVE = [
    # Loops.
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% for a in range(99999) %}{% for b in range(99999) if false %}{% endfor %}{% endfor %}",
    (
        "{% for a in range(99999) %}{% for b in range(99999) if a ~ b == 'x' %}x{% endfor %}"
        "{% endfor %}"
    ),
    "{% for a in range(10000000000000000000) %}{% endfor %}",
    "{{ range(1000000000) | length }}",
    "{{ range(1000000000) | list | length }}",
    "{{ range(1000000000) | sum }}",
    "{{ 5 in range(1000000000) }}",
    "{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
    "{% for x in range(999) recursive %}{{ loop(range(999)) }}{% endfor %}",
    SPINNING + "{% for c in range(900) %}{{ loop.index }}{% endfor %}" + END,
    SPINNING + "{% if a == b %}{% elif a %}{% else %}{% endif %}{{ a }}" + END,
    SPINNING + "{% set x = [1, 2, 3, 4, 5, 6, 7, 8, 9] %}{% set y = x %}" + END,
    SPINNING + "{{ a | default(1) | default(2) | default(3) }}{{ a.b is defined }}" + END,
    SPINNING + "{% include 'test.happened/en/piece.txt.jinja' %}" + END,
    SPINNING + "{% with a = b %}{% with b = a %}{{ a }}{% endwith %}{% endwith %}" + END,
    SPINNING + "{% filter upper %}abc{% endfilter %}" + END,
    SPINNING + "{% set x %}abc{% endset %}" + END,
    # Lazy filters.
    "{% for a in range(9999) %}{{ range(99999) | select('none') | list | length }}{% endfor %}",
    "{% for a in range(9999) %}{{ range(99999) | map('string') | first }}{% endfor %}",
    "{% for a in range(9999) %}{{ range(99999) | map('abs') | map('abs') | join }}{% endfor %}",
    "{% for a in range(9999) %}{{ 'z' in (range(99999) | map('string')) }}{% endfor %}",
    "{{ range(100) | batch(1000000000, 'x') | list | length }}",
    "{{ range(100) | slice(1000000000) | list | length }}",
    # Calls.
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
    "{% macro m(n) %}{% for i in range(9) %}{{ m(n + 1) }}{% endfor %}{% endmacro %}{{ m(0) }}",
    (
        "{% macro m(n) %}{% if n < 40 %}{{ m(n + 1) }}{{ m(n + 1) }}{% endif %}"
        "{% endmacro %}{{ m(0) }}"
    ),
    (
        "{% macro m() %}{{ caller() }}{% call m() %}x{% endcall %}{% endmacro %}{% call m() %}y"
        "{% endcall %}"
    ),
    "{% block a %}{{ self.a() }}{% endblock %}",
    "{% block a %}{% for i in range(9) %}{{ self.a() }}{% endfor %}{% endblock %}",
    # Texts that double.
    DOUBLING + "{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x + ns.x %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x * 2 %}{% endfor %}",
    DOUBLING + "{% set ns.x = [ns.x, ns.x] | join %}{% endfor %}",
    DOUBLING + "{% set ns.x = [ns.x, ns.x] | join(ns.x) %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x | replace('x', ns.x) %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x | replace('', ns.x) %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x.replace('x', ns.x) %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x.join([ns.x, ns.x, ns.x]) %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x | e ~ '<' | e ~ ns.x %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x | indent(999, true) ~ '\\n' ~ ns.x %}{% endfor %}",
    DOUBLING + "{% set ns.x = ns.x | urlencode ~ '%' ~ ns.x %}{% endfor %}",
    DOUBLING + "{% set ns.x = '%s%s' | format(ns.x, ns.x) %}{% endfor %}",
    DOUBLING + "{% set ns.x = '%(a)s%(a)s%(a)s' | format(a=ns.x) %}{% endfor %}",
    DOUBLING + "{% set ns.x %}{{ ns.x }}{{ ns.x }}{% endset %}{% endfor %}",
    (
        "{% set ns = namespace(x=[1]) %}{% for _ in range(99) %}{% set ns.x = ns.x + ns.x %}"
        "{% endfor %}"
    ),
    "{% set ns = namespace(x=[1]) %}{% for _ in range(99) %}{% set ns.x = ns.x * 2 %}{% endfor %}",
    "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}"
    + DOUBLING
    + "{% set ns.x = twice(ns.x) %}{% endfor %}",
    # Texts of enormous width.
    "{{ 'x' * 10000000000 }}",
    "{{ 10000000000 * 'x' }}",
    "{{ [1] * 10000000000 }}",
    "{{ ('a', 'b') * 10000000000 }}",
    "{{ 'x'.center(10000000000) }}",
    "{{ 'x'.ljust(10000000000) }}",
    "{{ 'x'.rjust(10000000000) }}",
    "{{ 'x'.zfill(10000000000) }}",
    "{{ 'x' | center(10000000000) }}",
    "{{ 'x' | columns('y', 10000000000) }}",
    "{{ 'x' | indent(10000000000, true) }}",
    "{{ 'x' | wordwrap(10000000000) }}",
    "{{ '%10000000000d' | format(1) }}",
    "{{ '%.10000000000f' | format(1.5) }}",
    "{{ '%010000000000d' | format(1) }}",
    "{{ 1.5 | round(1000000000) }}",
    "{{ 15 | round(-1000000000, 'ceil') }}",
    BIG + "{{ big | wordwrap(1) }}",
    BIG + "{% for _ in range(9999) %}{{ big }}{% endfor %}",
    # A text of the template itself costs nothing until it is joined with the others.
    "{% macro m() %}{% for _ in range(5000) %}"
    + "x" * 200_000
    + "{% endfor %}{% endmacro %}{{ m() }}",
    BIG + "{% for _ in range(9999) %}{% set x = big[1:] %}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{% set x = big.upper() %}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{% set x = big | wordcount %}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{% if big == big ~ 'y' %}{% endif %}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{{ 'y' in big }}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{{ big is in [big ~ 'y'] }}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{{ big.isalpha() }}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{{ big is lower }}{% endfor %}",
    BIG + "{% for _ in range(9999) %}{{ big | length }}{{ big.count('y') }}{% endfor %}",
    # Numbers.
    "{% set ns = namespace(x=9) %}{% for _ in range(99) %}{% set ns.x = ns.x * ns.x %}{% endfor %}",
    (
        "{% set ns = namespace(x=9) %}{% for _ in range(999) %}{% set ns.x = ns.x + ns.x %}"
        "{% endfor %}"
    ),
    "{{ ('9' * 4000) | int }}",
    "{{ '1e999999999' | float | int }}",
    # Lists that hold the same list many times.
    NESTED_LISTS + "{{ ns.x | tojson }}",
    NESTED_LISTS + "{{ ns.x == [ns.x] }}",
    NESTED_LISTS + "{{ ns.x in [ns.x] }}",
    NESTED_LISTS + "{{ [ns.x, ns.x] | sort }}",
    NESTED_LISTS + "{{ [ns.x, ns.x] | max }}",
    NESTED_LISTS + "{{ ns.x is eq ns.x }}",
    NESTED_LISTS + "{% for a in [1, 2] %}{{ loop.changed(ns.x) }}{% endfor %}",
    NESTED_TUPLES + "{{ [ns.x, ns.x] | unique | list }}",
    NESTED_TUPLES + "{{ {'a': 1}[ns.x] }}",
    NESTED_TUPLES + "{{ {'a': 1}.get(ns.x) }}",
    NESTED_LISTS + "{{ ns.x in {'a': [ns.x]}.values() }}",
    NESTED_LISTS + "{{ {'a': [ns.x]}.items() == {'a': [ns.x]}.items() }}",
    NESTED_LISTS + "{{ [ns.x] in ([ns.x, [ns.x]] | map('list')) }}",
    NESTED_LISTS + "{{ [ns.x] | select('in', [[ns.x]] | map('list')) | list }}",
    NESTED_TUPLES + "{{ [{'a': ns.x}] | groupby('a') }}",
    (
        "{% set ns = namespace(x=[]) %}{% for _ in range(99999) %}{% set ns.x = [ns.x] %}"
        "{% endfor %}{{ ns.x == [] }}{{ ns.x | tojson }}"
    ),
]


@pytest.fixture
def measured() -> Any:
    """Yield, and then hold the time and the memory of what ran to the bounds."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.monotonic()
    yield
    assert time.monotonic() - started < SECONDS
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert (after - before) / 1024 < MEGABYTES


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("source", EXPLOSIVE)
def test_an_explosive_template_stops_within_its_bounds(templates: Templates, source: str) -> None:
    templates.write("test.happened/en/piece.txt.jinja", "{% if true %}x{% endif %}" * 50)

    error = templates.failure(f"\n{source}")

    assert error.code is Code.BOUNDS_EXCEEDED, error
    assert error.template.startswith("test.happened/en/")
    assert error.line is not None


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 40_000,
        "<div title='</div>'>" * 20_000,
        "<div><!--</div>-->" * 10_000,
        "<div><!-- --!></div><!--</div>-->" * 8_000 + "<div>" * 900,
        "<div><span><p></span>" * 8_000,
        "<div><title></div></title>" * 8_000,
        "<div><svg></div></svg>" * 8_000,
        "<div><table><tr><td></div></td></tr></table>" * 5_000,
        "<div></p>" * 20_000,
        "<b><p></b>" * 20_000,
        "<div " * 40_000,
        "<p><i>" * 30_000,
        "<style>" + "*{--a:b}" * 700 + "</style>" + "<i>x</i>" * 1_000,
        "<style>"
        + "".join(f"*{{--p{n}:y}}" for n in range(250))
        + "</style>"
        + "<i>x</i>" * 20_000,
        "{% for a in range(4000) %}<div>{% endfor %}",
        "{% for a in range(9999) %}{{ 'x' * 999 }}{% endfor %}",
    ],
)
def test_an_explosive_document_stops_before_it_is_inlined(
    templates: Templates, source: str
) -> None:
    error = templates.failure(source, part="html")

    assert error.code is Code.BOUNDS_EXCEEDED, error
    assert error.template == "test.happened/en/body.html.jinja"


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize(
    "source",
    [
        "{{ " + "(" * 30_000 + "1" + ")" * 30_000 + " }}",
        "{{ " + "-" * 60_000 + "1 }}",
        "{{ " + "not " * 30_000 + "1 }}",
        "{{ x" + ".a" * 60_000 + " }}",
        "{{ 1" + " + 1" * 30_000 + " }}",
        "{{ 'x'" + " | upper" * 20_000 + " }}",
        "{% if x %}" * 3_000 + "{% endif %}" * 3_000,
        "{% for a in [] %}" * 60 + "{% endfor %}" * 60,
        "{{ " + "9" * 100_000 + " }}",
        "x" * 300_000,
    ],
)
def test_an_explosive_source_stops_in_the_compiler(templates: Templates, source: str) -> None:
    error = templates.failure(source)

    assert error.code in {Code.BOUNDS_EXCEEDED, Code.SYNTAX}, error


def test_the_bounds_hold_in_a_thread(templates: Templates) -> None:
    templates.write_mail(
        text="{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"
    )
    errors: list[RenderingError] = []

    def send() -> None:
        try:
            templates.render()
        except RenderingError as error:
            errors.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    thread.join(timeout=SECONDS)

    assert [error.code for error in errors] == [Code.BOUNDS_EXCEEDED]


def test_every_mail_has_a_budget_of_its_own(templates: Templates) -> None:
    templates.write_mail(text="{% for a in range(9000) %}{{ 'x' * 50 }}{% endfor %}")

    fingerprints = {templates.render().fingerprint for _ in range(20)}

    assert len(fingerprints) == 1


def test_compiling_computes_nothing(templates: Templates) -> None:
    templates.write_mail(text="{% if false %}{{ 'x' * 10000000000 }}{% endif %}ok")

    assert templates.render().text == "ok\n"


def test_code_without_a_budget_does_not_run() -> None:
    with pytest.raises(LookupError):
        budget.tick()


def test_an_order_of_five_hundred_lines_is_far_from_the_bounds() -> None:
    order = {"items": [{"name": "Green tea", "quantity": 2, "total": "24000"}] * 500}

    with budget.opened() as left:
        left.weigh(order)

    assert left.steps > MAX_STEPS * 0.99
    assert left.characters > MAX_CHARACTERS * 0.99


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_weighing_takes_all_texts_and_entries_of_a_value(value: Any) -> None:
    left = Budget()
    left.weigh(value)

    assert MAX_CHARACTERS - left.characters == sum(map(len, _texts(value)))
    assert MAX_STEPS - left.steps >= _entries(value)


def _entries(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_entries, value.values()))
    return len(value) + sum(map(_entries, value)) if isinstance(value, list) else 0


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for pair in value.items() for part in pair for text in _texts(part)]
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    return []


def test_a_list_that_holds_itself_many_times_is_too_heavy() -> None:
    nested: list[Any] = ["x"]
    for _ in range(60):
        nested = [nested, nested]

    with pytest.raises(BoundsExceeded):
        Budget().weigh(nested)
