"""What the person at the terminal sees: each line after the name of the program that wrote it."""

import os
import sys

# Distinct on dark and on light grounds; the supervisor's own lines are bold.
COLOURS = ("36", "32", "33", "35", "34", "31")
OWN = "postroom"
NAME_WIDTH = 14


class Console:
    """Writes whole lines to standard output; remembers when nobody reads it any more."""

    def __init__(self) -> None:
        self.is_gone = False
        self._coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        self._prefixes: dict[str, bytes] = {OWN: self._paint(f"{OWN:<{NAME_WIDTH}} |", "1")}

    @property
    def is_coloured(self) -> bool:
        """Whether programs may colour their lines, too."""
        return self._coloured

    def say(self, text: str) -> None:
        """Write the supervisor's own words."""
        for line in text.splitlines() or [""]:
            self.write(OWN, line.encode())

    def show(self, text: str) -> None:
        """Write a block as it stands, so that a person can copy from it."""
        self._put(f"\n{text.strip()}\n\n".encode())

    def write(self, name: str, line: bytes) -> None:
        """Write one line of a program's output, without its line end."""
        self._put(self._prefix(name) + b" " + line + b"\n")

    def _prefix(self, name: str) -> bytes:
        if name not in self._prefixes:
            colour = COLOURS[(len(self._prefixes) - 1) % len(COLOURS)]
            self._prefixes[name] = self._paint(f"{name:<{NAME_WIDTH}} |", colour)
        return self._prefixes[name]

    def _paint(self, text: str, colour: str) -> bytes:
        return (f"\x1b[{colour}m{text}\x1b[0m" if self._coloured else text).encode()

    def _put(self, data: bytes) -> None:
        if self.is_gone:
            return
        try:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        except OSError:  # the pipe is closed, or the terminal is gone
            self.is_gone = True
            # What is still buffered must not fail again when the interpreter ends.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
