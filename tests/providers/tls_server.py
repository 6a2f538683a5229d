"""A certificate of our own, and servers that use it."""

import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.fake_server import reset_connection


class Tls:
    """A self-signed certificate for localhost."""

    def __init__(self, folder: Path) -> None:
        self.certificate = folder / "certificate.pem"
        self.key = folder / "key.pem"
        subprocess.run(
            [
                *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
                *("-nodes", "-days", "2", "-subj", "/CN=localhost"),
                *("-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                *("-keyout", str(self.key), "-out", str(self.certificate)),
            ],
            check=True,
            capture_output=True,
        )

    def context(self) -> ssl.SSLContext:
        """What a server wraps its sockets with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context

    @contextmanager
    def serving(self, *, answer: bytes | None) -> Iterator[int]:
        """Yield a port that shakes hands, reads, sends `answer` and resets the connection."""
        listener = socket.create_server(("127.0.0.1", 0))
        listener.settimeout(5)

        def serve() -> None:
            while True:
                try:
                    plain, _ = listener.accept()
                except OSError:
                    return
                try:
                    secure = self.context().wrap_socket(plain, server_side=True)
                except (ssl.SSLError, OSError):
                    plain.close()
                    continue
                secure.recv(65_536)
                if answer:
                    secure.sendall(answer)
                reset_connection(secure)

        threading.Thread(target=serve, daemon=True).start()
        yield listener.getsockname()[1]
        listener.close()
