"""What the README says is so: its code runs, its commands exist, its generated parts are up to date."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from pkpd.cli.main import main
from pkpd.dosing.library import load_schedule, read_schedules
from pkpd.dosing.text import parse

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
sys.path.insert(0, str(ROOT / "scripts"))


def fenced(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


@pytest.mark.parametrize("code", fenced("python"))
def test_python_runs(code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(code, "README.md", "exec"), {"__name__": "readme"})  # noqa: S102 - the README is ours


def test_own_model_runs_through_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code = next(c for c in fenced("python") if "one_compartment" in c)
    command = re.search(r"`pkpd simulate (.*?) --model my_model.py:model`", README)
    assert command
    model = tmp_path / "my_model.py"
    model.write_text(code, encoding="utf-8")
    with pytest.raises(SystemExit) as end:
        main(["simulate", command[1].strip('"'), "--model", f"{model}:model"])
    assert end.value.code == 0
    assert "conc mg/L" in capsys.readouterr().out


def test_schedule_table_and_file(tmp_path: Path) -> None:
    written = re.findall(
        r"^\| (`[^|]*`) \| [^|]* \|$", README.partition("## Schedules")[2].partition("## A model")[0], re.M
    )
    texts = [text for cell in written for text in re.findall(r"`([^`]*)`", cell)]
    assert len(texts) >= 8
    for text in texts:
        assert parse(text).doses
    file = tmp_path / "mine.toml"
    file.write_text(fenced("toml")[0], encoding="utf-8")
    (name,) = read_schedules(file)
    assert len(load_schedule(f"{file}:{name}").doses) == 16


def test_generated_parts_are_up_to_date() -> None:
    from readme import filled

    assert filled(README) == README, "run: python scripts/readme.py"
