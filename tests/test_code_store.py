"""The store of compiled code: what it is named by, who may write to it, and what happens where it cannot be used."""

from __future__ import annotations

import errno
import logging
import os
import platform
import stat
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import models
import numpy as np
import platformdirs
import pytest

from pkpd.engine.code import library, machine, store
from pkpd.model.declaration import Expression, Model
from pkpd.model.grammar import Builder, build
from pkpd.simulation import simulate

DATA = b"what was compiled" * 100


@pytest.fixture(scope="module", autouse=True)
def loop() -> None:
    """The stepping loop, which takes seconds, from the folder of everybody."""
    machine.kernel()


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder for code, and another for temporary files; nothing remembered of earlier ones."""
    folder, temporary = tmp_path / "cache", tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setenv("PKPD_CACHE", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    store._safe.cache_clear()
    yield folder
    store._safe.cache_clear()


def fallback(folder: Path) -> Path:
    """The folder among the temporary files."""
    return folder.parent / "temporary" / f"pkpd-{os.getuid()}"


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


# what is stored


def test_what_is_written_is_read(cache: Path) -> None:
    assert store.read("code") is None
    store.write("code", DATA)
    assert store.read("code") == DATA
    assert files(cache) == ["code"] and not files(cache.parent / "temporary")
    store.write("code", DATA[::-1])
    assert store.read("code") == DATA[::-1] and files(cache) == ["code"]
    assert stat.S_IMODE(cache.stat().st_mode) == 0o700


@pytest.mark.parametrize("damage", ["empty", "short", "longer", "one bit", "the digest", "cut in the digest", "zeros"])
def test_a_damaged_file_counts_as_missing(cache: Path, damage: str) -> None:
    store.write("code", DATA)
    whole = (cache / "code").read_bytes()
    middle = len(whole) // 2
    changed = {
        "empty": b"",
        "short": whole[:-1],
        "longer": whole + b"\0",
        "one bit": whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :],
        "the digest": bytes([whole[0] ^ 1]) + whole[1:],
        "cut in the digest": whole[:20],
        "zeros": bytes(len(whole)),
    }
    (cache / "code").write_bytes(changed[damage])
    assert store.read("code") is None
    store.write("code", DATA)
    assert store.read("code") == DATA


def test_a_name_tells_parts_and_their_borders_apart() -> None:
    keys = {store.key(parts) for parts in (["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""], ["c", "ab"], [])}
    assert len(keys) == 6
    assert store.key(["ä"]) == store.key(["ä".encode()]) == store.key(iter(["ä"]))


# where


def test_without_a_name_the_users_own_folder_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("PKPD_CACHE")
    monkeypatch.setattr(platformdirs, "user_cache_dir", lambda *_, **__: str(tmp_path / "own" / "pkpd"))
    store.write("code", DATA)
    assert files(tmp_path / "own") == ["code"]


def refusing(folder: Path) -> Callable[..., Any]:
    """Writing as on a disk that can only be read; modes would not stop a superuser."""
    write = Path.write_bytes

    def refused(path: Path, data: bytes) -> int:
        if path.is_relative_to(folder):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))
        return write(path, data)

    return refused


def test_a_folder_that_can_only_be_read(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies there is used; what is new goes among the temporary files, and is found there."""
    store.write("old", DATA)
    cache.chmod(0o500)
    monkeypatch.setattr(Path, "write_bytes", refusing(cache))
    store.write("new", DATA)
    assert store.read("old") == store.read("new") == DATA
    assert files(cache) == ["old"] and files(fallback(cache)) == ["new"]


