"""What a run replaces, removes and leaves alone, and where it writes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from commands import (
    SHORT,
    TABLES,
    edit,
    pkpd,
    printed_ranges,
    record,
    refused,
    rows,
    snapshot,
    study_file,
    works,
)

from pkpd.errors import FileError
from pkpd.output import provenance
from pkpd.output.provenance import check_place, digest, write_results

pytestmark = pytest.mark.usefixtures("here")


def test_a_run_replaces_its_own_files(small: Path) -> None:
    before = snapshot(small)
    works("run", "he2020", *SHORT, "--set", "treg_feedback=1", "--output", "small")
    after = snapshot(small)
    assert set(after) == set(before) and after["trajectories.csv"] != before["trajectories.csv"]
    assert after["doses.csv"] == before["doses.csv"] and after["bands.csv"] != before["bands.csv"]


def test_stale_files_are_removed_unless_edited(here: Path) -> None:
    """What an earlier run wrote and this one does not: removed as written, kept as edited."""
    told = {"kind": "run", "command": "pkpd", "seed": None, "tables": {}}
    write_results("out", {"a.csv": b"a", "b.svg": b"b", "c.svg": b"c"}, told)
    (here / "out" / "c.svg").write_text("mine")
    write_results("out", {"a.csv": b"A"}, told)
    assert set(snapshot(here / "out")) == {"a.csv", "c.svg", "run.json"}
    assert (here / "out" / "c.svg").read_text() == "mine"
    # what was kept is from then on the user's
    with pytest.raises(FileError, match="was not written by pkpd"):
        write_results("out", {"c.svg": b"c"}, told)


@pytest.mark.parametrize("name", sorted(TABLES))
def test_foreign_and_edited_files_are_kept(name: str, small: Path, here: Path) -> None:
    (here / "foreign").mkdir()
    (here / "foreign" / name).write_text("mine\n")
    assert name in refused("run", "he2020", *SHORT, "--output", "foreign")
    if name == "run.json":
        edit(small / name, {"note": "mine"})
    else:
        (small / name).write_text((small / name).read_text() + "\n")
    assert name in refused("run", "he2020", *SHORT, "--output", "small")
    (small / name).unlink()
    (small / name).mkdir()
    assert name in refused("run", "he2020", *SHORT, "--output", "small")


def test_a_folder_without_its_record_is_kept(small: Path) -> None:
    (small / "run.json").unlink()
    assert "was not written by pkpd" in refused("run", "he2020", *SHORT, "--output", "small")


def test_other_files_in_the_folder_do_not_matter(small: Path) -> None:
    (small / "notes.txt").write_text("mine\n")
    works("run", "he2020", *SHORT, "--set", "treg_feedback=1", "--output", "small")
    assert (small / "notes.txt").read_text() == "mine\n"


def test_links_are_not_followed(small: Path, here: Path) -> None:
    """A table that is a link to an equal file elsewhere is replaced itself; the file elsewhere stays."""
    shutil.copy(small / "trajectories.csv", here / "kept.csv")
    (small / "trajectories.csv").unlink()
    (small / "trajectories.csv").symlink_to(here / "kept.csv")
    kept = (here / "kept.csv").read_bytes()
    pkpd("run", "he2020", *SHORT, "--set", "treg_feedback=1", "--output", "small")
    assert (here / "kept.csv").read_bytes() == kept


@pytest.mark.parametrize(
    "name", ["../victim", "{here}/victim", "../small/../victim", "x/../../victim", "..", ".", "", "a\0b"]
)
def test_a_record_reaches_no_file_outside(name: str, small: Path, here: Path) -> None:
    (here / "victim").write_text("mine\n")
    forged = record(small / "run.json")
    forged["files"][name.format(here=here)] = digest(b"mine\n")
    (small / "run.json").write_bytes(provenance._sealed({k: v for k, v in forged.items() if k != "digest"}))
    works("run", "--replay", "small/run.json", "--no-figures")
    assert (here / "victim").read_text() == "mine\n"


def test_an_unwritable_place_is_one_sentence(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "file").write_text("mine\n")
    assert "file" in refused("run", "he2020", *SHORT, "--output", "file/below")
    assert "/proc" in refused("run", "he2020", *SHORT, "--output", "/proc/below")
    (here / "loop").symlink_to("loop")
    assert "loop" in refused("run", "he2020", *SHORT, "--output", "loop/below")
    # the user of a container may write everywhere, so a folder without that right is imitated
    monkeypatch.setattr(
        Path, "mkdir", lambda *a, **k: (_ for _ in ()).throw(PermissionError(13, "Permission denied", "out"))
    )
    assert "out cannot be written: Permission denied" in refused("run", "he2020", *SHORT, "--output", "out")


def test_an_unwritable_place_is_told_before_anything_is_simulated(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A trial of minutes must not end in the sentence that its folder is a file."""
    (here / "file").write_text("mine\n")
    said = pkpd("trial", "he2020", "--replicates", "2", "--no-figures", "--output", "file/below")
    assert (said.status, said.out) == (2, "")
    assert said.err == "pkpd: file/below cannot be written to: file is a file, not a folder; choose another place\n"
    monkeypatch.setattr(provenance.os, "access", lambda *a: False)
    with pytest.raises(FileError, match="new/deep cannot be written to: nothing may be written in "):
        check_place("new/deep", ())
    assert not (here / "new").exists()


