"""A name that is not there: an error that says what was written, and what was meant."""

from collections.abc import Mapping
from difflib import get_close_matches

from jinja2 import StrictUndefined


class NamedUndefined(StrictUndefined):
    """A missing name or attribute; showing, looping over or comparing it raises UndefinedError.

    The name is the path as written in the template ("order.numbr"), and the object the value that
    was searched. The message holds names of the contract, never values.
    """

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return self._undefined_hint
        written = str(self._undefined_name)
        parent, _, name = written.rpartition(".")
        if parent and self._undefined_obj is None:
            return f"'{written}' is undefined: '{parent}' is empty"
        known = self._undefined_obj if isinstance(self._undefined_obj, Mapping) else {}
        close = get_close_matches(name, [key for key in known if isinstance(key, str)], n=1)
        meant = f"; did you mean '{parent}.{close[0]}'?" if parent and close else ""
        return f"'{written}' is undefined{meant}"
