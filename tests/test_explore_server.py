"""The server behind `pkpd explore`: answers are the modules' own, few are computed at once, and where it listens."""

from __future__ import annotations

import json
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from explore_server import ASK, CSV, JSON, refused, request, serving, small_offer, small_page

from pkpd.app.answer import answer
from pkpd.app.asked import AskError, read_ask
from pkpd.app.catalogue import model_tables, start_tables
from pkpd.app.cohort import read_cohort
from pkpd.app.downloads import download
from pkpd.app.guard import HEADERS, POLICY
from pkpd.app.listen import LOOPBACK, address, bind, hosts_of, is_loopback
from pkpd.app.offered import Offer
from pkpd.app.ranges import ranges
from pkpd.app.server import application
from pkpd.errors import PkpdError


@pytest.fixture(scope="module")
def offered() -> Offer:
    return small_offer()


@pytest.fixture(scope="module")
def port(offered: Offer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(application(offered, LOOPBACK, small_page(tmp_path_factory.mktemp("page")))) as found:
        yield found


# --- answers


def test_headers_are_on_every_answer(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    replies = [
        request(port, "GET", "/"),
        request(port, "GET", "/favicon.ico"),
        request(port, "GET", "/static/js/main.js"),
        request(port, "GET", "/nothing"),
        request(port, "GET", "/", headers={"Host": "evil.example"}),
        request(port, "PUT", "/"),
        request(port, "GET", "/api/start"),
        request(port, "GET", "/api/nothing"),
        request(port, "POST", "/api/simulate", ASK),
        request(port, "POST", "/api/simulate", {"a": 1}),
        request(port, "POST", "/api/simulate", b"{", JSON),
        request(port, "POST", "/api/simulate", b"x" * 70_000, JSON),
    ]
    assert [reply.status for reply in replies] == [200, 204, 200, 404, 403, 405, 200, 404, 200, 422, 400, 413]
    for reply in replies[:6]:
        assert reply.headers["cache-control"] == "no-cache"
    for reply in replies[6:]:
        assert reply.headers["cache-control"] == "no-store"
    for reply in replies:
        assert {name: reply.headers.get(name) for name in HEADERS} == HEADERS
        assert "server" not in reply.headers and "access-control-allow-origin" not in reply.headers


def plain(value: Any) -> Any:
    """A value as it comes out of JSON."""
    return json.loads(json.dumps(value))


def test_answers_are_the_modules_own(port: int, offered: Offer) -> None:
    assert request(port, "GET", "/api/start").json == plain(start_tables(offered))
    model = request(port, "GET", "/api/model?model=il2_minimal&set=")
    assert model.json == plain(model_tables("il2_minimal", "", offered))
    assert request(port, "POST", "/api/simulate", ASK).json == plain(answer(read_ask(ASK, offered), offered))
    asked = {"ask": ASK, "kind": "population", "patients": 10, "seed": 1}
    assert request(port, "POST", "/api/bands", asked).json == plain(ranges(asked, offered))
    table = b"regimen,n,output,form,day,value\n1 MIU daily x5,12,treg,fold,5,2.5\n1 MIU once,3,treg,fold,x,1\n"
    read = request(port, "POST", "/api/cohort?model=il2_minimal", table, CSV)
    assert read.json == plain(read_cohort(table, "il2_minimal", offered))


def test_a_download_is_the_modules_own(port: int, offered: Offer) -> None:
    wanted = {"ask": ASK, "label": "mine", "pins": [], "bands": None}
    for name in ("table.csv", "schedule.toml"):
        reply, made = request(port, "POST", f"/api/download/{name}", wanted), download(name, wanted, offered)
        assert (reply.status, reply.data) == (200, made.data) and made.data
        assert reply.headers["content-disposition"] == f'attachment; filename="{made.name}"'
        assert reply.headers["content-type"].partition(";")[0] == made.media.partition(";")[0]
    for name in ("nothing.csv", "..", "%2e%2e%2fserver.py", "table.csv%00"):
        assert request(port, "POST", f"/api/download/{name}", wanted).status in (404, 422)


def test_a_wrong_ask_is_one_sentence_with_its_field(port: int, offered: Offer) -> None:
    for wrong in ({"schedule": "1 GIU once"}, {"days": "x"}, {"model": "il3"}, {"changes": {"treg_ec5": "1"}}):
        with pytest.raises(AskError) as error:
            answer(read_ask(ASK | wrong, offered), offered)
        reply = request(port, "POST", "/api/simulate", ASK | wrong)
        assert refused(reply, 422) == str(error.value)
        assert reply.json["field"] == error.value.field and error.value.field
    assert refused(request(port, "GET", "/api/model?model=il3"), 422)


def test_an_unexpected_error_shows_only_on_the_terminal(
    port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a secret of the inside")

    monkeypatch.setattr("pkpd.app.answer.answer", broken)
    reply = request(port, "POST", "/api/simulate", ASK)
    assert "terminal" in refused(reply, 500) and b"secret" not in reply.data
    assert reply.headers["content-security-policy"] == POLICY
    said = capfd.readouterr().err
    assert "Traceback" in said and "a secret of the inside" in said
    assert said.count("Traceback") == 1


def test_what_json_cannot_hold_is_an_error_and_not_a_wrong_number(
    port: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pkpd.app.answer.answer", lambda *_: {"value": float("nan")})
    refused(request(port, "POST", "/api/simulate", ASK), 500)
    assert "Traceback" in capfd.readouterr().err


# --- several at once


def test_requests_at_once_get_their_own_answers(port: int, offered: Offer) -> None:
    """Eight windows, four schedules: more than compute at once."""
    asks = [ASK | {"schedule": f"{k} MIU daily x2"} for k in (1, 2, 3, 4)] * 2
    with ThreadPoolExecutor(len(asks)) as pool:
        replies = list(pool.map(lambda ask: request(port, "POST", "/api/simulate", ask), asks))
    for ask, reply in zip(asks, replies, strict=True):
        assert reply.json == plain(answer(read_ask(ask, offered), offered))


def waiting(monkeypatch: pytest.MonkeyPatch, target: str) -> tuple[threading.Event, threading.Semaphore, list[Any]]:
    """A function made to wait: what lets it go on, what counts how often it began, and with what."""
    go, begun, seen = threading.Event(), threading.Semaphore(0), []

    def wait(asked: Any, *_: object) -> dict[str, Any]:
        seen.append(asked)
        begun.release()
        assert go.wait(60)
        return {}

    monkeypatch.setattr(target, wait)
    return go, begun, seen


def test_bands_do_not_keep_curves_waiting(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    go, begun, _ = waiting(monkeypatch, "pkpd.app.ranges.ranges")
    with ThreadPoolExecutor(3) as pool:
        slow = [pool.submit(request, port, "POST", "/api/bands", {"ask": ASK}) for _ in range(3)]
        try:
            assert begun.acquire(timeout=60)
            assert request(port, "POST", "/api/simulate", ASK).status == 200
            assert not begun.acquire(blocking=False)  # the other two wait for the first
        finally:
            go.set()
        assert [done.result().status for done in slow] == [200] * 3


def test_nothing_is_computed_for_a_window_that_has_gone(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of three requests for bands, the second gives up while it waits for the first."""
    go, begun, seen = waiting(monkeypatch, "pkpd.app.ranges.ranges")
    body = json.dumps({"number": 2}).encode()
    head = "POST /api/bands HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with ThreadPoolExecutor(2) as pool:
        try:
            first = pool.submit(request, port, "POST", "/api/bands", {"number": 1})
            assert begun.acquire(timeout=60)
            with socket.create_connection(("127.0.0.1", port)) as gone:
                gone.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            # answered after the server has seen that connection come and go
            assert request(port, "GET", "/").status == 200
            third = pool.submit(request, port, "POST", "/api/bands", {"number": 3})
        finally:
            go.set()
        assert first.result().status == third.result().status == 200
    assert [asked["number"] for asked in seen] == [1, 3]


# --- where it listens


def test_it_listens_on_loopback_only() -> None:
    with bind("127.0.0.1", 0) as found:
        host, port = found.getsockname()
        assert host == "127.0.0.1" and address(found) == f"http://127.0.0.1:{port}/"
    for host, loopback in {"127.0.0.1": True, "127.8.8.8": True, "::1": True, "localhost": True}.items():
        assert is_loopback(host) is loopback and set(LOOPBACK) <= set(hosts_of(host))
    for host in ("0.0.0.0", "::", "192.0.2.7", "evil.example", ""):
        assert not is_loopback(host)


def test_a_port_in_use(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(PkpdError, match=rf"--port: {port} is in use on 127\.0\.0\.1; leave it out"):
            bind("127.0.0.1", port)
        monkeypatch.setattr("pkpd.app.listen.PORT", port)
        with caplog.at_level("INFO", "pkpd"), bind("127.0.0.1") as other:
            assert other.getsockname()[1] not in (0, port)
    assert f"port {port} is in use" in caplog.text
    with bind("127.0.0.1") as default:
        assert default.getsockname()[1] == port


@pytest.mark.parametrize("host", ["192.0.2.7", "no such host", "300.1.1.1", "a" * 70, "a\0b"])
def test_an_address_of_another_machine(host: str) -> None:
    with pytest.raises(PkpdError, match=r"--host: this machine has no address"):
        bind(host, 0)


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra(missing: str, offered: Offer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(PkpdError, match=rf"needs {missing}; install it with: pip install 'pkpd\[explore\]'"):
        application(offered, LOOPBACK)
