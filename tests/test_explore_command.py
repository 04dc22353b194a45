"""`pkpd explore`: what it checks before it listens, what it prints, and how it ends."""

from __future__ import annotations

import re
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from commands import MODEL_FILE, parameter, parameter_file, pkpd, refused, works
from explore_server import request

from pkpd.app.listen import bind

pytestmark = pytest.mark.usefixtures("here")
QUICK = ("1 MIU once", "--model", "il2_minimal", "--days", "3")


@contextmanager
def running(*arguments: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`pkpd explore` as a process, and the port of the address that it prints."""
    command = (sys.executable, "-m", "pkpd", "explore", *QUICK, "--no-browser", *arguments)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert (
                process.stdout is not None and select.select([process.stdout], [], [], 300)[0]
            )  # a model may have to be compiled
            line = process.stdout.readline()
            found = re.fullmatch(r"pkpd explore: http://127\.0\.0\.1:(\d+)/  \(Ctrl-C ends it\)\n", line)
            assert found, line
            yield process, int(found[1])
        finally:
            process.kill()


def noted(err: str) -> list[str]:
    """The lines on standard error but that a model is compiled for the first time."""
    return [line for line in err.splitlines() if not line.startswith("pkpd: compiling ")]


# --- as a process


def test_it_answers_until_ctrl_c() -> None:
    with running("--port", "0", "--set", "treg_growth=15") as (process, port):
        start = request(port, "GET", "/api/start").json
        assert start["ask"]["changes"] == {"treg_growth": "15"} and start["ask"]["schedule"] == "1 MIU once"
        assert request(port, "POST", "/api/simulate", start["ask"]).json["days"] == 3
        assert request(port, "GET", "/").headers["content-type"].startswith("text/html")
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, noted(err)) == (0, "", [])


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="how a system lists its sockets differs")
def test_only_this_machine_reaches_it() -> None:
    with running("--port", "0") as (_, port):
        lines = [
            line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()
        ]
        ours = [line[1] for line in lines if line[3] == "0A" and line[1].endswith(f":{port:04X}")]
    assert ours == [f"0100007F:{port:04X}"]


def test_nothing_is_written_by_a_session(here: Path) -> None:
    """Neither where it was started nor in the folder for temporary files; the second is made its own for this."""
    (here / "tmp").mkdir()
    (here / "work").mkdir()
    table = b"regimen,n,output,form,day,value\n1 MIU daily x5,12,treg,fold,5,2.5\n"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here / "work")
        patch.setenv("TMPDIR", str(here / "tmp"))
        with running("--port", "0") as (_, port):
            body = {"ask": {"schedule": "1 MIU once", "days": "3"}, "label": "", "pins": [], "bands": None}
            assert request(port, "POST", "/api/download/table.csv", body).status == 200
            sent = request(port, "POST", "/api/cohort?model=il2_minimal", table, {"Content-Type": "text/csv"})
            assert sent.status == 200
    assert [path for path in here.rglob("*") if path.is_file()] == []


# --- in this process


def at_once(target: Any, args: tuple[str, ...], daemon: bool) -> SimpleNamespace:
    """In place of a thread."""
    return SimpleNamespace(start=lambda: target(*args))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the server was told, instead of a server; the model is ready by then."""
    found: dict[str, Any] = {}

    def listen(application: Any, bound: Any, opened: Any) -> None:
        found.update(application=application, bound=bound.getsockname())
        opened("http://127.0.0.1:1/")

    monkeypatch.setattr("pkpd.app.listen.listen", listen)
    monkeypatch.setattr("webbrowser.open", lambda url: found.update(browser=url))
    monkeypatch.setattr("pkpd.cli.explore.threading", SimpleNamespace(Thread=at_once))
    return found


def hosts(told: dict[str, Any]) -> object:
    return told["application"].user_middleware[0].kwargs["hosts"]


def test_it_opens_a_browser_unless_told_not_to(told: dict[str, Any]) -> None:
    assert works("explore", *QUICK, "--port", "0") == "pkpd explore: http://127.0.0.1:1/  (Ctrl-C ends it)\n"
    assert told.pop("browser") == "http://127.0.0.1:1/"
    assert hosts(told) == ("127.0.0.1", "localhost", "[::1]") and told["bound"][0] == "127.0.0.1"
    works("explore", *QUICK, "--port", "0", "--no-browser")
    assert "browser" not in told


def test_another_address_is_warned_of(told: dict[str, Any]) -> None:
    said = pkpd("explore", *QUICK, "--port", "0", "--no-browser", "--host", "0.0.0.0")
    assert said.status == 0 and told["bound"][0] == "0.0.0.0" and hosts(told) == ("*",)
    warned = "note: anyone who reaches 0.0.0.0 can use this page, and nothing sent to or from it is encrypted"
    assert noted(said.err) == [warned]
    assert noted(pkpd("explore", *QUICK, "--port", "0", "--no-browser").err) == []


def test_the_first_picture_is_simulated_before_the_address_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []
    monkeypatch.setattr("pkpd.app.server.first_answer", lambda _: order.append("first") or {})
    monkeypatch.setattr("pkpd.app.listen.listen", lambda *_: order.append("listen"))
    works("explore", *QUICK, "--port", "0")
    assert order == ["first", "listen"]


def test_a_check_says_what_it_found_and_ends(here: Path) -> None:
    said = works("explore", *QUICK, "--check")
    assert said == "pkpd explore: ready; model il2_minimal, days 3, doses 1\n"
    (here / "mine.py").write_text(MODEL_FILE)
    assert "doses 0" in works("explore", "none", "--model", "mine.py:model", "--days", "1", "--check")
    (here / "mine.toml").write_text(parameter_file(parameter("treg_feedback", 1, "1"), model="il2_minimal"))
    assert "doses 1" in works("explore", *QUICK, "--params", "mine.toml", "--check")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("1 GIU once",), "GIU"),
        (("none", "--set", "treg_ec5=1"), "treg_ec50"),
        (("none", "--days", "x"), "x"),
        (("none", "--bsa", "-1"), "-1"),
        (("none", "--model", "il3"), "il3"),
        (("none", "--params", "missing.toml"), "missing.toml"),
        (("none", "--uncertainty", "missing.csv"), "missing.csv"),
        (("none", "--language", "fr"), "fr"),
        (("none", "--port", "70000"), "70000"),
        (("none", "--host", ""), "--host"),
        (("none", "--host", "192.0.2.7"), "no address '192.0.2.7'"),
    ],
)
def test_what_cannot_be_shown_is_refused_at_once(words: tuple[str, ...], sentence: str) -> None:
    assert sentence in refused("explore", *words)


def test_a_port_in_use_is_refused() -> None:
    with bind("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        assert f"{port} is in use" in refused("explore", *QUICK, "--port", str(port))


def test_a_page_without_its_files_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pkpd.app.server.STATIC", Path("nowhere"))
    monkeypatch.setattr("pkpd.app.server.missing_files.__defaults__", (Path("nowhere"),))
    assert "index.html" in refused("explore", *QUICK, "--check")


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_it_says_how_to_get_it(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    assert refused("explore", "--check") == (
        f"pkpd: pkpd explore needs {missing}; install it with: pip install 'pkpd[explore]'"
    )
