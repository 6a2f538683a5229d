"""How much a round may send, and by whom: its permits, one after the other."""

from threading import Lock

from providers import routing


class Allowance:
    """The permits of one round; a round that takes on more mail adds one for it."""

    def __init__(self, permit: routing.Permit) -> None:
        self._permits = [permit]
        self._sent = 0
        self._lock = Lock()

    def add(self, permit: routing.Permit) -> None:
        """Take one more permit, to be used after the others."""
        with self._lock:
            self._permits.append(permit)

    def chain(self) -> tuple[str, ...]:
        """Return who may take the next mail now; nobody, if breakers have opened meanwhile."""
        with self._lock:
            permit, position = self._next()
            self._sent += 1
        found = routing.chain(permit, position=position)
        if not found:
            with self._lock:
                self._sent -= 1
        return found

    def give_back(self) -> None:
        """Give back what was not used."""
        unused = sum(permit.granted for permit in self._permits) - self._sent
        for permit in reversed(self._permits):
            routing.give_back(permit, unused=unused)
            unused = max(unused - permit.granted, 0)

    def _next(self) -> tuple[routing.Permit, int]:
        first, *further = self._permits
        if self._sent < first.granted or not further:
            return first, self._sent
        position = self._sent - first.granted
        for permit in further[:-1]:
            if position < permit.granted:
                break
            position -= permit.granted
        else:
            permit = further[-1]
        # Never 0, for which no breaker is asked: others' mails have gone out since it was given.
        return permit, position + 1
