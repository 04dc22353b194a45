"""What is shipped and how it is set up: sdist and wheel, pins, the setup of scripts/run and scripts/test."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import tomllib
import venv
import zipfile
from importlib import metadata
from pathlib import Path, PurePosixPath
from types import ModuleType

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
# what points at the checkout must not reach the environments tested here
BARE = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, env={**BARE, **environment}, capture_output=True, text=True, check=False)


# --- sdist and wheel


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel built from the sdist, as `build` does by default; no isolation, so no network."""
    out = tmp_path_factory.mktemp("dist")
    done = run(sys.executable, "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(list(out.glob("pkpd-*.tar.gz"))) == 1
    (path,) = out.glob("pkpd-*.whl")
    return path


def test_wheel_carries_params(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as content:
        names = {name for name in content.namelist() if ".dist-info/" not in name}
    params = {f"pkpd/{path.relative_to(ROOT).as_posix()}" for path in files("params")}
    for place in ("*.toml", "draws/*.csv", "fits/*.txt", "studies/*.toml", "studies/*.csv"):
        assert any(PurePosixPath(name).match(f"pkpd/params/{place}") for name in params), place
    assert names == params | {path.relative_to(ROOT).as_posix() for path in files("pkpd")}
    assert "pkpd/py.typed" in names


def test_wheel_runs_the_main_job(wheel: Path, tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "environment", tmp_path / "elsewhere"
    elsewhere.mkdir()
    venv.create(home, symlinks=True)
    python = home / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel)
    done = run(*pip, cwd=elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    # Dependencies are borrowed by path, after the install: in a folder added this way Python reads no .pth
    # file, so the checkout, which the running environment knows through one, stays out of reach.
    (site,) = home.glob("lib/python*/site-packages")
    lenders = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    (site / "borrowed.pth").write_text("\n".join(lenders))
    where = run(python, "-c", "import pkpd.data; print(pkpd.__file__, pkpd.data.folder())", cwd=elsewhere)
    assert where.stdout.split() == [str(site / "pkpd" / "__init__.py"), str(site / "pkpd" / "params")]

    done = run(home / "bin" / "pkpd", "run", "he2020", cwd=elsewhere)
    assert done.returncode == 0, done.stdout + done.stderr
    written = {path.name for path in (elsewhere / "results" / "he2020").iterdir()}
    assert written >= {"trajectories.csv", "doses.csv", "bands.csv", "run.json", "validation.csv", "validation.html"}
    assert {".png", ".svg"} <= {Path(name).suffix for name in written}


def files(*folders: str) -> list[Path]:
    """Files of the project, tracked or not but not ignored; without git, those in the shipped folders."""
    listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", *folders, cwd=ROOT)
    if listed.returncode == 0:
        paths = [ROOT / name for name in listed.stdout.split("\0") if name]
    else:
        tops = folders or ("pkpd", "params", "tests", "scripts")
        paths = [path for top in tops for path in (ROOT / top).rglob("*") if "__pycache__" not in path.parts]
    return [path for path in paths if path.is_file()]


def test_project_stands_alone() -> None:
    # put together here, so that this file passes its own test
    outside = re.compile(rb"\.\./" + rb"shared|(?<![\w.])/(?:home|root|Users)" + rb"/\w")
    found = [path.relative_to(ROOT).as_posix() for path in files() if outside.search(path.read_bytes())]
    assert len(files()) > 10
    assert found == []


# --- pinned versions


def pins() -> dict[str, str]:
    files = (ROOT / "scripts" / name for name in ("constraints.txt", "sources.txt"))
    lines = [line for file in files for line in file.read_text().splitlines()]
    pairs = [line.split("==") for line in lines if line and not line.startswith("#")]
    return {name: version for name, version in pairs}  # noqa: C416 (tells mypy that they are pairs)


def test_pins_are_complete() -> None:
    """What pyproject.toml asks for, and what that asks for in turn, is pinned within its bounds."""
    pinned, project = pins(), tomllib.loads((ROOT / "pyproject.toml").read_text())
    asked = project["project"]["dependencies"] + project["dependency-groups"]["test"]
    assert all("<" in text and ">=" in text for text in asked)
    for name in pinned:
        asked += [text for text in metadata.requires(name) or () if "extra ==" not in text]
    for requirement in map(Requirement, asked):
        if requirement.marker is None or requirement.marker.evaluate():
            name = canonicalize_name(requirement.name)
            assert name in pinned, f"{requirement} is not pinned"
            assert pinned[name] in requirement.specifier, f"{requirement}, pinned {pinned[name]}"


# --- scripts/run and scripts/test


@pytest.fixture
def setup(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    spec = importlib.util.spec_from_file_location("setup", ROOT / "scripts" / "setup_environment.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "say", lambda text: None)
    return module


@pytest.mark.parametrize("name", ["run", "test", "setup_environment.py"])
def test_scripts_parse_on_old_python(name: str) -> None:
    ast.parse((ROOT / "scripts" / name).read_text(), feature_version=(3, 6))


def test_suitable_interpreters(setup: ModuleType) -> None:
    found = [("a", (3, 10)), ("b", (3, 14)), ("c", (3, 15)), ("d", (3, 11)), ("e", (2, 7))]
    assert setup.suitable(found) == ["b", "d"]
    for found, said in (([("a", (3, 9)), ("b", (3, 15))], "PATH has 3.15, 3.9;"), ([], "PATH has none")):
        with pytest.raises(setup.SetupError, match=f"needs Python 3.11 to 3.14 and {said}"):
            setup.suitable(found)


def test_idle_shims_are_passed_over(setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shims = {"python3.14": "exit 127", "python3.13": "echo '(3, 12)'", "python3.12": "echo huh"}
    for name, body in shims.items():
        (tmp_path / name).write_text(f"#!/bin/sh\n{body}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert setup.interpreters() == [
        (getattr(sys, "_base_executable", sys.executable), sys.version_info[:2]),
        (str(tmp_path / "python3.13"), (3, 12)),
    ]


class Steps:
    """Stands in for the two slow steps of a setup, and counts them."""

    def __init__(self, fails: bool = False) -> None:
        self.created, self.fails = 0, fails

    def create(self, path: str, found: object) -> None:
        self.created += 1
        shutil.rmtree(path, ignore_errors=True)
        venv.create(path, symlinks=True)

    def install(self, path: str) -> None:
        if self.fails:
            raise KeyboardInterrupt


def test_environment_is_made_once_and_redone_when_unfinished(setup: ModuleType, tmp_path: Path) -> None:
    path, steps = tmp_path / ".venv", Steps()
    (path / "bin").mkdir(parents=True)
    (path / "half-made").touch()
    python = setup.prepare(str(path), steps.create, steps.install)
    assert setup.version(python) == sys.version_info[:2]
    assert not (path / "half-made").exists()
    setup.prepare(str(path), steps.create, steps.install)
    assert steps.created == 1
    for spoil in (lambda: (path / "pkpd-stamp").write_text("older"), (path / "bin" / "python").unlink):
        spoil()
        before = steps.created
        setup.prepare(str(path), steps.create, steps.install)
        assert steps.created == before + 1


def test_interrupted_setup_leaves_no_stamp(setup: ModuleType, tmp_path: Path) -> None:
    path, steps = str(tmp_path / ".venv"), Steps(fails=True)
    with pytest.raises(KeyboardInterrupt):
        setup.prepare(path, steps.create, steps.install)
    assert not setup.is_ready(path)


def test_two_starts_at_once_make_one_environment(setup: ModuleType, tmp_path: Path) -> None:
    path, steps = str(tmp_path / ".venv"), Steps()
    arguments = (path, steps.create, steps.install)
    threads = [threading.Thread(target=setup.prepare, args=arguments) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert steps.created == 1
    assert setup.is_ready(path)


@pytest.mark.parametrize("lender", [True, False])
def test_without_ensurepip(setup: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lender: bool) -> None:
    calls: list[list[str]] = []

    def call(command: list[str]) -> tuple[int, str]:
        calls.append(command)
        borrowed = "--python" in command and command[0] == "old" and lender
        return (0 if "--without-pip" in command or borrowed else 1), ""

    monkeypatch.setattr(setup, "call", call)
    found = [("debian", (3, 13)), ("old", (3, 9))]
    if lender:
        setup.create(str(tmp_path / ".venv"), found)
        assert calls[-1][-1] == "pip==" + pins()["pip"]
    else:
        with pytest.raises(setup.SetupError, match="apt install python3-venv"):
            setup.create(str(tmp_path / ".venv"), found)


def test_pip_failures_are_one_sentence(setup: ModuleType) -> None:
    retry = "WARNING: Retrying after connection broken by 'NewConnectionError(...)'\nERROR: No match"
    assert "needs a network" in setup.pip_failure(retry)
    assert setup.pip_failure("note\nERROR: No match\nhint\n").endswith("sources.txt: ERROR: No match")
    assert "no message" in setup.pip_failure("")


# --- .ci/run


def test_skip_fails_only_under_ci(tmp_path: Path) -> None:
    shutil.copy(ROOT / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_it.py").write_text("import pytest\n\ndef test_it():\n    pytest.skip('no such luck')\n")
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider", tmp_path)
    assert run(*command, cwd=tmp_path, CI="").returncode == 0
    done = run(*command, cwd=tmp_path, CI="true")
    assert done.returncode == 1
    assert "test_it.py::test_it: Skipped: no such luck" in done.stdout
