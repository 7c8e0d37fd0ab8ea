"""A server on this machine that serves ranges of files, and misbehaves in the way that the first folder of a path names."""

import random
import ssl
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HTML = b"<!doctype html><html><body>Please log in to this network</body></html>"


@dataclass
class Asked:
    """A request as it came."""

    path: str
    query: str
    headers: dict[str, str]

    @property
    def range(self) -> tuple[int, int]:
        first, _, last = self.headers.get("range", "bytes=0-").removeprefix("bytes=").partition("-")
        return int(first), int(last or 1 << 60)


@dataclass
class Server:
    """port; requests in order; files: name -> content. healed: every fault is gone from then on."""

    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    requests: list[Asked] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)
    healed: bool = False
    elsewhere: str = ""
    state: dict[str, Any] = field(default_factory=dict)

    def url(self, fault: str, name: str = "scene.tif", query: str = "") -> str:
        return f"http://127.0.0.1:{self.port}/{fault}/{name}{f'?{query}' if query else ''}"

    def of(self, fault: str) -> list[Asked]:
        return [one for one in self.requests if one.path.startswith(f"/{fault}/")]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    served: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self.answer(405, b"")

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = Asked(parts.path, parts.query, {key.lower(): value for key, value in self.headers.items()})
        with LOCK:
            self.served.requests.append(asked)
        _, fault, name = parts.path.split("/", 2)
        content = self.served.files.get(name)
        if content is None:
            self.answer(404, b"none")
            return
        number = len(self.served.of(fault))
        try:
            FAULTS["" if self.served.healed else fault](self, asked, content, number)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLError):
            self.close_connection = True

    def answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            if value:
                self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.write(body)

    def write(self, body: bytes) -> None:
        with LOCK:
            self.served.sent[self.path.partition("?")[0]] += len(body)
        self.wfile.write(body)

    def part(self, asked: Asked, content: bytes, **headers: str) -> bytes:
        """The head of a right answer, unless headers say otherwise; the body that belongs to it."""
        first, last = asked.range
        last = min(last, len(content) - 1)
        if first >= len(content):
            self.answer(416, b"", Content_Range=f"bytes */{len(content)}")
            return b""
        body = content[first : last + 1]
        self.send_response(206)
        right = {"Content_Range": f"bytes {first}-{last}/{len(content)}", "Content_Length": str(len(body)), "ETag": '"one"'}
        for key, value in {**right, **headers}.items():
            if value:
                self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        return body

    def drop(self) -> None:
        self.close_connection = True


LOCK = threading.Lock()
Fault = Callable[[Handler, Asked, bytes, int], None]
FAULTS: dict[str, Fault] = {}


def fault(name: str) -> Callable[[Fault], Fault]:
    def keep(function: Fault) -> Fault:
        FAULTS[name] = function
        return function

    return keep


@fault("")
@fault("right")
def right(to: Handler, asked: Asked, content: bytes, _number: int) -> None:
    if asked.headers.get("if-match", '"one"') != '"one"':
        to.answer(412, b"")
        return
    to.write(to.part(asked, content))


@fault("always503")
def always_503(to: Handler, _asked: Asked, _content: bytes, _number: int) -> None:
    to.answer(503, b"busy")