@pytest.mark.parametrize("stop", [OSError(28, "No space left on device"), KeyboardInterrupt()])
@pytest.mark.parametrize("after", range(len(TABLES)))
def test_a_stop_half_way_leaves_no_half_file(
    stop: BaseException, after: int, small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each file is the old or the new one whole, nothing else is left, and the next run succeeds."""
    before = snapshot(small)
    written: list[Path] = []
    real = Path.write_bytes

    def write(path: Path, data: bytes) -> int:
        if len(written) == after:
            real(path, data[: len(data) // 2])
            raise stop
        written.append(path)
        return real(path, data)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_bytes", write)
        said = pkpd("run", "he2020", *SHORT, "--set", "treg_feedback=1", "--output", "small")
    assert said.status == (2 if isinstance(stop, OSError) else 130) and said.err.splitlines()[-1].startswith("pkpd: ")
    works("run", "he2020", *SHORT, "--set", "treg_feedback=1", "--output", "whole")
    whole, left = snapshot(small.parent / "whole"), snapshot(small)
    assert set(left) == TABLES
    assert all(left[name] in (before[name], whole[name]) for name in TABLES - {"run.json"})
    works("run", "he2020", *SHORT, "--set", "treg_feedback=1", "--output", "small")


# --- a study's name, arms and labels


@pytest.mark.parametrize(
    "name", ["../evil", "{here}/evil", "", ".", "..", "a/b", "a\0b", "a\nb", "\x1b[31m", "x" * 300]
)
def test_a_study_cannot_choose_where_to_write(name: str, here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "work").mkdir()
    monkeypatch.chdir(here / "work")
    (here / "work" / "mine.toml").write_text(study_file(name=name.format(here=here)))
    said = pkpd("run", "mine.toml", *SHORT)
    assert said.status == 2 and "name" in said.err
    assert set(snapshot(here)) == {"work", "work/mine.toml"}


def test_labels_and_arms_are_only_text(here: Path) -> None:
    arm = '[arms."a,\\"b\\"\\n=1+1"]\nlabel = "$\\\\frac{1}$ <b>&amp; % {x}"\nschedule = "1 MIU daily x3"\n'
    (here / "mine.toml").write_text(study_file(arm))
    works("run", "mine.toml", "--model", "il2_minimal", "--days", "7", "--step", "1d", "--output", "out")
    assert {row["arm"] for row in rows("out/trajectories.csv")} == {'a,"b"\n=1+1'}


def test_a_user_s_study_has_its_own_name_and_place(here: Path) -> None:
    (here / "mine.toml").write_text(study_file())
    said = works("run", "mine.toml", *SHORT[:3])
    assert "Written to results/mine" in said
    assert set(snapshot(here / "results" / "mine")) == TABLES
    for name in TABLES - {"run.json"}:
        assert {row["arm"] for row in rows(f"results/mine/{name}")} == {"one"}
    # one table of counts and one of folds
    assert [row["day"] for row in printed_ranges(said, "Before the dose, or at the visit")] == [(0,), (3,), (7,)] * 2
