"""The command line called in this process, and small files of every kind for it to read."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pkpd.cli.main import main

MAIN_JOB: list[tuple[Path, str]] = []


@dataclass(frozen=True, slots=True)
class Said:
    """Exit status and what was printed."""

    status: int
    out: str
    err: str


def pkpd(*arguments: str) -> Said:
    """`pkpd ARGUMENTS` in this process; anything but an orderly exit is an error of the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as end:
        main(arguments)
    assert isinstance(end.value.code, int)
    assert "Traceback" not in out.getvalue() + err.getvalue()
    return Said(end.value.code, out.getvalue(), err.getvalue())


def works(*arguments: str) -> str:
    """What a command prints that must succeed."""
    said = pkpd(*arguments)
    assert said.status == 0, said.err
    return said.out


def refused(*arguments: str) -> str:
    """The one sentence of a command that must be refused, leaving every file as it was; notes may come before it, and
    that a model is compiled for the first time.
    """
    before = snapshot(Path())
    said = pkpd(*arguments)
    assert said.status == 2, said
    *notes, sentence = said.err.splitlines()
    assert sentence.startswith("pkpd: ") and "compiling" not in sentence, said.err
    assert all(line.startswith(("note: ", "pkpd: compiling ")) for line in notes), said.err
    assert snapshot(Path()) == before
    return sentence


