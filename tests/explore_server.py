"""The real server of `pkpd explore` in a thread, and requests to it as a browser or something worse would send them."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.applications import Starlette

from pkpd.app.listen import bind, server_of
from pkpd.app.offered import Offer, offer

JSON = {"Content-Type": "application/json"}
CSV = {"Content-Type": "text/csv"}
# small and quick, and answered by the same code as any other
ASK = {"model": "il2_minimal", "schedule": "1 MIU daily x2", "days": "3"}
SECONDS = 60.0  # a server that says nothing for so long hangs


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; names of headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    data: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.data)


def small_offer() -> Offer:
    """What a page that begins with `ASK` may ask for."""
    return offer(**ASK)


@contextmanager
def serving(application: Starlette, host: str = "127.0.0.1") -> Iterator[int]:
    """The port on which an application answers until the block ends."""
    bound = bind(host, 0)
    port: int = bound.getsockname()[1]
    server = server_of(application)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        until = time.monotonic() + SECONDS
        while not server.started:
            assert thread.is_alive() and time.monotonic() < until
            time.sleep(0.005)
        yield port
    finally:
        server.should_exit = True
        thread.join(SECONDS)
        bound.close()
    assert not thread.is_alive()


def request(port: int, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Reply:
    """One request over a connection of its own; a dict or list is sent as JSON. A path is sent as it stands."""
    given = dict(headers or {})
    if isinstance(body, dict | list):
        body, given = json.dumps(body), JSON | given
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)) as connection:
        connection.request(method, path, body=body, headers=given)
        answer = connection.getresponse()
        return Reply(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())


def raw(port: int, *parts: bytes) -> bytes:
    """Bytes sent as they stand, and all that comes back until the server closes the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=SECONDS) as connection:
        for part in parts:
            connection.sendall(part)
        found = bytearray()
        while part := connection.recv(65536):
            found += part
    return bytes(found)


def refused(reply: Reply, status: int) -> str:
    """The sentence of a refusal, which is JSON and shows nothing of the inside."""
    assert reply.status == status, reply
    assert reply.headers["content-type"] == "application/json" and set(reply.json) == {"error", "field"}
    sentence: str = reply.json["error"]
    assert sentence and "Traceback" not in sentence and ".py" not in sentence and "\n" not in sentence
    return sentence


def small_page(folder: Path) -> Path:
    """The folder of a page of two files, beside a file that is no part of it."""
    (folder / "secret.py").write_text("secret")
    (folder / "static" / "js").mkdir(parents=True)
    (folder / "static" / "index.html").write_text("<!doctype html><title>page</title>")
    (folder / "static" / "js" / "main.js").write_text("export {}")
    (folder / "static" / "link.js").symlink_to(folder / "secret.py")
    return folder / "static"
