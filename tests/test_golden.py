"""Reports, word by word. Numbers are printed to three digits, far coarser than the solver's 1e-6, so they do not depend
on the machine; `python scripts/golden.py` renews the files, and the difference is then read like any other change.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from golden import COMMANDS, FOLDER, report  # noqa: E402


@pytest.mark.parametrize("name", COMMANDS)
def test_report_is_as_written(name: str) -> None:
    assert report(name) == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_no_report_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(COMMANDS)
