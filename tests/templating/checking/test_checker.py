"""What the checker must not report, and what it only advises."""

import pytest

from templating import contracts
from templating.checking.checker import check
from templating.checking.problems import Problem, ProblemCode, Severity
from templating.sources import FileSource, TextSource
from tests.templating.checking.mistakes import TEXT
from tests.templating.checking.test_mistakes import EVENT, FOLDER, SOUND, problems

EVENTS = [one.event for one in contracts.registered() if one.event.startswith("order.")]


def found_in(text: str) -> tuple[Problem, ...]:
    texts = {f"{EVENT}/en/{name}": one for name, one in {**SOUND, TEXT: text}.items()}
    source = TextSource(texts, behind=FileSource([FOLDER]))
    return check(event=EVENT, locale="en", source=source, default_locale="en")


@pytest.mark.parametrize("event", EVENTS)
@pytest.mark.parametrize("locale", ["en", "ko"])
def test_nothing_is_reported_on_the_shipped_templates(event: str, locale: str) -> None:
    source = FileSource([FOLDER])

    assert check(event=event, locale=locale, source=source, default_locale="en") == ()


@pytest.mark.parametrize(
    "text",
    [
        "{% if shipment is defined %}{{ shipment.carrier }}{% endif %}",
        "{% if refund is defined %}{{ refund.amount | money(order.currency) }}{% endif %}",
        "{{ coupon | default('') }}",
        "{% set first = order.items | first %}{{ first.name }}",
        (
            "{% set seen = namespace(count=0) %}{% for item in order.items %}"
            "{% set seen.count = seen.count + 1 %}{% endfor %}{{ seen.count }}"
        ),
        "{% for key, value in shop.items() %}{{ key }}{% endfor %}",
        (
            "{% if order.url %}{% set l = order.url %}{% else %}{% set l = shop.url %}{% endif %}"
            "{{ l }}"
        ),
        (
            "{% set to = order.shipping_address or order.billing_address %}{% if to %}{{ to.city }}"
            "{% endif %}"
        ),
        "{% if not order.shipping_address %}{% else %}{{ order.shipping_address.city }}{% endif %}",
        "{{ order.shipping_address.city if order.shipping_address else '' }}",
        "{{ order.shipping_address and order.shipping_address.city }}",
        "{% if order.shipping_address is not none %}{{ order.shipping_address.city }}{% endif %}",
        "{% for item in order.items if item.sku %}{{ loop.index }}/{{ loop.length }}{% endfor %}",
        "{% raw %}{{ ordr.numbr }}{% endraw %}{# {{ ordr }} #}",
        (
            "{% macro row(line, sign='-') %}{{ sign }} {{ line.name }}{% endmacro %}"
            "{% for item in order.items %}{{ row(item) }}{% endfor %}"
        ),
        "{% filter upper %}{{ order.number }}{% endfilter %}",
        "{{ order.placed_at.year }} {{ order.number[0] }} {{ order.items[0].name }}",
        "{{ order.items | map(attribute='name') | join(', ') }}",
        "{{ (order.items | sort(attribute='total') | last).name }}",
    ],
)
def test_a_sound_template_gets_no_problem(text: str) -> None:
    assert found_in(text) == ()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (
            "{% if order.currency == 'XXX' %}{{ order.shipping_address.city }}{% endif %}",
            ProblemCode.MAY_BE_EMPTY,
        ),
        (
            "{% if order.currency == 'XXX' %}{{ shipment.estimated_delivery | date }}{% endif %}",
            ProblemCode.MAY_BE_EMPTY,
        ),
        (
            (
                "{% if order.url %}{% set link = order.url %}{% endif %}"
                "{% if order.currency == 'XXX' %}{{ link }}{% endif %}"
            ),
            ProblemCode.MAY_BE_UNSET,
        ),
    ],
)
def test_what_may_fail_for_some_orders_is_advice(text: str, code: ProblemCode) -> None:
    (problem,) = found_in(text)

    assert (problem.code, problem.severity) == (code, Severity.ADVICE)


def test_what_fails_with_a_sample_blocks_and_names_the_sample() -> None:
    (problem,) = problems({TEXT: "{{ order.shipping_address.city }}"})

    assert problem.code is ProblemCode.SAMPLE_FAILS
    assert "'zero totals'" in problem.message


def test_an_endless_template_is_stopped_within_its_bounds() -> None:
    text = "{% for a in range(9999) %}{% for b in range(9999) %}x{% endfor %}{% endfor %}"

    (problem,) = problems({TEXT: text})

    assert problem.code is ProblemCode.SAMPLE_FAILS
    assert "steps" in problem.message


def test_all_mistakes_of_a_mail_are_reported_at_once() -> None:
    found = problems(
        {TEXT: "{{ ordr }}\n{{ order.numbr }}\n{{ order.total | mony }}\n{{ 2 ** 3 }}"}
    )

    assert [problem.line for problem in found] == [1, 2, 3, 4]


def test_a_problem_reads_as_a_compiler_says_it() -> None:
    (problem,) = problems({TEXT: "Hello\n{{ order.numbr }}"})

    assert str(problem) == (
        "order.shipped/en/body.txt.jinja:2:10: blocking: 'order' has no 'numbr'; "
        "did you mean 'number'? [unknown_attribute]"
    )


def test_a_missing_part_blocks() -> None:
    source = TextSource({f"{EVENT}/fr/subject.txt.jinja": "x", f"{EVENT}/fr/body.txt.jinja": "x"})

    found = check(event=EVENT, locale="fr", source=source, default_locale="fr")

    assert [problem.template for problem in found if problem.blocks] == [
        f"{EVENT}/fr/body.html.jinja"
    ]
