"""Published numbers beside what the reference parameters give: `python scripts/published.py` prints the README's table.

Responses are read from tests/data/evidence/immune_responses.csv, row by row; pharmacokinetic numbers stand here with
their address. Nothing is fitted. A row is a hit inside its printed SD or range, inside twice the log standard error
assigned in the file, or, where nothing is printed, inside the allowance said in the row.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import pkpd

ROOT = Path(__file__).resolve().parent.parent
RESPONSES = ROOT / "tests" / "data" / "evidence" / "immune_responses.csv"
SOURCES = {
    "DILT1D": "zhang2022",
    "DILfrequency": "seelig2018",
    "Hao2020 PsA": "hao2020",
    "Feng2019 DM": "feng2019",
    "Koreth2016": "koreth2016",
    "RoswellPark1996": "roswellpark1996",
}
OUTPUTS = {"treg": "treg", "nk": "nk", "cd56bright": "cd56bright", "cd25": "cd25", "il2": "il2"}


@dataclass(frozen=True)
class Comparison:
    """One published number: where it is printed, its allowance, and what the model gives, all in `unit`."""

    what: str
    address: str
    unit: str
    published: str
    low: float
    high: float
    model: float

    @property
    def hit(self) -> bool:
        return self.low <= self.model <= self.high


def comparisons() -> tuple[Comparison, ...]:
    """Every comparison, pharmacokinetics first."""
    return (*pharmacokinetics(), *responses(), *courses())


@cache
def course(schedule: str, times: tuple[float, ...], changes: tuple[tuple[str, str], ...] = ()) -> pkpd.Trajectory:
    """The reference patient (1.8 m2) under a schedule."""
    return pkpd.simulate(schedule, parameters=pkpd.load_parameters("il2").set(**dict(changes)), times=times)


def hours(end: float, step: float = 1 / 12) -> tuple[float, ...]:
    """Days from 0 to `end` hours, by default every five minutes."""
    return tuple((np.arange(0, end + step / 2, step) / 24).tolist())


def pharmacokinetics() -> Iterator[Comparison]:
    """Levels, times and half-lives printed for IV and SC IL-2."""
    sc = pkpd.exposure(course("12 MIU sc once", hours(24)), 0, 1)
    peak = sc.cmax / 3.994
    yield Comparison("SC Tmax, 6 to 18 MIU", "piscitelli1996", "h", "4.4 (SD 1.8)", 2.6, 6.2, sc.tmax)
    yield Comparison("SC half-life, 6 to 18 MIU", "piscitelli1996", "h", "3.3 (SD 0.9)", 2.4, 4.2, sc.half_life)
    yield Comparison("SC Cmax, 6 to 18 MIU", "piscitelli1996", "IU/mL", "21.9 to 112.9", 21.9, 112.9, peak)
    yield Comparison("SC Tmax", "proleukin_uk_smpc", "h", "2 to 6", 2, 6, sc.tmax)
    first, second = iv_half_lives()
    yield Comparison("IV bolus, first half-life", "konrad1990", "min", "12.9 (25 % allowed)", 9.7, 16.1, first)
    yield Comparison("IV bolus, second half-life, to 4 h", "konrad1990", "min", "85 (25 % allowed)", 64, 106, second)
    bolus = course("1 MIU/m2 iv once", (0.0, 1e-6))["il2_iu_per_ml"][1]
    yield Comparison("level after IV bolus of 1 MIU/m2", "konrad1990", "IU/mL", "650 (10 % allowed)", 585, 715, bolus)
    steady = course("1 MIU/m2 iv over 6h once", hours(6))["il2_iu_per_ml"][-1]
    yield Comparison("end of 6-h infusion of 1 MIU/m2", "konrad1990", "IU/mL", "41 (25 % allowed)", 31, 51, steady)
    for text, value in (("20 MIU/m2 sc daily x3", 627), ("10 MIU/m2 sc every 12h x6", 1130)):
        days = tuple(np.arange(2, 3 + 1e-9, 1 / 288).tolist())
        auc = pkpd.exposure(course(text, days), 2, 1).auc / 3.994
        label = f"AUC over 24 h, {text.split(' sc ')[0]} {'daily' if 'daily' in text else 'twice daily'}"
        yield Comparison(label, "kirchner1998", "IU h/mL", f"{value} (25 % allowed)", 0.75 * value, 1.25 * value, auc)
    for amount, value in ((0.164, 25), (0.491, 71), (0.655, 345)):
        level = course(f"{amount} MIU/m2 iv over 1d every 1d x28", (27.5,))["il2"][0]
        label = f"IV infusion of {amount} MIU/m2 a day"
        yield Comparison(label, "caligiuri1993", "pM", f"{value} (factor 2 allowed)", value / 2, value * 2, level)


def iv_half_lives() -> tuple[float, float]:
    """Both half-lives (min) after an IV bolus of 1 MIU/m2, by curve stripping: 2 to 4 h, then the rest."""
    curve = course("1 MIU/m2 iv once", hours(4, 1 / 60))
    time, level = curve.times * 1440, curve["il2"] - curve.rest("il2")
    late, early = time >= 120, (time > 0) & (time <= 20)
    slope, height = np.polyfit(time[late], np.log(level[late]), 1)
    rest = level[early] - np.exp(height + slope * time[early])
    return math.log(2) / -float(np.polyfit(time[early], np.log(rest), 1)[0]), math.log(2) / -float(slope)


def responses() -> Iterator[Comparison]:
    """Every row of the responses with a regular regimen, a number and a standard error or bound."""
    with RESPONSES.open(encoding="utf-8", newline="") as file:
        rows = [
            r for r in csv.DictReader(file) if r["study"] in SOURCES and r["value"] and r["role"] in ("fit", "design")
        ]
    baseline = next(r["value"] for r in rows if r["timing"] == "before the first dose")
    for row in rows:
        if row["timing"] != "before the first dose":
            yield response(row, (("treg_baseline", f"{baseline} cells/uL"),) if row["form"] == "cells/uL" else ())


def response(row: dict[str, str], changes: tuple[tuple[str, str], ...]) -> Comparison:
    """One row of the responses; percentages of change are compared as folds, since errors are on the log scale."""
    every = float(row["every_days"] or 1)
    times = "28" if row["times"] == "until steady state" else row["times"]
    schedule = f"{row['amount']} {row['amount_unit']} sc every {every:g}d x{times}"
    days, summary = window(row, every * 28)
    output = {"percent of CD4": "treg_percent_cd4"}.get(row["parent_or_gate"].split(", ")[-1], OUTPUTS[row["analyte"]])
    values = course(schedule, days, changes)
    counted = row["form"] == "cells/uL"
    model = summary(values[output]) if counted else summary(values[output]) / values.rest(output)
    value = float(row["value"])
    target = 1 + value / 100 if row["form"].startswith("percent change") else value
    width = math.exp(2 * float(row["log_se"]))
    low, high = (target, math.inf) if row["bound"] == ">" else (target / width, target * width)
    what = f"{row['analyte']}, {row['amount']} {row['amount_unit']} {row['schedule']}, {row['timing']}"
    if row["role"] == "design":
        what += " (design target)"
    said = f"{row['bound'].strip('=')}{target:.3g}" + ("" if row["bound"] == ">" else f" (factor {width:.2f} allowed)")
    return Comparison(what, SOURCES[row["study"]], "cells/uL" if counted else "fold", said, low, high, model)


def window(row: dict[str, str], end: float) -> tuple[tuple[float, ...], Callable[..., float]]:
    """Sampling days of a row, before the dose, and what is taken of them."""
    if row["timing"].startswith("steady state"):
        return (end,), lambda v: float(v[-1])
    if row["visit_days"]:
        return tuple(float(d) for d in row["visit_days"].split(";")), lambda v: float(np.max(v))
    days = tuple(float(d) for d in range(int(row["day_from"]), int(row["day_to"]) + 1))
    largest = row["timing"].startswith("peak")
    return days, lambda v: float(np.max(v) if largest else np.mean(v))


def courses() -> Iterator[Comparison]:
    """What the sources state about the course rather than as a number in one cell."""
    trial = course("he2020", (13.0, 28.0, 84.0))
    for k, day in ((1, 28), (2, 84)):
        trough = trial["treg_fold"][k]
        yield Comparison(
            f"Treg at the trough of the trial, day {day}", "su2024", "fold", "no significant rise", 0.8, 1.25, trough
        )
    daily = tuple(float(d) for d in range(29))
    gain = course("2 MIU/m2 sc daily x28", daily)["treg"][-1] / course("1 MIU/m2 sc daily x28", daily)["treg"][-1]
    yield Comparison("Treg, 2 over 1 MIU/m2 daily, day 28", "whangbo2019", "ratio", "no gain", 0, 1.15, gain)
    for amount in ("0.4", "1.75"):
        times = tuple(42 + np.arange(0, 1, 1 / 48))
        top = float(np.max(course(f"{amount} MIU/m2 sc daily x90", times)["il2"]))
        yield Comparison(f"IL-2 peak, {amount} MIU/m2 daily, week 6", "roswellpark1996", "pM", "<10", 0, 10, top)


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:.0f}" if value >= 1000 else f"{value:#.3g}".rstrip(".")


def table(found: tuple[Comparison, ...]) -> str:
    """The comparisons as a Markdown table, with a count."""
    hits = sum(c.hit for c in found)
    lines = [
        f"{hits} of {len(found)} published numbers are met by the reference parameters, before any calibration:",
        "",
        "| published | source | reported | model | |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {c.what} | {c.address} | {c.published} {c.unit} | {number(c.model)} | {'hit' if c.hit else '**miss**'} |"
        for c in found
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(comparisons()))
