"""The recorded catalogue on a server of this machine: static files, a search by POST and GET with pages, pictures by ranges."""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.faults.misbehaving import Quiet

RECORDED = Path(__file__).parent / "recorded"
HOSTS = (
    "earth-search.aws.element84.com", "planetarycomputer.microsoft.com", "api.imagery.hotosm.org",
    "oin-hotosm.s3.amazonaws.com", "sentinel-cogs.s3.us-west-2.amazonaws.com", "naipeuwest.blob.core.windows.net",
    "landsateuwest.blob.core.windows.net",
)  # fmt: skip
_LOCK = threading.Lock()


@dataclass
class Asked:
    method: str
    path: str
    query: dict[str, str]
    body: Any
    headers: dict[str, str]
    client: int


@dataclass
class Catalogue:
    """base: the server's address. files: path -> content. items: what the search has, by the path of its landing page.

    get_only: searches are not taken by POST. page: items a page. next_link: replaces the link to the next page.
    """

    base: str = ""
    port: int = 0
    files: dict[str, bytes] = field(default_factory=dict)
    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    get_only: bool = False
    page: int = 2
    next_link: dict[str, Any] | None = None
    redirect: tuple[int, str] | None = None
    asked: list[Asked] = field(default_factory=list)
    sent: Counter[str] = field(default_factory=Counter)

    def local(self, text: str) -> str:
        """A recorded text with its hosts on this server."""
        for host in HOSTS:
            for scheme in ("https", "http"):
                text = text.replace(f"{scheme}://{host}", f"{self.base}/{host}")
        return text

    def recorded(self, name: str) -> Any:
        return json.loads(self.local((RECORDED / name).read_text()))

    def put(self, path: str, document: Any) -> str:
        """Serves a document; its address."""
        self.files[path] = document if isinstance(document, bytes) else json.dumps(document).encode()
        return f"{self.base}{path}"

    def pictures_read(self) -> int:
        """Bytes of pictures that were sent."""
        return sum(n for path, n in self.sent.items() if path.endswith((".tif", ".TIF")))


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    served: Catalogue

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self._answer("GET", None)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self._answer("POST", body)

    def _answer(self, method: str, body: Any) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        with _LOCK:
            self.served.asked.append(
                Asked(method, parts.path, query, body, {k.lower(): v for k, v in self.headers.items()}, self.client_address[1])
            )
        root = parts.path.removesuffix("/search")
        if parts.path.endswith("/search") and root in self.served.items:
            self._search(root, method, body if body is not None else query)
        elif parts.path in self.served.files:
            self._file(self.served.files[parts.path])
        else:
            self._send(404, b"none")

    def _search(self, root: str, method: str, asked: dict[str, Any]) -> None:
        served = self.served
        if served.redirect:
            self._send(served.redirect[0], b"", Location=served.redirect[1])
            return
        if method == "POST" and served.get_only:
            self._send(405, b"Method Not Allowed")
            return
        found = [item for item in served.items[root] if _matches(item, asked)]
        at = int(asked.get("token", 0))
        links = []
        if at + served.page < len(found):
            following: dict[str, Any] = {"rel": "next", "type": "application/geo+json"}
            if method == "POST":
                following |= {"method": "POST", "href": f"{served.base}{root}/search", "merge": True,
                              "body": {"token": str(at + served.page)}}  # fmt: skip
            else:
                said = "&".join(f"{key}={value}" for key, value in {**asked, "token": at + served.page}.items())
                following |= {"method": "GET", "href": f"{served.base}{root}/search?{said}"}
            links = [{**following, **(served.next_link or {})}]
        page = {"type": "FeatureCollection", "features": found[at : at + served.page], "links": links}
        self._send(200, json.dumps(page).encode(), Content_Type="application/geo+json")

    def _file(self, content: bytes) -> None:
        wanted = self.headers.get("Range")
        if not wanted:
            self._send(200, content, ETag='"one"')
            return
        first, _, last = wanted.removeprefix("bytes=").partition("-")
        start, end = int(first), min(int(last or len(content)), len(content) - 1)
        if start >= len(content):
            self._send(416, b"", Content_Range=f"bytes */{len(content)}")
            return
        body = content[start : end + 1]
        self._send(206, body, Content_Range=f"bytes {start}-{end}/{len(content)}", ETag='"one"')

    def _send(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for key, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        with _LOCK:
            self.served.sent[urlsplit(self.path).path] += len(body)
        self.wfile.write(body)


def _matches(item: dict[str, Any], asked: dict[str, Any]) -> bool:
    """As a STAC API has it: collections, bbox and the first moment of datetime."""
    named = asked.get("collections") or []
    named = named.split(",") if isinstance(named, str) else named
    if named and item["collection"] not in named:
        return False
    box = asked.get("bbox")
    if box:
        west, south, east, north = (float(n) for n in (box.split(",") if isinstance(box, str) else box))
        w, s, e, n = item["bbox"]
        if e < west or w > east or n < south or s > north:
            return False
    first, _, last = str(asked.get("datetime", "../..")).partition("/")
    when = item["properties"]["datetime"] or item["properties"]["start_datetime"]
    return (first == ".." or when >= first) and (last == ".." or when <= last)


@contextmanager
def serving() -> Iterator[Catalogue]:
    served = Catalogue()
    http = Quiet(("127.0.0.1", 0), type("Served", (_Handler,), {"served": served}))
    served.port = http.server_address[1]
    served.base = f"http://127.0.0.1:{served.port}"
    thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield served
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def load_apis(served: Catalogue) -> dict[str, str]:
    """The recorded APIs, each with its items; their addresses by name."""
    roots = {
        "earth-search": ("/earth-search.aws.element84.com/v1", ["earth-search/S2B_52SDE_20240601_0_L2A.json"]),
        "planetary-computer": (
            "/planetarycomputer.microsoft.com/api/stac/v1", ["planetary-computer/naip.json", "planetary-computer/landsat.json"],
        ),
    }  # fmt: skip
    for name, (root, items) in roots.items():
        served.put(root, served.recorded(f"{name}/landing.json"))
        served.items[root] = [served.recorded(item) for item in items]
    served.put(f"{roots['earth-search'][0]}/collections/sentinel-2-l2a", served.recorded("earth-search/sentinel-2-l2a.json"))
    served.put(f"{roots['planetary-computer'][0]}/collections/naip", served.recorded("planetary-computer/collection-naip.json"))
    return {name: f"{served.base}{root}" for name, (root, _) in roots.items()}


def load_static(served: Catalogue) -> str:
    """The recorded static catalogue, file by file; its root's address."""
    folder = RECORDED / "maxar"
    for path in folder.rglob("*.json"):
        served.put(f"/maxar/{path.relative_to(folder).as_posix()}", json.loads(path.read_text()))
    return f"{served.base}/maxar/events/catalog.json"
