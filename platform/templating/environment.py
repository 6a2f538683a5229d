"""The environment in which all templates are compiled and run.

Jinja's immutable sandbox with three changes: what can be reached is listed (`attributes`), what is
done is paid for (`budget`, `compiler`, `operators`), and a mapping's keys come before its methods,
so that `order.items` is the items.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import BaseLoader, nodes
from jinja2.runtime import Context, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from templating import attributes, budget, grammar, operators, printing
from templating.compiler import CountingCodeGenerator
from templating.conditions import TESTS
from templating.errors import BoundsExceeded
from templating.filters import FILTERS
from templating.functions import GLOBALS
from templating.undefined import NamedUndefined

LARGEST_SOURCE = 256 * 1024


class TemplateEnvironment(ImmutableSandboxedEnvironment):
    """Compiles and runs templates within bounds.

    Rendering needs an open budget (`budget.opened()`): without one compiled code raises
    LookupError.
    """

    code_generator_class = CountingCodeGenerator
    intercepted_binops = frozenset(operators.BINARY)

    # Called by compiled code, which knows only the environment.
    concat = staticmethod(printing.concat)
    joined_markup = staticmethod(printing.joined_markup)
    joined_text = staticmethod(printing.joined_text)
    shown_in_html = staticmethod(printing.shown_in_html)
    shown_in_text = staticmethod(printing.shown_in_text)
    tick = staticmethod(budget.tick)
    weighed = staticmethod(budget.weighed)

    def __init__(self, *, loader: BaseLoader) -> None:
        super().__init__(
            loader=loader,
            autoescape=_escapes,
            undefined=NamedUndefined,
            finalize=printing.text_of,
            optimized=False,  # the optimiser computes constants while compiling, outside any budget
            auto_reload=False,  # a source never changes: other content is another environment
            cache_size=-1,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.filters = dict(FILTERS)
        self.tests = dict(TESTS)
        self.globals = dict(GLOBALS)
        self.binop_table = dict(operators.BINARY)

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        if len(source) > LARGEST_SOURCE:
            raise BoundsExceeded(f"a template may have at most {LARGEST_SOURCE:,} characters")
        tree = super()._parse(source, name, filename)
        self.review(tree, name or "")
        return tree

    def review(self, tree: nodes.Template, name: str) -> None:
        """Refuse what templates may not use. Raises TemplateAssertionError."""
        grammar.check(tree, name=name)

    def getattr(self, obj: Any, attribute: str, written: str | None = None) -> Any:
        """Return an entry or an allowed attribute; `written` is the path that errors name."""
        if type(obj) is dict or isinstance(obj, Mapping):  # the first is much faster
            try:
                return obj[attribute]
            except LookupError:
                pass
        elif isinstance(obj, Undefined) and not attribute.startswith("_"):
            return getattr(obj, attribute)  # raises what is undefined
        value = attributes.read(obj, attribute)
        if value is attributes.MISSING:
            return self.undefined(obj=obj, name=written or attribute)
        return value

    def getitem(self, obj: Any, argument: Any, written: str | None = None) -> Any:
        """Return an item, or an allowed attribute where there is none of this name."""
        if not isinstance(argument, str | int):
            budget.current().weigh(argument)
        if isinstance(obj, Mapping | str | list | tuple | Undefined):
            try:
                return obj[argument]  # a wrong index is undefined
            except (TypeError, LookupError):
                pass
        if isinstance(argument, str):
            return self.getattr(obj, str(argument), written)
        return self.undefined(obj=obj, name=written or "an item")

    def sliced(self, obj: Any, start: Any, stop: Any, step: Any) -> Any:
        """Return part of a text or list."""
        if not isinstance(obj, str | list | tuple | Undefined):
            raise TypeError(f"cannot take a slice of a {type(obj).__name__}")
        result = obj[start:stop:step]
        budget.charge(len(result))
        return result

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Say whether templates can reach an attribute, for what asks without reading it."""
        return not attr.startswith("_") and attributes.read(obj, attr) is not attributes.MISSING

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: N805 - keywords may have any name
        """Call a macro, block, function or method, one level deeper and at a price."""
        if not callable(__obj):
            raise TypeError(f"a {type(__obj).__name__} cannot be called")
        running = budget.current()
        running.tick(1)
        running.enter()
        result = __context.call(__obj, *args, **kwargs)
        running.leave()  # after an error nothing goes on
        if isinstance(result, str | list):
            running.charge(len(result))
        return result

    def ticked(self, steps: int) -> bool:
        """Take steps inside of an expression; always true."""
        budget.tick(steps)
        return True


def _escapes(name: str | None) -> bool:
    """Say whether a template's values are escaped: always, unless its name says it is text."""
    return name is None or not name.endswith(".txt.jinja")
