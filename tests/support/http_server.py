"""A server of one file on this machine that does to every request what a test asks for, and remembers what it was asked."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Answer = Callable[["Handler"], None]
ETAG = '"first"'


@dataclass
class Asked:
    """One request."""

    path: str
    range: str
    if_range: str
    sent: int = 0
    """Bytes of the file that went out."""


@dataclass
class Served:
    """What the server has, how it answers, and what came."""

    content: bytes
    answers: list[Answer]
    """In turn; the last one for all further requests."""
    etag: str = ETAG
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)
    """What `stalled` and `held` wait for."""


class Handler(BaseHTTPRequestHandler):
    """One request of a server whose `served` a test has filled in."""

    protocol_version = "HTTP/1.1"
    served: Served
    note: Asked

    def do_GET(self) -> None:  # http.server's name
        """Answers as it is this request's turn."""
        get = self.headers.get
        self.note = Asked(self.path, get("Range", ""), get("If-Range", ""))
        self.served.asked.append(self.note)
        turn = min(len(self.served.asked), len(self.served.answers)) - 1
        self.served.answers[turn](self)

    def begin(self, status: int, length: int | None, **headers: str) -> None:
        """The head of an answer; without a length the connection's end is the file's end."""
        self.send_response(status)
        if length is None:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()

    def write(self, body: bytes) -> None:
        """Counted, as far as the other side takes it."""
        try:
            self.wfile.write(body)
            self.note.sent += len(body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """The tests' output is their own."""

    def start(self) -> int:
        """The byte from which the file is wanted; 0 if it has changed since."""
        fresh = self.note.if_range in ("", self.served.etag)
        return int(self.note.range.removeprefix("bytes=").split("-")[0]) if self.note.range and fresh else 0

    def send(self, body: bytes, start: int, stop: int | None = None) -> None:
        """The head of an answer with the file, or its rest, and the bytes as far as `stop`."""
        tag = {"ETag": self.served.etag} if self.served.etag else {}
        if start:
            self.begin(206, len(body) - start, Content_Range=f"bytes {start}-{len(body) - 1}/{len(body)}", **tag)
        else:
            self.begin(200, len(body), **tag)
        self.write(body[start:stop])


def whole(handler: Handler) -> None:
    """As a good server answers."""
    handler.send(handler.served.content, handler.start())


def without_ranges(handler: Handler) -> None:
    """The whole file, whatever was asked for."""
    handler.send(handler.served.content, 0)


def corrupted(handler: Handler) -> None:
    """One byte is another."""
    content = handler.served.content
    handler.send(bytes([content[0] ^ 1]) + content[1:], handler.start())


def cut(count: int, *, ranges: bool = True) -> Answer:
    """`count` bytes, then nothing."""

    def answer(handler: Handler) -> None:
        start = handler.start() if ranges else 0
        handler.send(handler.served.content, start, start + count)
        handler.close_connection = True

    return answer


def stalled(handler: Handler) -> None:
    """Some bytes, and then silence."""
    handler.send(handler.served.content, 0, 1 << 14)
    handler.served.gate.wait(20)
    handler.close_connection = True


def held(handler: Handler) -> None:
    """Half of the file, and the other half when the gate is open."""
    content, start = handler.served.content, handler.start()
    middle = max(start, len(content) // 2)
    handler.send(content, start, middle)
    handler.served.gate.wait(60)
    handler.write(content[middle:])


def status(code: int, **headers: str) -> Answer:
    """Nothing but a number."""
    return lambda handler: handler.begin(code, 0, **headers)


def redirected(location: str) -> Answer:
    """Elsewhere."""
    return status(302, Location=location)


def body(content: bytes, *, length: bool = True) -> Answer:
    """Something else than the file."""

    def answer(handler: Handler) -> None:
        handler.begin(200, len(content) if length else None)
        handler.write(content)

    return answer


@contextmanager
def serving(content: bytes, *answers: Answer, etag: str = ETAG) -> Iterator[Served]:
    """A server at `url` for as long as the block lasts."""
    served = Served(content, list(answers) or [whole], etag)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (Handler,), {"served": served}))
    served.url = f"http://127.0.0.1:{server.server_address[1]}/model.bin"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        served.gate.set()
        server.shutdown()
        thread.join()
        server.server_close()
