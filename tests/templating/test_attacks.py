"""Known ways out of a template sandbox: none of them leads anywhere, and each says where it was."""

import pytest

from templating.errors import Code
from tests.templating.folders import Templates

CONTEXT = {
    "order": {"number": "SO-1", "items": [{"sku": "TEA"}], "total": "1.00"},
    "name": "Kim",
}

FORBIDDEN = [
    # Attributes of Python's objects.
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ order.__class__ }}",
    "{{ order['__class__'] }}",
    "{{ order.items.__class__.__base__ }}",
    "{{ ().__class__.__bases__[0] }}",
    "{{ nothing.__class__ }}",
    "{{ none.__class__ }}",
    "{{ (1).__class__ }}",
    "{{ range.__globals__ }}",
    "{{ range(3).__class__ }}",
    "{{ self.__init__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self._TemplateReference__context.environment }}",
    "{{ cycler.__init__.__globals__.os }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ dict.__globals__ }}",
    "{{ cycler('a')._items }}",
    "{% for x in [1] %}{{ loop._recurse }}{% endfor %}",
    "{% for x in [1] %}{{ loop.__class__ }}{% endfor %}",
    "{% macro m() %}{% endmacro %}{{ m._func }}",
    "{% macro m() %}{% endmacro %}{{ m.__call__.__globals__ }}",
    "{% macro m() %}{{ caller._environment }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% set ns = namespace() %}{{ ns.__class__ }}",
    "{% set ns = namespace() %}{{ ns['_Namespace__attrs'] }}",
    # The same, by names that are not written out.
    "{% set key = '__cla' ~ 'ss__' %}{{ ''[key] }}",
    "{% set key = '__cla' ~ 'ss__' %}{{ order[key] }}",
    "{% set key = '__init__' | lower %}{{ cycler[key] }}",
    "{{ [order] | map(attribute='__class__') | list | join }}",
    "{{ [order] | map(attribute='items.__class__') | join }}",
    "{{ [''] | map(attribute='__class__.__mro__') | join }}",
    "{{ [order] | selectattr('__class__') | list }}",
    "{{ [order] | rejectattr('__class__') | list }}",
    "{{ [order] | groupby('__class__') }}",
    "{{ [order] | sort(attribute='__class__') }}",
    "{{ [order] | sum(attribute='__class__') }}",
    "{{ [order] | unique(attribute='__class__') | list }}",
    "{{ [order] | min(attribute='__class__') }}",
    "{{ ['x'] | join(attribute='__class__') }}",
    # Format strings.
    "{{ '{0.__class__}'.format(order) }}",
    "{{ '{0.__class__.__mro__}'.format_map({'a': 1}) }}",
    "{% set f = '{0.__class__}'.format %}{{ f(order) }}",
    "{{ ('%s' % order) }}",
    "{{ '%(a)s' % {'a': 1} }}",
    # Filters that reach, execute or unescape.
    "{{ order | attr('__class__') }}",
    "{{ order | attr('items') }}",
    "{{ name | safe }}",
    "{{ {'onclick': name} | xmlattr }}",
    "{{ name | urlize }}",
    "{{ name | striptags }}",
    "{{ order | pprint }}",
    "{{ order.items | random }}",
    "{% autoescape false %}{{ name }}{% endautoescape %}",
    "{% filter safe %}x{% endfilter %}",
    # Methods that change data.
    "{{ order.items.append(1) }}",
    "{{ order.items.clear() }}",
    "{{ order.update({'number': 'x'}) }}",
    "{{ order.pop('number') }}",
    "{{ order.setdefault('a', 1) }}",
    # Methods that nobody listed.
    "{{ name.encode() }}",
    "{{ name.translate({}) }}",
    "{{ name.expandtabs(1000000000) }}",
    "{{ (1).to_bytes(1000000000, 'big') }}",
    "{{ (1.5).hex() }}",
    "{{ 2 ** 2 }}",
    # Files by computed names, of another kind, or their own.
    "{% include name %}",
    "{% include 'a' ~ 'b' %}",
    "{% extends name %}",
    "{% import name as x %}",
    "{% from name import x %}",
    "{% include '_partials/x.html.jinja' %}",
    "{% include 'test.happened/en/body.txt.jinja' %}",
    "{{ {name: 1} }}",
]

