"""The named schedules: the published regimens, and files of a user's own."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

from pkpd.dosing.library import load_schedule, read_schedules, schedule_names
from pkpd.dosing.schedule import Schedule
from pkpd.dosing.text import parse
from pkpd.errors import FileError, PkpdError, ScheduleError
from pkpd.references import load_references

ROOT = Path(__file__).resolve().parent.parent
EVIDENCE = ROOT / "tests" / "data" / "evidence" / "immune_responses.csv"


def times(schedule: Schedule) -> list[Fraction]:
    return [dose.time for dose in schedule.doses]


def test_published_regimens() -> None:
    """Every regular regimen of the evidence table is in the file, with its amount, interval and count."""
    named: dict[tuple[object, ...], list[tuple[str, tuple[str, ...]]]] = {}
    for name, entry in read_schedules().items():
        dose = entry.schedule.doses[0] if entry.schedule.doses else None
        gaps = {b - a for a, b in zip(times(entry.schedule), times(entry.schedule)[1:], strict=False)}
        if dose and len(gaps) < 2:
            assert dose.route == "sc"
            key = (dose.amount, dose.prescribed_unit, len(entry.schedule.doses), *gaps)
            named.setdefault(key, []).append((name, entry.source))
    regular = 0
    for row in csv.DictReader(EVIDENCE.read_text("utf-8").splitlines()):
        if not row["times"].isdigit() or " " in row["amount_unit"]:
            continue
        for amount in row["amount"].split(" to "):
            gap = [] if row["times"] == "1" else [Fraction(row["every_days"])]
            assert (float(amount), row["amount_unit"], int(row["times"]), *gap) in named, row["study"]
            regular += 1
    assert regular > 10
    assert [name for name, _ in named[(0.26, "MIU/m2", 10, Fraction(3))]] == ["seelig2018"]


def test_library() -> None:
    assert schedule_names()[:2] == ("placebo", "he2020")
    sources = {key for entry in read_schedules().values() for key in entry.source}
    assert sources <= set(load_references())
    for entry in read_schedules().values():
        assert entry.schedule.text == entry.text, "the file writes the canonical text"
    assert load_schedule(" 1 MIU daily x5 ") == Schedule.daily("1 MIU", times=5)
    with pytest.raises(ScheduleError, match="did you mean 'he2020'"):
        load_schedule("he2O20")
    with pytest.raises(FileError):
        load_schedule("nowhere.toml:he2020")


def schedule_file(folder: Path, **changes: str) -> Path:
    keys = {"text": '"1 MIU daily x5"', "meaning": '"five days"', "source": '"assumed"', "where": '"nowhere"'}
    lines = [f"{key} = {value}" for key, value in {**keys, **changes}.items() if value]
    path = folder / "mine.toml"
    path.write_text('kind = "schedules"\n[mine]\n' + "\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_own_file(tmp_path: Path) -> None:
    path = schedule_file(tmp_path, source='["he2020", "su2024"]')
    assert load_schedule("mine", path) == load_schedule(f"{path}:mine") == Schedule.daily("1 MIU", times=5)
    assert read_schedules(path)["mine"].source == ("he2020", "su2024")
    with pytest.raises(ScheduleError, match="'he2020' is neither"):
        load_schedule("he2020", path)


def test_a_file_is_parsed_once_until_it_is_edited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = schedule_file(tmp_path)
    before, stamp = load_schedule("mine", path), path.stat()
    edited = schedule_file(tmp_path, text='"1 MIU daily x6"')
    os.utime(edited, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    # an edit that neither time nor size tells
    assert edited == path and path.stat().st_size == stamp.st_size
    assert load_schedule("mine", path) == Schedule.daily("1 MIU", times=6) != before
    parsed: list[str] = []

    def noted(text: str) -> Schedule:
        parsed.append(text)
        return parse(text)

    monkeypatch.setattr("pkpd.dosing.library.parse", noted)
    assert load_schedule("mine", path) == load_schedule(f"{path}:mine") and parsed == []
    schedule_file(tmp_path, text='"1 MIU dayly x6"')
    for _ in range(2):
        # a refusal is not kept either
        with pytest.raises(FileError, match="dayly"):
            load_schedule("mine", path)
    assert parsed == ["1 MIU dayly x6"] * 2
    path.unlink()
    with pytest.raises(FileError, match="cannot be read"):
        load_schedule("mine", path)


def test_what_is_read_cannot_be_changed(tmp_path: Path) -> None:
    """All who read a file share what was read."""
    with pytest.raises(TypeError):
        read_schedules(schedule_file(tmp_path))["mine"] = None  # type: ignore[index]


def test_two_files_of_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in (("a", '"1 MIU daily x5"'), ("b", '"1 MIU daily x6"')):
        (tmp_path / name).mkdir()
        schedule_file(tmp_path / name, text=text)
        monkeypatch.chdir(tmp_path / name)
        assert load_schedule("mine.toml:mine") == Schedule.daily("1 MIU", times=5 if name == "a" else 6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"text": '"1 MIU dayly x5"'}, "did you mean 'daily'"),
        ({"text": "5"}, "text is 5"),
        ({"txt": '"a"'}, "did you mean 'text'"),
        ({"where": ""}, "where"),
        ({"source": "[]"}, "source is empty"),
        ({"source": "[1]"}, "source is 1"),
        ({"meaning": '" "'}, "not a text"),
    ],
)
def test_own_file_refused(tmp_path: Path, changes: dict[str, str], words: str) -> None:
    with pytest.raises(PkpdError, match=r"mine\.toml.*\[?mine\]?") as caught:
        read_schedules(schedule_file(tmp_path, **changes))
    assert words in str(caught.value)


def test_schedules_load_nothing_heavy() -> None:
    heavy = ("numpy", "scipy", "sympy", "matplotlib", "numba", "pint")
    code = (
        "import sys\nfrom pkpd.dosing.given import given\nfrom pkpd.dosing.library import read_schedules\n"
        "from pkpd.dosing.sentence import sentence\n"
        "for entry in read_schedules().values(): sentence(entry.schedule), given(entry.schedule, bsa=1.6)\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
