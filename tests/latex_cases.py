"""LaTeX set by pdflatex, text that is hard to set, and how far off the page a line may run."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

# a hair line is 0.4 pt and a letter about 5: what is less too wide cannot be seen beside a margin of 57 pt
TOO_WIDE = 3.0
NASTY = r"50 % of CD4+ & CD8_a #1 ~ {x}^2 $5 \input{x} <a|b> «µ² – ≤ 10 µg/m²» naïve Šimůnek 中 🙂 --- ''quoted'' ?`"


def compiled(folder: Path, text: str, runs: int = 1) -> str:
    """The log of pdflatex on a document; whatever it cannot set is an error of the test."""
    if shutil.which("pdflatex") is None:
        pytest.skip("pdflatex is not installed: apt-get install texlive-latex-base")
    (folder / "a.tex").write_text(text, encoding="ascii")
    for _ in range(runs):
        done = subprocess.run(
            ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "a.tex"],
            cwd=folder,
            capture_output=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stdout.decode(errors="replace")[-2000:]
    assert (folder / "a.pdf").stat().st_size > 0
    log = (folder / "a.log").read_text(encoding="latin-1")
    assert "Missing character" not in log
    # a bitmap font would have to be made on the spot, and prints badly
    assert ".pk" not in log
    return log


def overfull(log: str) -> list[float]:
    """By how many pt each line of a compiled document is too wide."""
    return [float(width) for width in re.findall(r"Overfull \\hbox \(([\d.]+)pt", log)]
