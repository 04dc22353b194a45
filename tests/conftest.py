"""Settings for all tests: reproducible random inputs, and no skipped test where CI=true."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# no deadline: the first example of a run pays for imports and code generation
settings.register_profile("pkpd", deadline=None, derandomize=True)
settings.load_profile("pkpd")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def short_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a short run."""
    from commands import SHORT, works

    folder = tmp_path_factory.mktemp("short") / "small"
    works("run", "he2020", *SHORT, "--output", str(folder))
    return folder


@pytest.fixture
def small(short_run: Path, here: Path) -> Path:
    """A copy of it, as `small` in the current folder."""
    return shutil.copytree(short_run, here / "small")


SKIPPED: list[str] = []


def _note(report: pytest.TestReport | pytest.CollectReport) -> None:
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        SKIPPED.append(f"{report.nodeid}: {reason}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _note(report)


def pytest_collectreport(report: pytest.CollectReport) -> None:
    _note(report)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> Iterator[None]:
    if SKIPPED and os.environ.get("CI") == "true" and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    yield


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if SKIPPED and os.environ.get("CI") == "true":
        terminalreporter.section("skipped, which counts as failed where CI=true", red=True)
        for line in SKIPPED:
            terminalreporter.line(line)
