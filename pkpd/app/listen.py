"""Listening on one address of this machine until Ctrl-C."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import ipaddress
import logging
import os
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from ..errors import PkpdError
from .guard import ANY

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from uvicorn import Server

log = logging.getLogger(__name__)
PORT = 8765
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
# connections at once (a browser opens six), seconds that an idle one is kept, bytes of a request's head
CONNECTIONS, IDLE, HEAD = 200, 30, 16_384
LAST = 3  # seconds that answers under way may take when the server ends


def bind(host: str, port: int | None = None) -> socket.socket:
    """A socket on an address and port of this machine, 0 for a free one; without a port 8765 if that is free, else any
    other. PkpdError when it cannot be had.
    """
    try:
        return _bound(host, PORT if port is None else port)
    except OSError as error:
        if port is None and error.errno == errno.EADDRINUSE:
            log.info("port %d is in use, so another one is taken", PORT)
            return bind(host, 0)
        raise PkpdError(_why(host, PORT if port is None else port, error)) from None
    except ValueError:  # no name at all
        raise PkpdError(_unknown(host)) from None


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    if host.lower() == "localhost":
        return True
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return False


def hosts_of(host: str) -> tuple[str, ...]:
    """The names that a page listening on `host` may be called by; any when it listens on every address."""
    if host in ("0.0.0.0", "::"):
        return (ANY,)
    own = f"[{host}]" if ":" in host else host
    return tuple(dict.fromkeys((own.lower(), *LOOPBACK))) if is_loopback(host) else (own.lower(),)


def address(bound: socket.socket) -> str:
    """Where a browser on this machine finds a bound socket."""
    host, port = bound.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def server_of(application: Starlette) -> Server:
    """A uvicorn server with our limits; it handles Ctrl-C when run in the main thread."""
    import uvicorn

    config = uvicorn.Config(
        application,
        loop="asyncio",
        http="h11",
        ws="none",
        lifespan="off",
        # the guard says what fails in our code; the rest is of slips of clients and of answers cut off at the end
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS,
        timeout_keep_alive=IDLE,
        timeout_graceful_shutdown=LAST,
        h11_max_incomplete_event_size=HEAD,
    )
    return uvicorn.Server(config)


def listen(application: Starlette, bound: socket.socket, opened: Callable[[str], None]) -> None:
    """Answer on a bound socket until Ctrl-C, which is the way to end it; `opened` gets the address once it answers."""
    with contextlib.closing(bound), contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(server_of(application), bound, opened))


async def _serve(server: Server, bound: socket.socket, opened: Callable[[str], None]) -> None:
    url, serving = address(bound), asyncio.ensure_future(server.serve(sockets=[bound]))
    while not (server.started or serving.done()):  # until then Ctrl-C is not yet handled
        await asyncio.sleep(0.01)
    if server.started:
        opened(url)
    await serving


def _bound(host: str, port: int) -> socket.socket:
    family, kind, protocol, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    found = socket.socket(family, kind, protocol)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        found.bind(place)
        found.listen()  # two that only bind could both have the port
    except OSError:
        found.close()
        raise
    return found


def _why(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
        return _unknown(host)
    if error.errno == errno.EADDRINUSE:
        return f"--port: {port} is in use on {host}; leave it out for a free one, or give another"
    return f"--port: {port} on {host} cannot be had: {error.strerror or error}"


def _unknown(host: str) -> str:
    return f"--host: this machine has no address '{host}'; 127.0.0.1 is for this machine only, 0.0.0.0 for all"
