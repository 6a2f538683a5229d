"""Addresses of the broker, as redis-py and kombu spell them."""

import stat
from pathlib import Path

import pytest
import redis

from config import brokers
from config.runner import valkey
from tests.support.valkey import ValkeyServer


@pytest.mark.parametrize(
    ("given", "for_redis", "for_celery"),
    [
        ("redis://h:6379/0", "redis://h:6379/0", "redis://h:6379/0"),
        ("rediss://h:6379/0", "rediss://h:6379/0", "rediss://h:6379/0"),
        ("valkey://h:6379/0", "redis://h:6379/0", "redis://h:6379/0"),
        ("valkeys://h:6379/0", "rediss://h:6379/0", "rediss://h:6379/0"),
        ("unix:///run/v.sock", "unix:///run/v.sock", "redis+socket:///run/v.sock"),
        ("redis+socket:///run/v.sock", "unix:///run/v.sock", "redis+socket:///run/v.sock"),
    ],
)
def test_each_reader_gets_its_own_spelling(given: str, for_redis: str, for_celery: str) -> None:
    assert brokers.for_redis(given) == for_redis
    assert brokers.for_celery(given) == for_celery
    assert brokers.is_redis(given)


def test_rabbitmq_is_left_as_it_is() -> None:
    assert brokers.for_celery("amqp://u:p@h//") == "amqp://u:p@h//"
    assert not brokers.is_redis("amqp://u:p@h//")


def test_the_socket_lies_in_var_dir_where_that_is_short_enough() -> None:
    assert brokers.embedded_socket(Path("/srv/postroom/var")) == Path(
        "/srv/postroom/var/run/valkey.sock"
    )


@pytest.mark.parametrize("name", ["long" * 30, "with blank", "한글", "per%20cent", "hash#"])
def test_an_awkward_var_dir_still_gets_a_working_socket(tmp_path: Path, name: str) -> None:
    var_dir = tmp_path / name
    socket = brokers.embedded_socket(var_dir)
    assert socket == brokers.embedded_socket(var_dir)
    assert socket.parent.parent == Path("/tmp")
    assert valkey.prepare(socket=socket, data_dir=var_dir / "valkey") is True
    try:
        assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700
        with ValkeyServer(var_dir / "valkey", socket=socket):
            url = brokers.for_redis(f"unix://{socket}")
            with redis.Redis.from_url(url) as client:
                assert client.ping()
            assert valkey.prepare(socket=socket, data_dir=var_dir / "valkey") is False
    finally:
        socket.unlink(missing_ok=True)
        socket.parent.rmdir()
