"""Replies are read as they come, in whatever pieces, and never for longer than the deadline."""

import smtplib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.transports.smtp_session import (
    Progress,
    Step,
    WatchedSMTP,
    as_data,
    limit_waiting,
)

Connected = Callable[..., tuple[WatchedSMTP, socket.socket]]


@pytest.fixture
def connected() -> Iterator[Connected]:
    """Return a function that gives a session, and the server's end of it."""
    ends: list[socket.socket] = []

    def connect(*, timeout: timedelta = timedelta(seconds=5)) -> tuple[WatchedSMTP, socket.socket]:
        ours, theirs = socket.socketpair()
        ends.extend([ours, theirs])
        progress = Progress(timeout=timeout)
        progress.begin()
        session = WatchedSMTP("", 0, progress=progress)
        session.sock = ours
        return session, theirs

    yield connect
    for end in ends:
        end.close()


def say(server: socket.socket, *said: bytes) -> bool:
    """Send it all, and tell whether it was still wanted: a session that gives up hangs up."""
    try:
        for piece in said:
            server.sendall(piece)
    except OSError:  # hung up, or closed by the test meanwhile
        return False
    return True


REPLIES = b"250-first\r\n250 second\r\n354 go on\n250 2.0.0 Ok: queued as 4F2\r\n"
READ = [(250, b"first\nsecond"), (354, b"go on"), (250, b"2.0.0 Ok: queued as 4F2")]


@pytest.mark.parametrize("size", [1, 3, 7, len(REPLIES)])
def test_replies_are_the_same_in_pieces_of_any_size(connected: Connected, size: int) -> None:
    session, server = connected()
    pieces = [REPLIES[start : start + size] for start in range(0, len(REPLIES), size)]
    sending = threading.Thread(target=say, args=[server, *pieces])
    sending.start()
    assert [session.getreply() for _ in READ] == READ
    sending.join()


@pytest.mark.parametrize("said", [b"", b"250"])
def test_a_server_that_closes_says_so(connected: Connected, said: bytes) -> None:
    session, server = connected()
    server.sendall(said)
    server.close()
    if said:
        assert session.getreply() == (250, b"")
    with pytest.raises(smtplib.SMTPServerDisconnected):
        session.getreply()


def test_a_line_without_an_end_is_not_read_for_ever(connected: Connected) -> None:
    session, server = connected()
    sending = threading.Thread(target=say, args=[server, b"2" * 100_000])
    sending.start()
    with pytest.raises(smtplib.SMTPResponseException, match="Line too long"):
        session.getreply()
    server.close()
    sending.join(5)


def test_a_server_that_goes_on_and_on_is_not_listened_to_for_ever(connected: Connected) -> None:
    session, server = connected(timeout=timedelta(seconds=0.3))

    talking = threading.Thread(target=say, args=[server, b"250-and\r\n" * 3_000_000])
    talking.start()
    started = time.monotonic()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        session.getreply()
    assert time.monotonic() - started < 2
    server.shutdown(socket.SHUT_RDWR)
    talking.join()


def test_what_came_in_time_is_read_by_a_process_that_comes_late(connected: Connected) -> None:
    session, server = connected(timeout=timedelta(0))
    server.sendall(b"250 taken\r\n")
    assert session.getreply() == (250, b"taken")


def test_a_server_that_drips_has_one_deadline_for_all_its_words(connected: Connected) -> None:
    session, server = connected(timeout=timedelta(seconds=0.4))
    stop = threading.Event()

    def drip() -> None:
        while not stop.wait(0.1) and say(server, b"2"):
            pass

    dripping = threading.Thread(target=drip)
    dripping.start()
    started = time.monotonic()
    with pytest.raises(smtplib.SMTPServerDisconnected):
        session.getreply()
    assert time.monotonic() - started < 3
    stop.set()
    dripping.join()


LINES = st.one_of(
    st.builds(
        lambda code, mark, text, end: code + mark + text + end,
        st.sampled_from([b"250", b"354", b"421", b"5x0", b"25", b"\xb2\xb2\xb2"]),
        st.sampled_from([b" ", b"-", b"", b"\t"]),
        st.binary(max_size=12),
        st.sampled_from([b"\r\n", b"\n", b"\r\r\n", b" \r\n"]),
    ),
    st.just(b"250 " + b"x" * smtplib._MAXLINE + b"\r\n"),  # type: ignore[attr-defined]
)


