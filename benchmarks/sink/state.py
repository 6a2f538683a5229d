"""What harness and sink tell each other, in a file that both map: watching costs the sink nothing.

Header words, then the time (CLOCK_MONOTONIC, ns) of the first arrival of each numbered mail. The
same layout stands in `sink.c`.
"""

import mmap
from array import array
from enum import IntEnum
from pathlib import Path

WORD = 8
HEADER_WORDS = 128


class Word(IntEnum):
    """The header's words."""

    READY = 0
    SMTP_PORT = 1
    HTTP_PORT = 2
    LATENCY = 3
    ACCEPTED = 4
    DISTINCT = 5
    DOUBLED = 6
    BYTES = 7
    OPENED = 8
    UNNUMBERED = 9
    REQUESTS = 10
    CAPACITY = 11


COUNTERS = range(Word.ACCEPTED, Word.CAPACITY)


class State:
    """The mapped file, as unsigned 64-bit words."""

    def __init__(self, path: Path, *, capacity: int | None = None) -> None:
        """Open the file; make it, with room for `capacity` mails, if that is given."""
        if capacity is not None:
            path.write_bytes(b"\0" * WORD * (HEADER_WORDS + capacity))
        with path.open("r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self.words = memoryview(self._map).cast("Q")

    def __getitem__(self, word: Word) -> int:
        return self.words[word]

    def __setitem__(self, word: Word, value: int) -> None:
        self.words[word] = value

    def arrivals(self, count: int) -> "array[int]":
        """Return the times of the mails 0 to count - 1, in ns; 0 for one that has not arrived."""
        return array("Q", self.words[HEADER_WORDS : HEADER_WORDS + count])

    def forget(self, count: int) -> None:
        """Forget the arrivals of the first `count` mails, and every counter."""
        for word in COUNTERS:
            self.words[word] = 0
        start = HEADER_WORDS * WORD
        self._map[start : start + count * WORD] = b"\0" * (count * WORD)

    def close(self) -> None:
        """Let go of the file."""
        self.words.release()
        self._map.close()
