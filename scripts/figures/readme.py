"""Draws the figure of the README: the overview page of the index trial, with the reference parameters."""

from __future__ import annotations

from pathlib import Path

from pkpd.output.plots.overview import figures
from pkpd.output.plots.style import image
from pkpd.trials.run import simulate_run, study_run
from pkpd.trials.study import load_study

FILE = Path(__file__).resolve().parent / "he2020.png"


def main() -> None:
    """Simulate both arms as `pkpd run he2020` does, and write the picture beside this script."""
    run = study_run(load_study("he2020"))
    labels = {arm.name: f"{arm.label} arm" for arm in run.arms}
    title = "1 MIU of IL-2 every other day × 7, two weeks off, three cycles, against placebo"
    drawn = figures(simulate_run(run), run.visits, labels, title)
    FILE.write_bytes(image(drawn["overview"], "png"))
    print(FILE)


if __name__ == "__main__":
    main()
