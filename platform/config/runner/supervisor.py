"""Starts programs, passes their lines on, starts again what dies or hangs, stops everything."""

import selectors
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

from config.runner.console import Console
from config.runner.guardian import Guardian
from config.runner.process import Process, Program, describe_status
from config.runner.watch import HeartbeatWatch

LOOK_EVERY = 0.25  # seconds; processes that end wake us at once, through SIGCHLD
FIRST_PAUSE = timedelta(milliseconds=500)
LONGEST_PAUSE = timedelta(seconds=30)
RAN_WELL_AFTER = timedelta(seconds=60)
"""The ends of a program that ran for so long are counted afresh."""

TWICE_IS_ONCE_WITHIN = 1.0  # seconds

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(BaseException):
    """Somebody asked to stop: a signal came, or nobody reads our lines any more.

    Like KeyboardInterrupt it is no Exception, so that no retry or fallback on the way swallows it.
    """


class Post:
    """One program's place in the stack: the process that holds it, and its history."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.process: Process | None = None
        self.watch: HeartbeatWatch | None = None
        self.started_at = 0.0
        self.start_again_at = 0.0
        self.failures = 0

    def note_end(self) -> timedelta:
        """Count an end that nobody asked for; return how long to wait before the next start."""
        if time.monotonic() - self.started_at > RAN_WELL_AFTER.total_seconds():
            self.failures = 0
        self.failures += 1
        doubled = FIRST_PAUSE * (1 << min(self.failures - 1, 10))
        return min(doubled, LONGEST_PAUSE)


class Supervisor:
    """Single-threaded: all that happens, happens in `attend()`."""

    def __init__(self, *, console: Console, guardian: Guardian) -> None:
        self._console = console
        self._guardian = guardian
        self._posts: dict[str, Post] = {}
        self._selector = selectors.DefaultSelector()
        self._stop_signal: signal.Signals | None = None
        self._stopping_since: float | None = None
        self._in_a_hurry = False

    @contextmanager
    def receiving_signals(self) -> Iterator[None]:
        """Take the stop signals, and be woken by processes that end, until the block is left."""
        reader, writer = socket.socketpair()
        reader.settimeout(0)
        writer.settimeout(0)
        self._selector.register(reader, selectors.EVENT_READ, lambda: reader.recv(4096))
        kept = {number: signal.getsignal(number) for number in (*STOP_SIGNALS, signal.SIGCHLD)}
        kept_fd = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        for number in STOP_SIGNALS:
            signal.signal(number, self._note_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # with a handler it wakes us
        try:
            yield
        finally:
            signal.set_wakeup_fd(kept_fd)
            for number, handler in kept.items():
                signal.signal(number, handler)
            self._selector.unregister(reader)
            reader.close()
            writer.close()

    def _note_stop(self, number: int, frame: object) -> None:
        self._stop_signal = signal.Signals(number)
        stopping_since = self._stopping_since
        # One stop may reach us twice at once: from the terminal, and through make.
        if stopping_since is not None and time.monotonic() - stopping_since > TWICE_IS_ONCE_WITHIN:
            self._in_a_hurry = number == signal.SIGINT

    def start(self, program: Program) -> None:
        """Start a program, and from now on keep it running."""
        post = self._posts.setdefault(program.name, Post(program))
        self._start(post)

    def attend(self, seconds: float) -> None:
        """Do the supervisor's work for so long.

        Raises:
            StopRequested: as soon as somebody asks to stop.
        """
        deadline = time.monotonic() + seconds
        while True:
            self._raise_if_asked_to_stop()
            left = deadline - time.monotonic()
            if left <= 0:
                return
            self._pass_lines_on(timeout=min(left, LOOK_EVERY))
            for post in self._posts.values():
                self._look_after(post)

    def attend_until(self, condition: Callable[[], bool], *, timeout: timedelta) -> bool:
        """Do the supervisor's work until `condition()` holds; return whether it came to hold."""
        deadline = time.monotonic() + timeout.total_seconds()
        while not condition():
            if time.monotonic() > deadline:
                return False
            self.attend(0.1)
        return True

    def has_beaten(self, name: str) -> bool:
        """Say whether a program's present process has shown a sign of life."""
        watch = self._posts[name].watch
        return watch is not None and watch.has_beaten

    def failures(self, name: str) -> int:
        """Return how often in a row a program ended soon after its start."""
        return self._posts[name].failures

    def stop_all(self) -> None:
        """Stop every process: first those that are served, then those that serve them."""
        self._stopping_since = time.monotonic()
        posts = [post for post in self._posts.values() if post.process]
        self._stop([post for post in posts if not post.program.serves_others])
        self._stop([post for post in posts if post.program.serves_others])

    def _raise_if_asked_to_stop(self) -> None:
        if self._stop_signal is not None:
            raise StopRequested(self._stop_signal.name)
        if self._console.is_gone:
            raise StopRequested("nobody reads the output any more")

    def _start(self, post: Post) -> None:
        process = Process(post.program)
        self._guardian.watch(process.pid)
        post.process, post.started_at = process, time.monotonic()
        beats = post.program.heartbeat
        post.watch = HeartbeatWatch(beats) if beats else None
        self._selector.register(process.output, selectors.EVENT_READ, lambda: self._relay(process))

    def _pass_lines_on(self, *, timeout: float) -> None:
        for key, _ in self._selector.select(timeout):
            key.data()

    def _relay(self, process: Process) -> None:
        for line in process.lines():
            self._console.write(process.program.name, line)
        if process.is_silent:
            # A pipe that has come to its end is readable for ever.
            self._selector.unregister(process.output)

    def _look_after(self, post: Post) -> None:
        process = post.process
        if process is None:
            if time.monotonic() >= post.start_again_at:
                self._start(post)
        elif process.has_ended():
            pause = post.note_end()
            how = describe_status(self._bury(post, process))
            self._announce_restart(post, how, pause=pause)
        elif post.watch and post.watch.is_stale():
            # Asking a process that hangs to end would be waiting for it.
            process.kill()
            self._bury(post, process)
            self._announce_restart(post, "hung and was ended", pause=timedelta(0))

    def _announce_restart(self, post: Post, how: str, *, pause: timedelta) -> None:
        post.start_again_at = time.monotonic() + pause.total_seconds()
        when = f"in {pause.total_seconds():g} s" if pause else "now"
        self._console.say(f"{post.program.name} {how}; it is started again {when}.")

    def _bury(self, post: Post, process: Process) -> int:
        """Reap the post's process, with its group, and return its status."""
        status = process.reap()
        self._guardian.forget(process.pid)
        if process.output in self._selector.get_map():
            self._selector.unregister(process.output)
        for line in process.last_words():
            self._console.write(post.program.name, line)
        post.process = None
        return status

    def _stop(self, posts: list[Post]) -> None:
        for post in posts:
            if post.process:
                post.process.ask_to_end()
        begun = time.monotonic()
        told = False
        while running := [(post, post.process) for post in posts if post.process]:
            self._pass_lines_on(timeout=0.05)
            waited = timedelta(seconds=time.monotonic() - begun)
            for post, process in running:
                if waited > post.program.grace or self._in_a_hurry:
                    process.kill()
                if process.has_ended():
                    self._bury(post, process)
            if not told and waited > timedelta(seconds=2):
                told = True
                names = ", ".join(post.program.name for post in posts if post.process)
                if names:
                    self._console.say(f"waiting for {names} to finish (Ctrl-C ends them at once)")