@given(said=st.lists(LINES, min_size=1, max_size=6).map(b"".join), size=st.integers(1, 40))
def test_every_reply_is_what_smtplib_makes_of_it(said: bytes, size: int) -> None:
    assert replies_of(watched_session, said, size) == replies_of(usual_session, said, size)


def watched_session(ours: socket.socket) -> smtplib.SMTP:
    progress = Progress(timeout=timedelta(seconds=5))
    progress.begin()
    session = WatchedSMTP("", 0, progress=progress)
    session.sock = ours
    return session


def usual_session(ours: socket.socket) -> smtplib.SMTP:
    session = smtplib.SMTP("", 0)
    session.sock = ours
    return session


def replies_of(
    connect: Callable[[socket.socket], smtplib.SMTP], said: bytes, size: int
) -> list[object]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        session = connect(ours)
        # Some have come when the first is asked for, and some have not.
        theirs.sendall(said[:size])
        sending = threading.Thread(target=lambda: (say(theirs, said[size:]), theirs.close()))
        sending.start()
        found: list[object] = []
        try:
            while True:
                found.append(session.getreply())
        except smtplib.SMTPException as error:
            found.append((type(error), error.args))
        session.close()
        sending.join(5)
    return found


GREETED = b"250 hello\r\n"
TAKEN = b"250 2.1.0 Ok\r\n251 2.1.5 Forwarded\r\n354 Go ahead\r\n"


@pytest.mark.parametrize(
    ("said", "is_best"),
    [
        (TAKEN, True),
        (TAKEN + b"250 2.0.0 Ok\r\n", True),
        (TAKEN[:-1], False),
        (TAKEN[: TAKEN.index(b"354")], False),
        (TAKEN.replace(b"250 ", b"451 "), False),
        (TAKEN.replace(b"251 ", b"550 "), False),
        (TAKEN.replace(b"251 ", b"252 "), False),
        (TAKEN.replace(b"354 ", b"554 "), False),
        (TAKEN.replace(b"250 ", b"250-more\r\n250 "), False),
    ],
)
def test_only_the_best_that_an_envelope_can_be_answered_is_read_at_once(
    connected: Connected, said: bytes, *, is_best: bool
) -> None:
    session, server = connected()
    assert not session.may_send_body()  # nothing was read yet
    server.sendall(GREETED + said)
    assert session.getreply() == (250, b"hello")
    session.progress.step = Step.MAIL
    assert session.may_send_body() is is_best
    assert session.progress.step is (Step.BODY if is_best else Step.MAIL)
    server.close()
    left = said[len(TAKEN) :] if is_best else said
    if left.endswith(b"\n"):
        assert session.getreply()[0] == int(left[:3])


ADDRESSES = st.sampled_from(
    ["a@b.example", "A. B. <a.b@c.example>", '"a b"@c.example', "", "<a@b>", "a", "민지@c.example"]
)


@given(
    sender=ADDRESSES,
    recipient=ADDRESSES,
    options=st.lists(st.sampled_from(["size=1", "BODY=8BITMIME", "SMTPUTF8"]), unique=True),
    is_extended=st.booleans(),
)
def test_an_envelope_is_what_smtplib_makes_of_it(
    sender: str, recipient: str, options: list[str], *, is_extended: bool
) -> None:
    def said(connect: Callable[[socket.socket], smtplib.SMTP]) -> bytes | type[Exception]:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            session = connect(ours)
            session.does_esmtp, session.esmtp_features = is_extended, {"smtputf8": ""}
            theirs.sendall(b"250 Ok\r\n250 Ok\r\n")
            try:
                session.mail(sender, options)
                session.rcpt(recipient)
            except UnicodeEncodeError as error:
                return type(error)
            return theirs.recv(10_000)

    assert said(watched_session) == said(usual_session)


def test_a_socket_is_told_how_long_to_wait_where_that_has_changed(connected: Connected) -> None:
    session, _ = connected()
    sock = session.sock
    assert sock is not None
    for seconds, told in [(20, 20), (19.97, 20), (20.03, 20), (19.9, 19.9), (0.001, 0.001)]:
        limit_waiting(sock, seconds)
        assert sock.gettimeout() == told


@given(body=st.lists(st.sampled_from([b".", b"..", b"a", b"\r\n", b" ", b"\xff"])).map(b"".join))
def test_a_body_is_sent_as_smtplib_sends_it(body: bytes) -> None:
    stuffed: bytes = smtplib._quote_periods(body)  # type: ignore[attr-defined]
    end = b".\r\n" if stuffed.endswith(b"\r\n") else b"\r\n.\r\n"
    assert as_data(body) == stuffed + end
