"""Writes the reports that the tests compare word by word: `python scripts/golden.py` renews tests/golden/."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from pkpd.cli.main import main

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "golden"
COMMANDS = {
    "run_he2020": ["run", "he2020", "--no-figures", "--output", "he2020"],
    "simulate_minimal": ["simulate", "0.4 MIU/m2 daily x5", "--model", "il2_minimal", "--bsa", "1.6", "--days", "14"],
    "schedule_he2020": ["schedule", "he2020"],
    "schedules": ["schedules"],
    "model_il2": ["model", "il2"],
    "model_il2_minimal_latex": ["model", "il2_minimal", "--latex"],
    "check": ["check", "il2", "il2_minimal", "schedules", "he2020", "references"],
    "references_he2020": ["references", "he2020"],
    "fit_small": ["fit", "dilt1d", "hao2020", "--vary", "treg_ec50,treg_activation", "--starts", "2"],
}


def report(name: str) -> str:
    """What a command prints, run in an empty folder."""
    text = io.StringIO()
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), contextlib.redirect_stdout(text):
        try:
            main(COMMANDS[name])
        except SystemExit as end:
            if end.code:
                raise RuntimeError(f"{name} ended with status {end.code}") from None
    return text.getvalue()


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name in COMMANDS:
        (FOLDER / f"{name}.txt").write_text(report(name), encoding="utf-8")
