"""The sink for a machine without a C compiler: the same answers, from asyncio.

It may bound what is measured, which the table of the raw limit shows. Started as
`python -m benchmarks.sink.slow STATE`; it fills the same mapped file as `sink.c`.
"""

import asyncio
import json
import re
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.sink.state import HEADER_WORDS, State, Word

NUMBER = re.compile(r"(\d+)@")
EHLO = b"250-sink.test\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 SIZE 33554432\r\n"
LIMIT = 1 << 24  # bytes of a line or header


class Sink:
    """Accepts everything, and counts it in the state."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._capacity = len(state.words) - HEADER_WORDS

    def accept(self, recipient: str) -> None:
        """Count a mail."""
        found = NUMBER.search(recipient)
        number = int(found[1]) if found else self._capacity
        if number >= self._capacity:
            self._state[Word.UNNUMBERED] += 1
        elif self._state.words[HEADER_WORDS + number]:
            self._state[Word.DOUBLED] += 1
        else:
            self._state.words[HEADER_WORDS + number] = time.monotonic_ns()
            self._state[Word.DISTINCT] += 1
        self._state[Word.ACCEPTED] += 1

    async def _say(self, writer: asyncio.StreamWriter, text: bytes) -> None:
        """Answer, after the latency that is set."""
        if latency := self._state[Word.LATENCY]:
            asyncio.get_running_loop().call_later(latency / 1e9, writer.write, text)
        else:
            writer.write(text)

    async def smtp(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one SMTP conversation."""
        self._state[Word.OPENED] += 1
        await self._say(writer, b"220 sink.test ESMTP\r\n")
        recipient = ""
        while line := await reader.readline():
            match line[:4].upper():
                case b"EHLO":
                    await self._say(writer, EHLO)
                case b"RCPT":
                    recipient = line.decode(errors="replace")
                    await self._say(writer, b"250 Ok\r\n")
                case b"DATA":
                    await self._say(writer, b"354 Go ahead\r\n")
                    while (await reader.readline()) not in (b".\r\n", b""):
                        pass
                    self.accept(recipient)
                    await self._say(writer, b"250 Ok: queued as A1B2C3\r\n")
                case b"QUIT":
                    await self._say(writer, b"221 Bye\r\n")
                case _:
                    await self._say(writer, b"250 Ok\r\n")
        writer.close()

    async def http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one client's requests as Postmark does."""
        self._state[Word.OPENED] += 1
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            found = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
            content: Any = json.loads(await reader.readexactly(int(found[1])) if found else b"{}")
            mails = content if isinstance(content, list) else [content]
            answers = [self._answer(mail) for mail in mails]
            body = json.dumps(answers if isinstance(content, list) else answers[0]).encode()
            self._state[Word.REQUESTS] += 1
            kind = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: "
            await self._say(writer, kind + str(len(body)).encode() + b"\r\n\r\n" + body)
        writer.close()

    def _answer(self, mail: dict[str, Any]) -> dict[str, Any]:
        self.accept(mail["To"])
        count = self._state[Word.ACCEPTED]
        identifier = f"0a129aee-e1cd-480d-b08d-{count:012x}"
        return {"To": mail["To"], "MessageID": identifier, "ErrorCode": 0, "Message": "OK"}


async def serve(state: State) -> None:
    """Listen until the process is ended."""
    sink = Sink(state)
    smtp = await asyncio.start_server(sink.smtp, "127.0.0.1", 0, limit=LIMIT)
    http = await asyncio.start_server(sink.http, "127.0.0.1", 0, limit=LIMIT)
    state[Word.SMTP_PORT] = smtp.sockets[0].getsockname()[1]
    state[Word.HTTP_PORT] = http.sockets[0].getsockname()[1]
    state[Word.CAPACITY] = len(state.words) - HEADER_WORDS
    state[Word.READY] = 1
    await asyncio.gather(smtp.serve_forever(), http.serve_forever())


if __name__ == "__main__":
    asyncio.run(serve(State(Path(sys.argv[1]))))