def run_main_job(factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The folder that the main job writes, with figures, and what it prints; run once for all tests."""
    if not MAIN_JOB:
        folder = factory.mktemp("main") / "he2020"
        MAIN_JOB.append((folder, works("run", "he2020", "--output", str(folder))))
    return MAIN_JOB[0]


def snapshot(folder: Path) -> dict[str, bytes | None]:
    """Every file below a folder with its content, and every folder."""
    paths = sorted(folder.rglob("*"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() if path.is_file() else None for path in paths}


def rows(path: str | Path) -> list[dict[str, str]]:
    """A CSV file as one dictionary a row."""
    with Path(path).open(newline="") as file:
        return list(csv.DictReader(file))


def column(path: str | Path, output: str, arm: str = "") -> list[float]:
    """The values of one output in a tidy table, of one arm or of all."""
    return [float(row["value"]) for row in rows(path) if row["output"] == output and arm in ("", row["arm"])]


def record(path: str | Path) -> dict[str, Any]:
    """A run.json as it stands."""
    loaded: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
    return loaded


def printed(text: str, title: str) -> list[dict[str, float]]:
    """The rows of each printed table under a title, one table after the other; a dash is NaN."""
    return [{k: math.nan if c == "-" else float(c) for k, c in row} for row in _cells(text, re.escape(title))]


def printed_ranges(text: str, title: str) -> list[dict[str, tuple[float, ...]]]:
    """The same for tables of values with their ranges: value, low and high of each column, and the day alone."""
    found = []
    for (_, day), *columns in _cells(text, re.escape(title) + r", with the 90 % range of \d+ draws"):
        assert [name for name, _ in columns[1::2]] == ["90 % range"] * (len(columns) // 2)
        pairs = zip(columns[::2], columns[1::2], strict=True)
        row = {name: (float(value), *map(float, ends.split("-"))) for (name, value), (_, ends) in pairs}
        found.append({"day": (float(day),), **row})
    return found


def _cells(text: str, title: str) -> list[list[tuple[str, str]]]:
    """Head and cell of every column of each row of the tables under a title, which is a regular expression."""
    found = []
    for table in re.findall(rf"^{title}\n((?:.+\n)+)", text + "\n", re.MULTILINE):
        head, *lines = [re.split(r"\s{2,}", line) for line in table.splitlines()]
        found += [list(zip(head, line, strict=True)) for line in lines]
    return found


def parameter(name: str, value: object, unit: str, more: str = "") -> str:
    """One table of a parameter file."""
    head = f'[{name}]\nvalue = {value}\nunit = "{unit}"\nmeaning = "of a test"\n'
    return head + f'basis = "assumed"\nsource = "assumed"\n{more}\n'


def parameter_file(*tables: str, model: str = "") -> str:
    """A parameter file of such tables."""
    return 'kind = "parameters"\n' + (f'model = "{model}"\n' if model else "") + "".join(tables)


def study_file(*arms: str, name: str = "mine", more: str = "") -> str:
    """A study of seven days with visits on days 0, 3 and 7; by default one arm on 1 MIU a day for three days."""
    head = f'kind = "study"\nname = {json.dumps(name)}\nmeaning = "of a test"\ndays = 7\nvisits = [0, 3, 7]\n{more}\n'
    return head + "".join(arms or ('[arms.one]\nschedule = "1 MIU daily x3"\n',))


# a small and a large patient on 1 MIU/m2, their sizes in two units
SIZES = tuple(
    f'[arms.{name}]\nschedule = "1 MIU/m2 daily x2"\n' + parameter(f"arms.{name}.parameters.bsa", value, unit)
    for name, value, unit in (("small", 1.2, "m2"), ("large", 24000, "cm2"))
)

SCHEDULE_FILE = """kind = "schedules"

[twice]
text = "1 MIU daily x2"
meaning = "two doses"
source = "assumed"
where = "a test"
"""

# ln 2 / 0.3 h is a half-life of 2.3 h; the drug goes straight into the one compartment, so closed forms hold.
MODEL_FILE = '''"""A user's own model: one compartment, given under the skin or into a vein."""

from pkpd import build


def drug(m):
    amount = m.state("amount", "IU", scale=1e3, meaning="drug in the body")
    m.flow("loss", m.parameter("elimination", "1/h", value=0.3, meaning="rate of loss") * amount, out_of=amount)
    m.route("sc", into=amount, unit="IU")
    m.route("iv", into=amount, unit="IU")
    m.output("amount", amount, "IU", "drug in the body")


def model():
    return build("mine", drug, time="h", meaning="one compartment")


def broken():
    raise TypeError("a slip of the pen")


number = 3
'''

# good and bad files of every kind
FILES = {
    "parameters.toml": parameter_file(parameter("treg_ec50", 12, "pM")),
    "misspelt.toml": parameter_file(parameter("treg_ec5", 12, "pM")),
    "dimension.toml": parameter_file(parameter("treg_ec50", 12, "L")),
    "negative.toml": parameter_file(parameter("linear_clearance", -5, "L/h")),
    "minimal.toml": parameter_file(parameter("treg_feedback", 1, "1"), model="il2_minimal"),
    "huge.toml": parameter_file(parameter("treg_ec50", "9" * 400, "pM")),
    "schedules.toml": SCHEDULE_FILE,
    "study.toml": study_file(),
    "malformed.toml": 'kind = "study"\nname = \n',
    "empty.toml": "",
    "list.json": "[]",
    "broken.json": '{"kind": "run"',
    "mine.csv": "mine\n",
    "mine.png": "mine\n",
    "ours.csv": "mine\n",
    "ours.csv.run.json": "mine\n",
    "model.py": MODEL_FILE,
    "syntax.py": "def (\n",
    "leaves.py": "raise SystemExit(0)\n",
    "folder/inside.txt": "mine\n",
}


def put_files(folder: Path) -> None:
    """Those files, and one of bytes that are no text."""
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True, parents=True)
        (folder / name).write_text(text)
    (folder / "binary").write_bytes(bytes(range(256)))


# what every run of a built-in model writes; what it adds beside the figures; and a run that takes a tenth of a second
TABLES = {"trajectories.csv", "doses.csv", "bands.csv", "run.json"}
VALIDATION = {"validation.csv", "validation.html"}
SHORT = ("--model", "il2_minimal", "--no-figures", "--times", "0,1,2,7")


def edit(path: Path, change: dict[str, Any]) -> None:
    """Change some keys of a run.json; a value `...` takes the key away."""
    changed = {**record(path), **change}
    path.write_text(json.dumps({key: value for key, value in changed.items() if value is not ...}))
