"""Draws the figure of the README: the overview page of the index trial, with the calibrated parameters and the band of
the draws that come with them.
"""

from __future__ import annotations

from pathlib import Path

import pkpd
from pkpd.inference.uncertainty.draws import default_draws
from pkpd.output.plots.overview import figures
from pkpd.output.plots.style import image
from pkpd.studies.study import load_study
from pkpd.trials.run import simulate_run, study_run
from pkpd.trials.uncertainty import run_bands, uncertainty_of

FILE = Path(__file__).resolve().parent / "he2020.png"


def main() -> None:
    """Simulate both arms as `pkpd run he2020` does, and write the picture beside this script."""
    run, draws = study_run(load_study("he2020")), default_draws("il2")
    assert draws is not None
    uncertainty, _ = uncertainty_of(run, draws, pkpd.load_parameters("il2"))
    assert uncertainty is not None
    trajectories = simulate_run(run)
    labels = {arm.name: f"{arm.label} arm" for arm in run.arms}
    title = "1 MIU of IL-2 every other day × 7, two weeks off, three cycles, against placebo"
    drawn = figures(trajectories, run.visits, labels, title, run_bands(run, trajectories, uncertainty))
    FILE.write_bytes(image(drawn["overview"], "png"))
    print(FILE)


if __name__ == "__main__":
    main()
