"""Where built-in files are, what a file is, and which keys it may hold."""

from __future__ import annotations

from pathlib import Path

import pytest

from pkpd import data
from pkpd.errors import FileError, nearest

pytestmark = pytest.mark.usefixtures("here")


def test_built_in_files_are_of_their_kind() -> None:
    for kind in data.KINDS:
        for name, path in data.built_in(kind).items():
            assert data.kind_of(path) == kind, path
            assert data.find(name, kind) == path
    assert set(data.built_in("parameters")) == {"il2", "il2_minimal"}
    assert {"he2020", "hao2020", "koreth2016", "roswellpark1996"} <= set(data.built_in("study"))


def test_every_shipped_file_is_built_in() -> None:
    known = {path for kind in data.KINDS for path in data.built_in(kind).values()}
    assert set(data.folder().rglob("*.toml")) == known


def test_folder_of_built_in_files_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(data, "__file__", str(tmp_path / "pkpd" / "data.py"))
    with pytest.raises(FileError, match="is missing"):
        data.folder()
    (tmp_path / "params").mkdir()
    assert data.folder() == tmp_path / "params"
    # an installed package carries its own, which wins over a folder that happens to lie beside it
    (tmp_path / "pkpd" / "params").mkdir(parents=True)
    assert data.folder() == tmp_path / "pkpd" / "params"


@pytest.mark.parametrize("name", ["mean.csv", "mean.TSV", "mean.txt"])
def test_a_table_is_no_toml(name: str, here: Path) -> None:
    (here / name).write_text("regimen,output,form,day,value\nnone,treg,fold,1,1\n")
    for kind in ("study", "parameters"):
        with pytest.raises(FileError) as refusal:
            data.read_toml(data.find(name, kind), kind)
        assert str(refusal.value) == (
            f"{name} is a table, not a {kind} file; pkpd check, fit and predict read observations"
        )


@pytest.mark.parametrize(
    ("name", "known", "said"),
    [
        ("nofile.csv", ["role.csv"], ""),
        ("cohrt.csv", ["cohort.csv", "other.csv"], "cohort.csv"),
        ("Mean2.CSV", ["mean.csv", "role.csv"], "mean.csv"),
        ("mean.csv", ["mean.tsv"], "mean.tsv"),
        ("treg_ec5", ["treg_ec50", "nk_ec50"], "treg_ec50"),
    ],
)
def test_nearest_looks_past_a_shared_ending(name: str, known: list[str], said: str) -> None:
    assert nearest(name, known) == (f"; did you mean '{said}'?" if said else "")


def test_find_takes_a_name_before_a_file_and_a_path_as_a_path(here: Path) -> None:
    (here / "il2").write_text('kind = "parameters"\n')
    assert data.find("il2", "parameters") == data.folder() / "il2.toml"
    assert data.find("./il2", "parameters") == Path("il2")
    assert data.find(here / "il2", "parameters") == here / "il2"


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("il", "parameters", "did you mean 'il2'?"),
        ("he202", "study", "did you mean 'he2020'?"),
        ("zzz", "study", "built in are: alzheimer2023"),
        ("he2020", "parameters", "neither a built-in name nor a file"),
        ("mine/he202.toml", "study", "the study file 'mine/he202.toml' does not exist; did you mean 'he2020'?"),
        ("folder", "study", "neither a built-in name nor a file"),
        ("", "study", "neither a built-in name nor a file"),
        ("a\0b", "study", "neither a built-in name nor a file"),
        ("x" * 5000, "study", "neither a built-in name nor a file"),
        ("../params/il2", "parameters", "does not exist"),
    ],
)
def test_find_refuses(name: str, kind: str, said: str, here: Path) -> None:
    (here / "folder").mkdir()
    with pytest.raises(FileError) as refusal:
        data.find(name, kind)
    assert said in str(refusal.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "does not say what it is"),
        (b"# kind = 'study'\n", "does not say what it is"),
        (b"a = 1\n", "does not say what it is"),
        (b'a = 1\nkind = "study"\n', "its first line must be kind"),
        (b"kind = 3\n", "does not say what it is"),
        (b'kind = ["study"]\n', "does not say what it is"),
        (b'[kind]\nname = "study"\n', "does not say what it is"),
        (b'kind = "studdy"\n', "did you mean 'study'?"),
        (b'kind = ""\n', "kinds are: parameters, schedules, references, study"),
        (b'kind = "run"\n', "unknown kind 'run'"),
        (b"kind = study\n", "is not valid TOML"),
        (b'kind = "study"\nkind = "study"\n', "is not valid TOML"),
        (b'kind = "study"\na = 1\n[a]\n', "is not valid TOML"),
        (b"\xff\xfe\x00", "is not valid TOML"),
        ('kind = "study"'.encode("utf-16"), "is not valid TOML"),
        (b'kind = "study"\na = ' + b"[" * 100_000, "is not valid TOML"),
        (b'kind = "study"\na = ' + b"9" * 5000, "is not valid TOML"),
        (b'kind = "study"\x00', "is not valid TOML"),
    ],
)
def test_a_file_that_is_none_of_ours(content: bytes, said: str, here: Path) -> None:
    (here / "mine.toml").write_bytes(content)
    for read in (lambda: data.kind_of("mine.toml"), lambda: data.read_toml("mine.toml", "study")):
        with pytest.raises(FileError) as refusal:
            read()
        assert "mine.toml" in str(refusal.value) and said in str(refusal.value)


def test_a_file_that_cannot_be_read(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileError, match=r"missing\.toml cannot be read: No such file or directory"):
        data.kind_of("missing.toml")
    with pytest.raises(FileError, match="cannot be read: Is a directory"):
        data.kind_of(here)
    # the user of a container may read everything, whatever its mode
    monkeypatch.setattr(
        Path, "read_bytes", lambda path: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    with pytest.raises(FileError, match=r"mine\.toml cannot be read: Permission denied"):
        data.kind_of("mine.toml")


def test_read_toml_keeps_order_and_drops_kind(here: Path) -> None:
    (here / "mine.toml").write_bytes(b'\xef\xbb\xbfkind = "study"\r\nb = 1\r\na = 2\r\n')
    assert list(data.read_toml("mine.toml", "study").items()) == [("b", 1), ("a", 2)]
    assert data.kind_of("mine.toml") == "study"
    with pytest.raises(FileError, match="kind 'study' where one of kind 'parameters' is needed"):
        data.read_toml("mine.toml", "parameters")


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"value": 1, "unit": "pM"}, ""),
        ({"value": 1, "unit": "pM", "note": ""}, ""),
        ({"value": 1}, "mine [a] lacks the key 'unit'"),
        ({"value": 1, "unti": "pM"}, "mine [a] has the unknown key 'unti'; did you mean 'unit'?"),
        ({"value": 1, "unit": "pM", "zzz": 1}, "known are: note, unit, value"),
        ({"value": 1, "unit": "pM", 3: 1}, "unknown key 3"),
        ([], "mine [a] must be a table of keys and values, found []"),
        ("unit", "must be a table"),
        (None, "must be a table"),
    ],
)
def test_only_keys(table: object, said: str) -> None:
    if not said:
        data.only_keys(table, ("note",), ("value", "unit"), "mine [a]")
        return
    with pytest.raises(FileError) as refusal:
        data.only_keys(table, ("note",), iter(("value", "unit")), "mine [a]")
    assert said in str(refusal.value)
