"""Draws the figure of the README: the overview page of the index trial, with the reference parameters."""

from __future__ import annotations

from pathlib import Path

from pkpd.output.plots.overview import compose_overview
from pkpd.output.plots.style import image
from pkpd.simulation import grid, simulate
from pkpd.trials.study import load_study

HOURS = (0.5, 1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18)  # after each dose, so that peaks are not cut off
FILE = Path(__file__).resolve().parent / "he2020.png"


def main() -> None:
    """Simulate both arms, every six hours and closer after doses, and write the picture beside this script."""
    study = load_study("he2020")
    doses = {float(dose.time) for arm in study.arms for dose in arm.schedule.doses}
    times = {day + hours / 24 for day in doses for hours in HOURS}
    for arm in study.arms:
        times |= {float(day) for day in grid(arm.schedule, study.days)}
    trajectories = [
        simulate(
            arm.schedule,
            parameters=arm.parameters.over(study.parameters),
            times=sorted(times | set(study.visits)),
            arm=f"{arm.label} arm",
        )
        for arm in study.arms
    ]
    title = "1 MIU of IL-2 every other day x 7, two weeks off, three cycles, against placebo"
    FILE.write_bytes(image(compose_overview(trajectories, study.visits, title), "png"))
    print(FILE)


if __name__ == "__main__":
    main()
