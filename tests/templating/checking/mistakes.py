"""Seeded mistakes: each template holds exactly one, marked by guillemets at its first character.

The mark is taken out before the template is checked; where it stood is the line and column at which
the checker must report the mistake.
"""

from dataclasses import dataclass

from templating.checking.problems import ProblemCode as Code

MARK = "»"
HTML, TEXT, SUBJECT = "body.html.jinja", "body.txt.jinja", "subject.txt.jinja"


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A template with a mistake, and what must be said about it.

    `template` is the file that holds the mistake; `files` are others of the same mail.
    """

    about: str
    text: str
    code: Code
    suggestion: str | None = None
    template: str = TEXT
    body: str | None = None  # the text template, where the mistake is in a file that it uses

    def __str__(self) -> str:
        return self.about


MISTAKES = (
    # --- names
    Mistake(
        about="a name with a typo",
        text="Hello\n{{ »custmer.name }}",
        code=Code.UNKNOWN_NAME,
        suggestion="customer",
    ),
    Mistake(
        about="a name with the wrong case",
        text="{{ »Order.number }}",
        code=Code.UNKNOWN_NAME,
        suggestion="order",
    ),
    Mistake(
        about="a field without what it belongs to",
        text="{{ »tracking_number }}",
        code=Code.UNKNOWN_NAME,
        suggestion="shipment.tracking_number",
    ),
    Mistake(
        about="a name in the subject",
        template=SUBJECT,
        text="Order {{ »ordr.number }}",
        code=Code.UNKNOWN_NAME,
        suggestion="order",
    ),
    Mistake(
        about="a name in an attribute of the HTML",
        template=HTML,
        text='<p>\n<a href="{{ »shpment.tracking_url }}">Track</a></p>',
        code=Code.UNKNOWN_NAME,
        suggestion="shipment",
    ),
    Mistake(
        about="a name in an else branch that no sample takes",
        text="{% if order.number %}ok{% else %}{{ »ordr.total }}{% endif %}",
        code=Code.UNKNOWN_NAME,
        suggestion="order",
    ),
    Mistake(
        about="a name in an elif's condition",
        text="{% if order.url %}a\n{% elif »shipmnt.carrier %}b{% endif %}",
        code=Code.UNKNOWN_NAME,
        suggestion="shipment",
    ),
    Mistake(
        about="a name in the else of a loop",
        text="{% for item in order.items %}x{% else %}{{ »custommer.name }}{% endfor %}",
        code=Code.UNKNOWN_NAME,
        suggestion="customer",
    ),
    Mistake(
        about="a name in an inline if",
        text="{{ order.number if order.url else »oder.number }}",
        code=Code.UNKNOWN_NAME,
        suggestion="order",
    ),
    Mistake(
        about="a loop's variable after the loop",
        text="{% for item in order.items %}{% endfor %}\n{{ »item.name }}",
        code=Code.UNKNOWN_NAME,
    ),
    Mistake(
        about="the name of another event's part",
        text="{{ »refund.amount }}",
        code=Code.UNKNOWN_NAME,
    ),
    Mistake(
        about="a name set inside a loop and used after it",
        text="{% for item in order.items %}{% set last = item %}{% endfor %}{{ »last.name }}",
        code=Code.UNKNOWN_NAME,
    ),
    Mistake(
        about="an argument of a filter",
        text="{{ order.total | money(»ordr.currency) }}",
        code=Code.UNKNOWN_NAME,
        suggestion="order",
    ),
    Mistake(
        about="the second of two like words in a line",
        text="{{ order.number }} and {{ order.»numbr }}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="number",
    ),
    # --- attributes
    Mistake(
        about="an attribute with a typo",
        text="{{ order.»numbr }}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="number",
    ),
    Mistake(
        about="a subscript with a typo",
        text="{{ order[»'numbr'] }}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="number",
    ),
    Mistake(
        about="a loop variable's attribute",
        text="{% for item in order.items %}\n{{ item.»nmae }}\n{% endfor %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="name",
    ),
    Mistake(
        about="a typo in a nested loop",
        text=(
            "{% for pair in order.items | batch(2) %}\n"
            "{% for item in pair %}\n{{ item.»quantty }}{% endfor %}{% endfor %}"
        ),
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="quantity",
    ),
    Mistake(
        about="an attribute in a branch that no sample takes",
        text='{% if order.currency == "XXX" %}{{ shipment.»carier }}{% endif %}',
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="carrier",
    ),
    Mistake(
        about="an attribute of an optional part",
        text="{% if order.shipping_address %}{{ order.shipping_address.»zip_code }}{% endif %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="postal_code",
    ),
    Mistake(
        about="an attribute of a text",
        text="{{ order.number.»uper() }}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="upper",
    ),
    Mistake(
        about="an attribute of a list",
        text="{{ order.items.»name }}",
        code=Code.UNKNOWN_ATTRIBUTE,
    ),
    Mistake(
        about="an attribute of the loop itself",
        text="{% for item in order.items %}{{ loop.»indx }}{% endfor %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="index",
    ),
    Mistake(
        about="a word that the locale does not have",
        text="{{ t.»totl }}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="total",
    ),
    Mistake(
        about="an attribute in a loop's filter",
        text="{% for item in order.items if item.»quantiy > 1 %}x{% endfor %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="quantity",
    ),
    Mistake(
        about="an attribute named to a filter",
        text='{{ order.items | map(attribute=»"nmae") | join(", ") }}',
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="name",
    ),
    Mistake(
        about="an attribute named to sum",
        text='{{ order.items | sum(»"totl") }}',
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="total",
    ),
    Mistake(
        about="an attribute of the items of a group",
        text=(
            '{% for sku, group in order.items | groupby("sku") %}'
            "{% for one in group %}{{ one.»pric }}{% endfor %}{% endfor %}"
        ),
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="unit_price",
    ),
    Mistake(
        about="an attribute of the first item",
        text="{{ (order.items | first).»titel }}",
        code=Code.UNKNOWN_ATTRIBUTE,
    ),
    Mistake(
        about="an attribute inside of a test",
        text="{% if order.»totall is number %}x{% endif %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="total",
    ),
    # --- names that hide others
    Mistake(
        about="a contract's name shadowed by set",
        text="{% set order = customer %}\n{{ order.»number }}",
        code=Code.UNKNOWN_ATTRIBUTE,
    ),
    Mistake(
        about="an alias made by set",
        text="{% set to = order.shipping_address %}{% if to %}{{ to.»citty }}{% endif %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="city",
    ),
    Mistake(
        about="an alias made by with",
        text="{% with parcel = shipment %}\n{{ parcel.»carier }}{% endwith %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="carrier",
    ),
    Mistake(
        about="a loop's variable that hides a name",
        text="{% for order in order.items %}{{ order.»number }}{% endfor %}",
        code=Code.UNKNOWN_ATTRIBUTE,
    ),
    # --- macros, blocks and other files
    Mistake(
        about="a macro's argument, by what it is called with",
        text="{% macro row(line) %}{{ line.»nmae }}{% endmacro %}\n"
        "{% for item in order.items %}{{ row(item) }}{% endfor %}",
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="name",
    ),
    Mistake(
        about="a name in a macro that nothing calls",
        text="{% macro unused(x) %}\n{{ »ordr.number }}{% endmacro %}",
        code=Code.UNKNOWN_NAME,
        suggestion="order",
    ),
    Mistake(
        about="a macro's name",
        text="{% macro row(line) %}{{ line }}{% endmacro %}{{ »rwo(order.number) }}",
        code=Code.UNKNOWN_NAME,
        suggestion="row",
    ),
    Mistake(
        about="a macro without its argument",
        text="{% macro row(line) %}{{ line }}{% endmacro %}{{ »row() }}",
        code=Code.WRONG_ARGUMENTS,
    ),
    Mistake(
        about="a macro with an argument that it does not take",
        text="{% macro row(line) %}{{ line }}{% endmacro %}{{ »row(order.number, colour=1) }}",
        code=Code.WRONG_ARGUMENTS,
    ),
    Mistake(
        about="a name that an imported file does not have",
        text='{% from "_partials/facts.txt.jinja" import »fcat with context %}{{ fcat("a", "b") }}',
        code=Code.UNKNOWN_NAME,
        suggestion="fact",
    ),
    Mistake(
        about="a name of an import by another name",
        text='{% import "_partials/facts.txt.jinja" as facts %}{{ facts.»fct("a", "b") }}',
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="fact",
    ),
    Mistake(
        about="a mistake in a partial, by what it is called with",
        template="_partials/thanks.txt.jinja",
        text="{% macro thanks(who) %}\nThanks, {{ who.»nam }}{% endmacro %}",
        body='{% from "_partials/thanks.txt.jinja" import thanks %}{{ thanks(customer) }}',
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="name",
    ),
    Mistake(
        about="a mistake in an included file that sees a loop's variable",
        template="_partials/line.txt.jinja",
        text="{{ item.»nmae }}",
        body='{% for item in order.items %}{% include "_partials/line.txt.jinja" %}{% endfor %}',
        code=Code.UNKNOWN_ATTRIBUTE,
        suggestion="name",
    ),
    Mistake(
        about="an include of a file that is not there",
        text='\n{% include »"_partials/fcats.txt.jinja" %}',
        code=Code.UNKNOWN_TEMPLATE,
        suggestion="_partials/facts.txt.jinja",
    ),
    Mistake(
        about="a layout that is not there",
        text='{% extends »"_layouts/order.shiped.txt.jinja" %}',
        code=Code.UNKNOWN_TEMPLATE,
        suggestion="_layouts/order.shipped.txt.jinja",
    ),
    Mistake(
        about="a block that the layout does not have",
        text='{% extends "_layouts/order.shipped.txt.jinja" %}\n{% block »intor %}Hi{% endblock %}',
        code=Code.UNKNOWN_BLOCK,
        suggestion="intro",
    ),
    Mistake(
        about="a name inside of a block",
        text='{% extends "_layouts/order.shipped.txt.jinja" %}\n'
        "{% block intro %}{{ »shipmet.carrier }}{% endblock %}",
        code=Code.UNKNOWN_NAME,
        suggestion="shipment",
    ),
    Mistake(
        about="a name inside of a call block",
        template=HTML,
        text='{% from "_partials/facts.html.jinja" import facts, fact %}\n'
        "{% call facts(t.shipment) %}{{ fact(t.carrier, »shipmet.carrier) }}{% endcall %}",
        code=Code.UNKNOWN_NAME,
        suggestion="shipment",
    ),
    # --- filters and tests
    Mistake(
        about="a filter with a typo",
        text="{{ order.total | »mony(order.currency) }}",
        code=Code.UNKNOWN_FILTER,
        suggestion="money",
    ),
    Mistake(
        about="a filter with a typo in a branch",
        text='{% if order.currency == "XXX" %}{{ order.number | »uper }}{% endif %}',
        code=Code.UNKNOWN_FILTER,
        suggestion="upper",
    ),
    Mistake(
        about="a filter block's filter",
        text="{% filter »uppr %}x{% endfilter %}",
        code=Code.UNKNOWN_FILTER,
        suggestion="upper",
    ),
    Mistake(
        about="a test with a typo",
        text="{% if order.url is »defind %}x{% endif %}",
        code=Code.UNKNOWN_TEST,
        suggestion="defined",
    ),
    Mistake(
        about="a filter without its argument",
        text="{{ order.total | »money }}",
        code=Code.WRONG_ARGUMENTS,
    ),
    Mistake(
        about="a filter on what it cannot format",
        text='{% if order.currency == "XXX" %}{{ order.placed_at | »money("USD") }}{% endif %}',
        code=Code.WRONG_TYPE,
    ),
    Mistake(
        about="a date filter on an amount",
        text='{% if order.currency == "XXX" %}{{ order.total | »date }}{% endif %}',
        code=Code.WRONG_TYPE,
    ),
    Mistake(
        about="a group of values shown as text",
        text='{% if order.currency == "XXX" %}{{ »customer }}{% endif %}',
        code=Code.WRONG_TYPE,
    ),
    Mistake(
        about="a loop over a number",
        text='{% if order.currency == "XXX" %}{% for x in order.»total %}{% endfor %}{% endif %}',
        code=Code.WRONG_TYPE,
    ),
    # --- forbidden
    Mistake(
        about="Python's internals",
        text="{{ order.»__class__ }}",
        code=Code.FORBIDDEN,
    ),
    Mistake(
        about="a filter that makes markup of data",
        template=HTML,
        text="<p>{{ customer.name | »safe }}</p>",
        code=Code.FORBIDDEN,
    ),
)

# Jinja says at which line it stops, and no column.
SYNTAX_ERRORS = (
    ("a block that is not closed", "a\n{% block intro %}b\n", 2),
    ("an if that is not closed", "a\n{% if order.url %}\nb", 2),
    ("a for that is ended by endif", "{% for item in order.items %}\n{% endif %}", 2),
    ("an expression that is not closed", "a\nb {{ order.number }", 2),
    ("an expression without an operator", "{{ order number }}", 1),
    ("an unknown tag", "a\n\n{% foreach item %}", 3),
    ("an empty expression", "a\n{{ }}", 2),
    ("an include that computes its name", "{% include order.number %}", 1),
    ("a power", "a\n{{ 2 ** 3 }}", 2),
)
