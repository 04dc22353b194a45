"""Records of every kind: which command takes which, and that a fit is no source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from commands import SHORT, edit, pkpd, record, refused, works

from pkpd.errors import FileError
from pkpd.output.provenance import read_record
from pkpd.parameters import FIT, load_parameters
from pkpd.references import load_references

pytestmark = pytest.mark.usefixtures("here")

FITTED = ("--vary", "treg_ec50", "--starts", "1", "--no-sensitivity", "--no-left-out", "--draw-count", "3")
# kind -> its record
FILES = {
    "run": "run/run.json",
    "fit": "fit/run.json",
    "profile": "profile/run.json",
    "prediction": "prediction/predictions.csv.run.json",
}
OTHERS = tuple(kind for kind in FILES if kind != "run")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a record of each kind, as the commands write them."""
    top = tmp_path_factory.mktemp("kinds")
    works("run", "he2020", *SHORT, "--output", f"{top}/run")
    works("fit", "dilt1d", *FITTED, "--output", f"{top}/fit")
    works("profile", f"{top}/fit", "--output", f"{top}/profile")
    works("predict", "dilt1d", "--output", f"{top}/prediction")
    return top


def keys(said: str) -> set[str]:
    """The keys of a printed bibliography."""
    return {line[1:].partition("]")[0] for line in said.splitlines()}


def used(table: object) -> set[str]:
    """The sources of all parameters below a table."""
    if not isinstance(table, dict):
        return set()
    own = set(table["source"]) if isinstance(table.get("source"), list) else set()
    return own.union(*map(used, table.values()))


@pytest.mark.parametrize("kind", FILES)
def test_a_record_says_its_kind(kind: str, folder: Path) -> None:
    path = folder / FILES[kind]
    found = read_record(path, kind)
    assert found["kind"] == kind and found == read_record(path, "") == record(path)
    for other in FILES:
        if other != kind:
            with pytest.raises(FileError, match=f"is the record of a {kind}, where that of a {other} is needed"):
                read_record(path, other)


def test_a_run_is_what_is_read_unless_said(folder: Path) -> None:
    assert read_record(folder / FILES["run"])["kind"] == "run"
    for kind in OTHERS:
        with pytest.raises(FileError, match="where that of a run is needed"):
            read_record(folder / FILES[kind])


@pytest.mark.parametrize("kind", ["", "Fit", "fits", "study", None, 3, ["fit"]])
def test_any_other_kind_is_refused(kind: object, folder: Path) -> None:
    Path("a.json").write_bytes((folder / FILES["fit"]).read_bytes())
    edit(Path("a.json"), {"kind": kind})
    for asked in ("", "run", "fit"):
        with pytest.raises(FileError, match="is not a record"):
            read_record("a.json", asked)
    assert pkpd("check", "a.json").status == pkpd("references", "a.json").status == 2


@pytest.mark.parametrize(
    "change",
    [{"command": ...}, {"command": 3}, {"files": ...}, {"tables": []}, {"versions": {"numpy": 2}}, {"seed": "1"}],
)
@pytest.mark.parametrize("kind", FILES)
def test_a_damaged_record_of_any_kind_is_refused(kind: str, change: dict[str, Any], folder: Path) -> None:
    Path("a.json").write_bytes((folder / FILES[kind]).read_bytes())
    edit(Path("a.json"), change)
    for asked in ("", kind):
        with pytest.raises(FileError, match=r"a\.json is damaged"):
            read_record("a.json", asked)
    assert pkpd("check", "a.json").status == pkpd("references", "a.json").status == 2


def test_only_searches_have_a_seed(folder: Path) -> None:
    assert {kind: record(folder / FILES[kind])["seed"] for kind in FILES} == {
        **{"run": None, "prediction": None},
        **{"fit": 1, "profile": 1},
    }
    Path("a.json").write_bytes((folder / FILES["run"]).read_bytes())
    edit(Path("a.json"), {"seed": 1})
    for asked in ("run", ""):
        with pytest.raises(FileError, match="seed"):
            read_record("a.json", asked)


@pytest.mark.parametrize("kind", OTHERS)
def test_check_takes_every_kind(kind: str, folder: Path) -> None:
    path = str(folder / FILES[kind])
    assert works("check", path) == f"{path}: the record of a {kind}: {record(path)['command']}\n"


@pytest.mark.parametrize("kind", FILES)
def test_references_takes_every_kind(kind: str, folder: Path) -> None:
    path = folder / FILES[kind]
    said = works("references", str(path))
    found = record(path)
    wanted = used(found["arms"] if kind == "run" else found["parameters"]) | set(found.get("sources", ()))
    fits = {key for key in wanted if key.startswith(FIT)}
    assert fits or kind not in ("fit", "profile")
    assert keys(said) == wanted - fits - {"assumed"} <= set(load_references())


def test_the_references_of_a_fitted_set_leave_the_fit_out(folder: Path) -> None:
    path = folder / "fit" / "fitted.toml"
    source = load_parameters(path)["treg_ec50"].source
    assert source[0] == "fit of il2 to dilt1d" and len(source) > 1
    said = works("references", str(path))
    assert FIT not in said and set(source[1:]) < keys(said) == set(load_parameters(path).sources())


@pytest.mark.parametrize("kind", OTHERS)
def test_only_a_run_is_replayed(kind: str, folder: Path) -> None:
    sentence = refused("run", "--replay", str(folder / FILES[kind]), "--output", "again")
    assert f"is the record of a {kind}, where that of a run is needed" in sentence