MISSING = [
    "{% include '/etc/passwd.txt.jinja' %}",
    "{% include '../../../etc/passwd.txt.jinja' %}",
    "{% include 'file:///etc/passwd.txt.jinja' %}",
    "{% include 'https://example.com/x.txt.jinja' %}",
    "{% include './.env.txt.jinja' %}",
    "{% include ['nope.txt.jinja', 'nor.txt.jinja'] %}",
]

UNDEFINED = [
    "{% set key = '_' ~ '_class__' %}{{ nothing[key] }}",
    "{{ request }}",
    "{{ config }}",
    "{{ settings.SECRET_KEY }}",
    "{{ environment }}",
    "{{ context }}",
    "{{ g }}",
    "{{ url_for }}",
    "{{ get_flashed_messages }}",
    "{{ lipsum }}",
    "{{ open('/etc/passwd') }}",
    "{{ eval('1') }}",
    "{{ now() }}",
    "{{ self.nosuchblock() }}",
    "{{ order.numbr }}",
    "{{ order.items[7] }}",
    "{{ order.items[0].nmae }}",
]

SYNTAX = [
    "{{ 1",
    "{% if x %}",
    "{% endfor %}",
    "{{ name | nosuchfilter }}",
    "{% if name is nosuchtest %}{% endif %}",
    "{% if name %}{{ name | nosuchfilter }}{% endif %}",
    "{% do order.update() %}",
    "{% from '_partials/x.txt.jinja' import __class__ %}",
    "{% trans %}x{% endtrans %}",
    "{% block a %}{% endblock %}{% block a %}{% endblock %}",
]

ERROR = [
    "{{ order }}",
    "{{ order.items }}",
    "{{ order.items ~ '' }}",
    "{{ order | string }}",
    "{{ [order] | join }}",
    "{{ '%r' | format(order) }}",
    "{{ '%s' | format(order) }}",
    "{{ range }}",
    "{{ cycler }}",
    "{{ self }}",
    "{{ [''] | map('attr', '__class__') | join }}",
    "{{ [name] | map('safe') | join }}",
    "{{ name() }}",
    "{{ none.upper() if false else none() }}",
    "{{ 1 / 0 }}",
    "{{ name + 1 }}",
    "{{ name | money('KRW') }}",
    "{{ 1 | money('<b>') }}",
    "{{ name | date }}",
]

TABLE = [
    *((Code.FORBIDDEN, source) for source in FORBIDDEN),
    *((Code.MISSING_TEMPLATE, source) for source in MISSING),
    *((Code.UNDEFINED, source) for source in UNDEFINED),
    *((Code.SYNTAX, source) for source in SYNTAX),
    *((Code.ERROR, source) for source in ERROR),
]


@pytest.mark.parametrize("part", ["text", "html"])
@pytest.mark.parametrize(("code", "source"), TABLE)
def test_an_attack_is_refused_at_its_line(
    templates: Templates, code: Code, source: str, part: str
) -> None:
    if part == "html":
        source = source.replace(".txt.jinja", ".HTML").replace(".html.jinja", ".txt.jinja")
        source = source.replace(".HTML", ".html.jinja")

    error = templates.failure(f"\n{source}", CONTEXT, part=part)

    assert error.code is code, error
    assert error.template.endswith(".jinja")
    assert error.line == 2, error
    assert "object at 0x" not in error.message
    assert "Kim" not in error.message


def test_jinjas_own_marks_in_data_stay_text(templates: Templates) -> None:
    context = {"name": "{{ 7 * 7 }}{% include 'x' %}{# no #}"}

    assert templates.text("{{ name }}", context) == context["name"]


def test_a_template_cannot_change_the_context_of_the_next_part(templates: Templates) -> None:
    templates.write_mail(
        subject="{% set name = 'Lee' %}{{ name }}", html="{{ name }}", text="{{ name }}"
    )

    rendered = templates.render({"name": "Kim"})

    assert rendered.subject == "Lee"
    assert rendered.text == "Kim\n"
