"""The guard before `pkpd explore`: who may ask, how much may be sent, and which files are served."""

from __future__ import annotations

import asyncio
import json
import mimetypes
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from explore_server import ASK, CSV, JSON, raw, refused, request, serving, small_offer, small_page

from pkpd.app.cohort import MOST_BYTES
from pkpd.app.guard import JSON_BYTES, POLICY, Refusal, read_body, refusal
from pkpd.app.listen import HEAD, LOOPBACK, hosts_of
from pkpd.app.offered import Offer
from pkpd.app.server import FILES, application, missing_files

BODY = JSON_BYTES - 100


@pytest.fixture(scope="module")
def offered() -> Offer:
    return small_offer()


@pytest.fixture(scope="module")
def port(offered: Offer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    mimetypes.add_type("text/plain", ".js")  # as some systems have it
    with serving(application(offered, LOOPBACK, small_page(tmp_path_factory.mktemp("page")))) as found:
        yield found


# --- who may ask


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost@evil.example", "", "[::1", "a b"]
)
def test_a_foreign_host_name_is_refused(host: str, port: int) -> None:
    for method, path in (("GET", "/"), ("GET", "/static/js/main.js"), ("GET", "/api/start"), ("POST", "/api/simulate")):
        assert "host name" in refused(request(port, method, path, headers={"Host": host}), 403)


@pytest.mark.parametrize(
    "host", ["127.0.0.1:{port}", "localhost:{port}", "LOCALHOST", "[::1]:{port}", "localhost:9000"]
)
def test_names_of_this_machine_are_answered(host: str, port: int) -> None:
    """With any port, since a tunnel may come from another."""
    assert request(port, "GET", "/", headers={"Host": host.format(port=port)}).status == 200


def test_a_request_without_a_host_is_refused(port: int) -> None:
    assert raw(port, b"GET / HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 403")
    assert raw(port, b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").startswith(b"HTTP/1.1 400")
    two = b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert raw(port, two).startswith(b"HTTP/1.1 400")


@pytest.mark.parametrize(
    "mark",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://127.0.0.1:{port}.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://127.0.0.1:{port}", "Sec-Fetch-Site": "cross-site"},
    ],
)
def test_what_a_foreign_page_sends_is_refused(mark: dict[str, str], port: int) -> None:
    sent = {name: value.format(port=port) for name, value in mark.items()}
    assert "another" in refused(request(port, "POST", "/api/simulate", ASK, sent), 403)
    assert "another" in refused(request(port, "POST", "/api/cohort", b"a,b\n", CSV | sent), 403)
    assert "another" in refused(request(port, "GET", "/api/start", headers=sent), 403)


def test_what_the_page_itself_sends_is_answered(port: int) -> None:
    own = {"Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin"}
    assert request(port, "POST", "/api/simulate", ASK, own).status == 200
    # a link on another page leads here
    assert request(port, "GET", "/", headers={"Sec-Fetch-Site": "cross-site"}).status == 200


def test_every_name_is_answered_where_every_address_listens() -> None:
    head = {"host": "cluster.example:8765", "content-type": "application/json"}
    assert refusal("POST", "/api/simulate", head, hosts_of("0.0.0.0")) is None
    foreign = refusal("POST", "/api/simulate", head | {"origin": "http://evil.example"}, hosts_of("0.0.0.0"))
    assert foreign is not None and foreign.status == 403
    assert refusal("GET", "/", {"host": "192.0.2.7:8765"}, hosts_of("192.0.2.7")) is None
    for name in ("localhost:8765", "cluster.example"):
        assert refusal("GET", "/", {"host": name}, hosts_of("192.0.2.7")) is not None


# --- what may be sent


def test_other_methods_are_refused(port: int) -> None:
    for method in ("PUT", "DELETE", "OPTIONS", "PATCH", "TRACE"):
        reply = request(port, method, "/api/simulate")
        assert refused(reply, 405) and reply.headers["allow"] == "GET, HEAD, POST"
    refused(request(port, "GET", "/api/simulate"), 405)
    refused(request(port, "POST", "/", {}), 405)
    refused(request(port, "POST", "/static/js/main.js", {}), 405)


def test_head_has_the_headers_of_get_and_no_body(port: int) -> None:
    for path in ("/", "/static/js/main.js"):
        get, head = request(port, "GET", path), request(port, "HEAD", path)
        assert head.status == 200 and head.data == b"" and get.data
        assert {**get.headers, "date": ""} == {**head.headers, "date": ""}


@pytest.mark.parametrize(
    "media", ["", "text/plain", "text/csv", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_another_content_type_is_refused(media: str, port: int) -> None:
    """A foreign page can send these without being asked for leave first."""
    assert "application/json" in refused(
        request(port, "POST", "/api/simulate", json.dumps(ASK), {"Content-Type": media}), 415
    )
    assert "text/csv" in refused(request(port, "POST", "/api/cohort", b"a\n", JSON), 415)


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"{'a': 1}", b'{"a": NaN}', b'{"a": -Infinity}', b'"\xff"', b"\xef\xbb\xbf{}"),
        *(b"[]", b"3", b'"text"', b"null", b'{"schedule": "\\ud800"}', b'{"a": ' + b"9" * 5000 + b"}"),
        *(b"[" * BODY, b'{"a":' * (BODY // 5), b"[" * (BODY // 2) + b"]" * (BODY // 2)),
    ],
)
def test_what_is_not_a_json_object_is_refused(text: bytes, port: int) -> None:
    assert "JSON" in refused(request(port, "POST", "/api/simulate", text, JSON), 400)


@pytest.mark.parametrize(("path", "media", "limit"), [("simulate", JSON, JSON_BYTES), ("cohort", CSV, MOST_BYTES)])
def test_a_body_too_large_is_refused(path: str, media: dict[str, str], limit: int, port: int) -> None:
    """By the length it declares, and by counting when it declares none; a browser gets the answer in both cases."""
    path = f"/api/{path}"
    assert "at most" in refused(request(port, "POST", path, b" " * (limit + 1), media), 413)
    pieces = (b" " * 50_000 for _ in range(limit // 50_000 + 1))
    assert "at most" in refused(request(port, "POST", path, pieces, media), 413)
    assert request(port, "POST", path, b" " * limit, media).status in (200, 400, 422)


def test_a_body_far_too_large_is_refused_unread(port: int) -> None:
    kind = "Content-Type: application/json\r\nConnection: close"
    for length in ("99999999999", "9" * 30):
        head = f"POST /api/simulate HTTP/1.1\r\nHost: localhost\r\n{kind}\r\nContent-Length: {length}\r\n\r\n"
        assert raw(port, head.encode()).startswith((b"HTTP/1.1 413", b"HTTP/1.1 400"))


def body_of(*parts: bytes, limit: int = 10, seconds: float = 5.0) -> bytes | Refusal | None:
    """What the guard makes of the parts of a body; after the last one the client is silent."""
    sent = list(parts)

    async def receive() -> dict[str, Any]:
        if not sent:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": sent.pop(0), "more_body": True}

    return asyncio.run(read_body(receive, limit, seconds=seconds))  # type: ignore[arg-type]


def test_a_body_that_never_ends_is_given_up() -> None:
    slow = body_of(b"1", b"2", seconds=0.05)
    assert isinstance(slow, Refusal) and slow.status == 408
    endless = body_of(*[bytes(1_000_000)] * 40)
    assert isinstance(endless, Refusal) and endless.status == 413


def test_half_a_body_is_no_body() -> None:
    """Of a client that leaves before the end."""
    sent = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> dict[str, Any]:
        return sent.pop(0)

    assert asyncio.run(read_body(receive, 10)) is None  # type: ignore[arg-type]


def test_a_client_that_leaves_is_forgotten(port: int) -> None:
    head = b"POST /api/simulate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(head + b"Content-Length: 100\r\n\r\n{")
    assert request(port, "GET", "/").status == 200


def test_a_long_head_is_refused(port: int) -> None:
    assert raw(port, b"GET /" + b"a" * HEAD).startswith(b"HTTP/1.1 400")


# --- files


def test_files_have_their_types_whatever_the_system_says(port: int) -> None:
    assert request(port, "GET", "/").headers["content-type"] == "text/html; charset=utf-8"
    script = request(port, "GET", "/static/js/main.js")
    assert script.data == b"export {}" and script.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing", "/api", "/api/", "/api/nothing", "/static", "/static/", "/static/js", "/static/js/", "/docs"),
        *("/static/../secret.py", "/static/%2e%2e/secret.py", "/static/..%2fsecret.py", "/static/%2e%2e%2fsecret.py"),
        *("/static/js/../../secret.py", "/static//etc/passwd", "/static/%2fetc%2fpasswd", "/static/..%5csecret.py"),
        *("//etc/passwd", "/../secret.py", "/static/link.js", "/static/js/main.js%00.txt", "/static/" + "a" * 5000),
        *("/static/%ff", "/secret.py"),
    ],
)
def test_nothing_else_is_served(path: str, port: int) -> None:
    refused(request(port, "GET", path), 404)


def test_a_file_already_there_is_not_sent_again(port: int) -> None:
    first = request(port, "GET", "/static/js/main.js")
    again = request(port, "GET", "/static/js/main.js", headers={"If-None-Match": first.headers["etag"]})
    assert again.status == 304 and again.data == b"" and again.headers["content-security-policy"] == POLICY


def test_the_page_has_its_files(tmp_path: Path) -> None:
    assert missing_files() == ()
    assert set(missing_files(small_page(tmp_path))) == set(FILES) - {"index.html", "js/main.js"}