@fault("half503")
def half_503(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    if random.Random(60 * number).random() < 0.5:
        to.answer(503, b"busy")
    else:
        right(to, asked, content, number)


@fault("wait429")
def wait_429(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    to.served.state.setdefault("429", []).append(time.monotonic())
    if number in (2, 3):
        to.answer(429, b"", Retry_After="1" if number == 2 else "86400")
    else:
        right(to, asked, content, number)


@fault("cut")
def cut(to: Handler, asked: Asked, content: bytes, _number: int) -> None:
    body = to.part(asked, content)
    to.write(body[: max(1, len(body) // 2)])
    to.drop()


@fault("reset")
def reset(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    if number % 3 == 2:
        to.drop()
    else:
        right(to, asked, content, number)


@fault("stall")
def stall(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    body = to.part(asked, content)
    to.write(body[: len(body) if number == 1 else 100])
    if number > 1:
        time.sleep(5)
        to.drop()


@fault("loris")
def loris(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    body = to.part(asked, content)
    if number == 1:
        to.write(body)
        return
    for at in range(200):
        to.write(body[at : at + 1])
        to.wfile.flush()
        time.sleep(0.2)
    to.drop()


@fault("noranges")
def no_ranges(to: Handler, _asked: Asked, content: bytes, _number: int) -> None:
    to.answer(200, content)


@fault("hugewhole")
def huge_whole(to: Handler, _asked: Asked, content: bytes, _number: int) -> None:
    to.send_response(200)
    to.send_header("Content-Length", str(1 << 50))
    to.end_headers()
    to.write(content)
    to.drop()


@fault("endless")
def endless(to: Handler, _asked: Asked, _content: bytes, _number: int) -> None:
    to.send_response(200)
    to.send_header("Transfer-Encoding", "chunked")
    to.end_headers()
    for _ in range(2000):
        to.write(b"10000\r\n" + bytes(1 << 16) + b"\r\n")
    to.write(b"0\r\n\r\n")


@fault("otherrange")
def other_range(to: Handler, asked: Asked, content: bytes, _number: int) -> None:
    first, last = asked.range
    to.write(to.part(asked, content, Content_Range=f"bytes {first + 1}-{last + 1}/{len(content)}"))


@fault("lying")
def lying(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    if number == 1:
        right(to, asked, content, number)
        return
    first, last = asked.range
    body = content[first : last + 1]
    to.part(asked, content, Content_Length=str(len(body) + 1000))
    to.write(body)
    to.drop()


@fault("short")
def short(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    """Fewer bytes than the range says, and a length that agrees with the bytes."""
    if number == 1:
        right(to, asked, content, number)
        return
    first, last = asked.range
    body = content[first : last + 1][:-7]
    to.part(asked, content, Content_Length=str(len(body)))
    to.write(body)


@fault("gzip")
def gzipped(to: Handler, asked: Asked, content: bytes, _number: int) -> None:
    to.write(to.part(asked, content, Content_Encoding="gzip"))


@fault("portal")
def portal(to: Handler, _asked: Asked, _content: bytes, _number: int) -> None:
    to.answer(200, HTML, Content_Type="text/html")


@fault("expires")
def expires(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    if number > 1:
        to.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
    else:
        right(to, asked, content, number)


@fault("signed")
def signed(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    """The first signature holds for one request."""
    if number > 1 and asked.query != "sig=fresh":
        to.answer(403, b"<Error><Code>AccessDenied</Code></Error>")
    else:
        right(to, asked, content, number)


@fault("changes")
def changes(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    """Another tag from the second request on; what the client said of the first one is passed over."""
    to.write(to.part(asked, content, ETag='"one"' if number < 2 else '"two"'))


@fault("restless")
def restless(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    """Another tag each time."""
    to.write(to.part(asked, content, ETag=f'"{number}"'))


@fault("unmatched")
def unmatched(to: Handler, asked: Asked, content: bytes, number: int) -> None:
    if asked.headers.get("if-match") == '"one"':
        to.answer(412, b"")
    else:
        to.write(to.part(asked, content, ETag='"one"' if number < 2 else '"two"'))


@fault("ring")
def ring(to: Handler, asked: Asked, _content: bytes, _number: int) -> None:
    to.answer(302, b"", Location=asked.path)


@fault("chunked")
def chunked(to: Handler, asked: Asked, content: bytes, _number: int) -> None:
    body = to.part(asked, content, Content_Length="", Transfer_Encoding="chunked")
    for at in range(0, len(body), 10_000):
        piece = body[at : at + 10_000]
        to.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
    to.write(b"0\r\n\r\n")


@fault("empty")
def empty(to: Handler, _asked: Asked, _content: bytes, _number: int) -> None:
    to.answer(416, b"", Content_Range="bytes */0")


@fault("vast")
def vast(to: Handler, asked: Asked, content: bytes, _number: int) -> None:
    first, last = asked.range
    to.write(to.part(asked, content, Content_Range=f"bytes {first}-{last}/{1 << 60}"))


@fault("elsewhere")
def elsewhere(to: Handler, asked: Asked, _content: bytes, _number: int) -> None:
    to.answer(302, b"", Location=f"{to.served.elsewhere}{asked.path.replace('/elsewhere/', '/right/')}")


@fault("gone")
def gone(to: Handler, _asked: Asked, _content: bytes, _number: int) -> None:
    to.answer(404, b"none")


def leads_to(target: str) -> Fault:
    def lead(to: Handler, _asked: Asked, _content: bytes, _number: int) -> None:
        to.answer(307, b"", Location=target)

    return lead


LED = {
    "tometadata": "http://169.254.169.254/latest/meta-data/scene.tif",
    "toloopback": "https://127.0.0.1:9/scene.tif",
    "toloopback6": "https://[::1]:9/scene.tif",
    "tomapped": "https://[::ffff:127.0.0.1]:9/scene.tif",
    "tonumber": "https://2130706433:9/scene.tif",
    "toprivate": "https://10.0.0.1/scene.tif",
    "tofile": "file:///etc/passwd",
    "touser": "https://me:secret@example.org/scene.tif",
}
FAULTS.update({name: leads_to(target) for name, target in LED.items()})


class Quiet(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that goes away in the middle is what is tested."""


@contextmanager
def serving(files: dict[str, bytes], *, certificate: Path | None = None) -> Iterator[Server]:
    """A server with these files, on a port of its own; by TLS where a certificate with its key is given."""
    served = Server(files=files)
    made = type("Served", (Handler,), {"served": served})
    http = Quiet(("127.0.0.1", 0), made)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        http.socket = context.wrap_socket(http.socket, server_side=True, do_handshake_on_connect=False)
    served.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
