"""What a request must pass before anything reads it, and the headers that every answer carries.

The page has no password: what keeps other pages of the same browser out is the name they must call us by (a foreign
name that was made to resolve to this machine is refused), and the marks that a browser puts on what a foreign page
sends. The port is not compared, since a tunnel from another machine may lead here from any.
"""

from __future__ import annotations

import asyncio
import json
import re
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

ANY = "*"  # in `hosts`: every name is ours
JSON_BYTES = 64_000
COHORT = "/api/cohort"
# of a body that is too large, what is read and dropped so that the answer reaches a browser that is still sending
DROPPED_BYTES = 32_000_000
SECONDS = 20.0  # within which a body must be here

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; object-src 'none'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
METHODS = ("GET", "HEAD", "POST")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^:\[\]\s]+)(:[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class Refusal:
    """An HTTP status and one sentence."""

    status: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Guard:
    """ASGI middleware: refuses what is not asked by our own page, reads bodies up to their limits, adds headers, and
    makes one plain sentence of whatever fails unexpectedly. `hosts` are names as in a Host header, without a port;
    `csv_bytes` is the most that a cohort may have.
    """

    app: ASGIApp
    hosts: Sequence[str]
    csv_bytes: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        begun = False

        async def carrying(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                message = {**message, "headers": _with_ours(message["headers"], scope["path"])}
            await send(message)

        try:
            await self._answer(scope, receive, carrying)
        except asyncio.CancelledError:
            return  # the server ends; the browser sees the connection close
        except Exception:
            traceback.print_exc()
            if not begun:
                await _refuse(carrying, Refusal(500, "an error of pkpd itself; its terminal shows where it happened"))

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = _headers(scope)
        if refused := refusal(scope["method"], scope["path"], headers, self.hosts):
            await _refuse(send, refused)
        elif scope["method"] != "POST":
            await self.app(scope, receive, send)
        else:
            limit = self.csv_bytes if scope["path"] == COHORT else JSON_BYTES
            body = await read_body(receive, limit, headers.get("content-length", ""))
            if isinstance(body, Refusal):
                await _refuse(send, body)
            elif body is not None:
                await self.app(scope, _replayed(body, receive), send)


def refusal(method: str, path: str, headers: Mapping[str, str], hosts: Sequence[str]) -> Refusal | None:
    """Why a request is refused by its head alone; None when it is not. Header names are in lower case."""
    if method not in METHODS:
        return Refusal(405, f"only {', '.join(METHODS)} are answered")
    host = headers.get("host", "").lower()
    name = _HOST.fullmatch(host)
    if name is None or (ANY not in hosts and name[1] not in hosts):
        return Refusal(403, "this page does not answer under that host name; use the address that pkpd explore printed")
    if method == "POST" or path.startswith("/api/"):
        origin = headers.get("origin")
        if origin is not None and origin.partition("://")[2].lower() != host:
            return Refusal(403, "another page sent this request; only the page of pkpd explore itself may")
        if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            return Refusal(403, "another site sent this request; only the page of pkpd explore itself may")
    if method == "POST":
        media, wanted = headers.get("content-type", ""), "text/csv" if path == COHORT else "application/json"
        if media.partition(";")[0].strip().lower() != wanted:
            return Refusal(415, f"{path} takes Content-Type: {wanted}")
    return None


async def read_body(
    receive: Receive, limit: int, declared: str = "", seconds: float = SECONDS
) -> bytes | Refusal | None:
    """A body of at most `limit` bytes, whatever length was `declared`; None when the client has gone."""
    large = Refusal(413, f"that is too large: at most {limit // 1000} kB are taken")
    most = limit + DROPPED_BYTES
    if declared.isdigit() and (len(declared) > 12 or int(declared) > most):
        return large
    kept, size = bytearray(), 0
    try:
        async with asyncio.timeout(seconds):
            more = True
            while more and size <= most:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                part, more = message.get("body", b""), message.get("more_body", False)
                size += len(part)
                if size <= limit:
                    kept += part
    except TimeoutError:
        return Refusal(408, f"the request was not whole after {seconds:g} seconds")
    return large if size > limit else bytes(kept)


def _headers(scope: Scope) -> dict[str, str]:
    """Headers by name; one that comes twice is joined, and so fits nothing that is compared."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        key, text = name.decode("latin-1"), value.decode("latin-1")
        found[key] = f"{found[key]}, {text}" if key in found else text
    return found


def _with_ours(headers: Sequence[tuple[bytes, bytes]], path: str) -> list[tuple[bytes, bytes]]:
    """An answer's headers and ours: files may be kept if they are asked about again, answers may not."""
    ours = HEADERS | {"cache-control": "no-store" if path.startswith("/api/") else "no-cache"}
    added = [(name.encode(), value.encode()) for name, value in ours.items()]
    return [(name, value) for name, value in headers if name.decode("latin-1").lower() not in ours] + added


def _replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives a body already read, and then what comes after it."""
    waiting = [body]

    async def again() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return again


async def _refuse(send: Send, refused: Refusal) -> None:
    data = json.dumps({"error": refused.sentence, "field": ""}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(data)).encode())]
    if refused.status == 405:
        headers.append((b"allow", ", ".join(METHODS).encode()))
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": data})