@pytest.mark.parametrize("call", ["write_bytes", "replace", "mkdir"])
def test_no_folder_can_be_written(cache: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    """Compiled each time then; nothing is left behind, and the numbers are the same."""

    def refused(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os if call == "replace" else Path, call, refused)
    found = simulate("none", fresh_model("no_folder", 0.1), times=[1.0])
    assert found["y"] == pytest.approx([np.exp(-2.4)], rel=1e-5)
    assert files(cache.parent) == []


def fresh_model(name: str, k: float, slope: Callable[[Expression], Expression] = lambda y: -y) -> Model:
    """A model that no other test compiles."""

    def block(m: Builder) -> None:
        y = m.state("y", "mg", initial=1)
        m.change(y, m.parameter("k", "1/h", value=k) * slope(y))
        m.output("y", y, "mg")
        m.route("iv", into=y, unit="mg")

    return build(name, block)


# who may write there: what lies there runs as code


@pytest.mark.parametrize("mode", [0o777, 0o770, 0o720, 0o702, 0o1777])
def test_a_folder_that_others_can_write_is_not_used(cache: Path, mode: int) -> None:
    store.write("code", DATA)
    cache.chmod(mode)
    store._safe.cache_clear()
    assert store.read("code") is None
    store.write("more", DATA)
    assert files(cache) == ["code"] and files(fallback(cache)) == ["more"]


def test_a_folder_of_someone_else_is_not_used(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as one that was made among the temporary files before we came."""
    store.write("code", DATA)
    look = os.lstat

    def another(path: Any, **more: Any) -> Any:
        found = look(path, **more)
        return SimpleNamespace(st_mode=found.st_mode, st_uid=54321) if str(path) == str(cache) else found

    monkeypatch.setattr(os, "lstat", another)
    store._safe.cache_clear()
    assert store.read("code") is None
    store.write("more", DATA)
    assert files(cache) == ["code"] and files(fallback(cache)) == ["more"]


def test_a_link_to_a_folder_is_not_followed(cache: Path, tmp_path: Path) -> None:
    """Whoever can change the link could send us elsewhere."""
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    cache.symlink_to(tmp_path / "elsewhere")
    store.write("code", DATA)
    assert files(tmp_path / "elsewhere") == [] and files(fallback(cache)) == ["code"]


def test_a_file_in_place_of_the_folder(cache: Path) -> None:
    cache.write_text("mine")
    store.write("code", DATA)
    assert cache.read_text() == "mine" and store.read("code") == DATA


# what names depend on


def names(monkeypatch: pytest.MonkeyPatch, model: Model | None = None) -> dict[str, str]:
    """The names under which code is looked for: the kernel, a built-in model both ways, a user's model."""
    machine.processor.cache_clear()
    machine._release.cache_clear()
    asked = list[str]()

    class Enough(Exception):
        pass

    def note(name: str) -> None:
        asked.append(name)
        raise Enough

    with monkeypatch.context() as patch:
        patch.setattr(store, "read", note)
        for call in (machine.kernel.__wrapped__, lambda: library._packed(model or MINE, False)):
            with pytest.raises(Enough):
                call()
    return dict(
        zip(("kernel", "mine"), asked, strict=True),
        plain=library._source_key("il2", False),
        sensitive=library._source_key("il2", True),
        other=library._source_key("il2_minimal", False),
    )


MINE = fresh_model("mine", 0.1)
ALL = {"kernel", "mine", "plain", "sensitive", "other"}
INGREDIENTS: dict[str, tuple[Any, str, Any, set[str]]] = {
    "Python": (platform, "python_version", lambda: "3.99.0", ALL - {"mine"}),
    "numba": (machine, "version", lambda name: "0.1" if name == "numba" else "1", ALL),
    "llvmlite": (machine, "version", lambda name: {"llvmlite": "0.1", "numba": NUMBA}[name], ALL),
    "sympy": (library, "version", lambda name: "0.1", ALL - {"kernel", "mine"}),
    "processor": (machine.llvm, "get_host_cpu_name", lambda: "abacus", ALL),
    "its features": (machine.llvm, "get_host_cpu_features", lambda: SimpleNamespace(flatten=lambda: "+beads"), ALL),
}
NUMBA = machine._release("numba")


@pytest.mark.parametrize("what", INGREDIENTS)
def test_another_version_or_processor_has_other_code(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(monkeypatch)
    assert len(set(before.values())) == len(before) and names(monkeypatch) == before
    module, attribute, value, changed = INGREDIENTS[what]
    with monkeypatch.context() as patch:
        patch.setattr(module, attribute, value)
        after = names(monkeypatch)
    machine.processor.cache_clear()
    machine._release.cache_clear()
    assert {name for name in before if before[name] != after[name]} == changed


@pytest.mark.parametrize(
    "other",
    [
        fresh_model("mine", 0.1, lambda y: -2 * y),
        fresh_model("mine", 0.2),
        build("mine", models.decay),
        models.one_compartment("d"),
    ],
    ids=["equation", "default value", "another model of that name", "unit of time"],
)
def test_another_model_has_other_code(other: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(monkeypatch)["mine"]
    assert names(monkeypatch, fresh_model("mine", 0.1))["mine"] == before
    assert names(monkeypatch, other)["mine"] != before


# compiling


def test_compiling_is_told_once(cache: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And not again by whoever finds it in the store; damaged, it is made again."""
    caplog.set_level(logging.INFO, "pkpd")
    said, found = [], []
    for damage in (False, False, True, False):
        if damage:
            for path in cache.glob("told*"):
                path.write_bytes(path.read_bytes()[:-7])
        library._code.cache_clear()
        caplog.clear()
        code = library.code_of(fresh_model("told", 0.1))
        found.append(code.own)
        said.append([record.getMessage() for record in caplog.records])
    once = ["compiling model told for this processor, once"]
    assert said == [once, [], once, []] and found == [1, 1, 1, 1]


def test_many_threads_ask_at_once(cache: Path) -> None:
    """All of them get code that runs; no half-written file is left."""
    made = [fresh_model(f"threads_{k % 2}", 0.1) for k in range(8)]

    def level(model: Model) -> float:
        return float(simulate("none", model, times=[1.0])["y"][0])

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(level, made))
    assert len(set(found)) == 1 and found[0] == pytest.approx(np.exp(-2.4), rel=1e-5)
    assert not [name for name in files(cache.parent) if name.endswith(".part")]
