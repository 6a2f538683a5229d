"""Which names a template can see at a place, and what is known of them there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from templating.checking.shapes import Shape, certain, joined


@dataclass(frozen=True)
class Binding:
    """A name: its shape, whether it is set on every way here, and what follows if it is true."""

    shape: Shape
    always: bool = True
    implies: frozenset[str] = frozenset()


@dataclass
class Scope:
    """The names of one template, macro, block or loop body, within those around it.

    `present` holds the paths ("order.shipping_address") that are known here not to be empty.
    """

    parent: "Scope | None" = None
    names: dict[str, Binding] = field(default_factory=dict)
    present: set[str] = field(default_factory=set)

    def bind(self, name: str, shape: Shape, *, implies: frozenset[str] = frozenset()) -> None:
        """Set a name."""
        self.names[name] = Binding(shape, implies=implies)
        self.present = {path for path in self.present if _root(path) != name}

    def find(self, name: str) -> Binding | None:
        """Return what a name is bound to here, or None."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.names:
                return scope.names[name]
            scope = scope.parent
        return None

    def narrowed(self, path: str | None, shape: Shape) -> Shape:
        """Return the shape of the value at a path, by what is known of it here."""
        return certain(shape) if path is not None and self.knows_present(path) else shape

    def knows_present(self, path: str) -> bool:
        """Whether the value at a path is certainly not empty here."""
        scope: Scope | None = self
        while scope is not None:
            if path in scope.present:
                return True
            if _root(path) in scope.names:
                return False
            scope = scope.parent
        return False

    def visible(self) -> Iterator[str]:
        """Yield all names that can be used here, the nearest first."""
        scope: Scope | None = self
        while scope is not None:
            yield from scope.names
            scope = scope.parent

    def assuming(self, paths: Iterable[str]) -> "Scope":
        """Return a copy of this scope in which these paths are not empty."""
        known = {prefix for path in paths for prefix in _prefixes(path)}
        return Scope(self.parent, dict(self.names), self.present | known)

    def merge(self, branches: Iterable["Scope"]) -> None:
        """Take over what branches set, of which one was taken."""
        ways = list(branches)
        changed = {
            name
            for way in ways
            for name in way.names
            if way.names[name] is not self.names.get(name)
        }
        for name in changed:
            self.present = {path for path in self.present if _root(path) != name}
            self.names[name] = self._merged([way.names.get(name) for way in ways], name)

    def _merged(self, found: list[Binding | None], name: str) -> Binding:
        # A branch that does not set a name leaves what the scopes around it say.
        outer = self.parent.find(name) if self.parent else None
        bindings = [binding or outer for binding in found]
        present = [binding for binding in bindings if binding is not None]
        shape = present[0].shape
        for binding in present[1:]:
            shape = joined(shape, binding.shape)
        always = len(present) == len(bindings) and all(one.always for one in present)
        return Binding(shape, always=always)


def _root(path: str) -> str:
    return path.partition(".")[0].partition("[")[0]


def _prefixes(path: str) -> Iterator[str]:
    parts = path.split(".")
    for length in range(1, len(parts) + 1):
        yield ".".join(parts[:length])
