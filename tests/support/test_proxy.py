"""The proxy's outages are what they are called."""

import socket
import time
from collections.abc import Iterator

import pytest

from tests.support.proxy import TcpProxy
from tests.support.smtp_sink import GREETING, SmtpSink


@pytest.fixture
def proxy() -> Iterator[TcpProxy]:
    with SmtpSink() as sink, TcpProxy(target_port=sink.port) as proxy:
        yield proxy


def greeting(proxy: TcpProxy) -> str:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as client:
        return client.recv(100).decode().strip()


def test_it_forwards(proxy: TcpProxy) -> None:
    assert greeting(proxy) == GREETING


def test_it_refuses_and_recovers(proxy: TcpProxy) -> None:
    proxy.refuse()
    with pytest.raises(ConnectionRefusedError):
        greeting(proxy)
    proxy.restore()
    assert greeting(proxy) == GREETING


def test_connecting_to_a_swallowing_proxy_times_out(proxy: TcpProxy) -> None:
    proxy.swallow()
    begun = time.monotonic()
    with pytest.raises(TimeoutError):
        greeting(proxy)
    assert time.monotonic() - begun >= 0.3
    proxy.restore()
    assert greeting(proxy) == GREETING


def test_an_open_connection_carries_nothing_while_swallowed(proxy: TcpProxy) -> None:
    with socket.create_connection(("127.0.0.1", proxy.port), timeout=0.3) as client:
        client.recv(100)
        proxy.swallow()
        client.sendall(b"NOOP\r\n")
        with pytest.raises(TimeoutError):
            client.recv(100)
