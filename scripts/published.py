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
PM_PER_IU = 3.994  # pM per IU/mL, the value of il2_pm_per_iu_ml
OUTPUTS = {"treg": "treg", "nk": "nk", "cd56bright": "cd56bright", "cd25": "cd25", "il2": "il2"}


@dataclass(frozen=True)
class Comparison:
    """One published number: where it is printed, its allowance, and what the model gives, all in `unit`.

    `used` says that the parameters were set or adjusted by hand with this number in view, so that a hit is no test.
    """

    what: str
    address: str
    unit: str
    published: str
    low: float
    high: float
    model: float
    used: bool = False

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
    """Levels, times and half-lives printed for IV and SC IL-2; Konrad's U are taken as IU, which may be wrong."""
    yield from subcutaneous()
    yield from intravenous()
    for text, value in (("20 MIU/m2 sc daily x3", 627), ("10 MIU/m2 sc every 12h x6", 1130)):
        days = tuple(np.arange(2, 3 + 1e-9, 1 / 288).tolist())
        auc = pkpd.exposure(course(text, days), 2, 1).auc / PM_PER_IU
        label = f"AUC over 24 h, {text.split(' sc ')[0]} {'daily' if 'daily' in text else 'twice daily'}"
        yield Comparison(label, "kirchner1998", "IU h/mL", f"{value} (25 % allowed)", 0.75 * value, 1.25 * value, auc)
    for amount, value in ((0.164, 25), (0.491, 71), (0.655, 345)):
        level = course(f"{amount} MIU/m2 iv over 1d every 1d x28", (27.5,))["il2"][0]
        label = f"IV infusion of {amount} MIU/m2 a day"
        yield Comparison(label, "caligiuri1993", "pM", f"{value} (factor 2 allowed)", value / 2, value * 2, level)


def subcutaneous() -> Iterator[Comparison]:
    """After an injection of 12 MIU, the middle of the range, and of 1 MIU/m2."""
    sc = pkpd.exposure(course("12 MIU sc once", hours(24)), 0, 1)
    yield Comparison("SC Tmax, 6 to 18 MIU", "piscitelli1996", "h", "4.4 (SD 1.8)", 2.6, 6.2, sc.tmax, used=True)
    yield Comparison("SC half-life, 6 to 18 MIU", "piscitelli1996", "h", "3.3 (SD 0.9)", 2.4, 4.2, sc.half_life)
    peak = sc.cmax / PM_PER_IU
    yield Comparison("SC Cmax, 6 to 18 MIU", "piscitelli1996", "IU/mL", "21.9 to 112.9", 21.9, 112.9, peak)
    yield Comparison("SC Tmax", "proleukin_uk_smpc", "h", "2 to 6", 2, 6, sc.tmax)
    level = course("1 MIU/m2 sc once", hours(8))["il2_iu_per_ml"]
    said = "2, flat for about 8 h (factor 1.5 allowed)"
    share = 100 * float(np.mean(level)) / 650
    yield Comparison("SC mean level over 8 h, % of the IV peak", "konrad1990", "%", said, 2 / 1.5, 3, share, used=True)


def intravenous() -> Iterator[Comparison]:
    """After a bolus and during an infusion of 1 MIU/m2."""
    first, second = iv_half_lives()
    said = "12.9 (25 % allowed)"
    yield Comparison("IV bolus, first half-life", "konrad1990", "min", said, 9.7, 16.1, first, used=True)
    said = "85 (25 % allowed)"
    yield Comparison("IV bolus, second half-life, 2 to 4 h", "konrad1990", "min", said, 64, 106, second, used=True)
    curve = course("1 MIU/m2 iv once", tuple((np.arange(2, 12.01, 0.25) / 24).tolist()))
    slope = np.polyfit(curve.times * 1440, np.log(curve["il2"] - curve.rest("il2")), 1)[0]
    late = math.log(2) / -float(slope)
    yield Comparison(
        "IV bolus, last half-life, 2 to 12 h", "proleukin_swiss_label", "min", "100 to 123", 100, 123, late
    )
    bolus = course("1 MIU/m2 iv once", (0.0, 1e-6))["il2_iu_per_ml"][1]
    said = "650 U/mL (10 % allowed)"
    yield Comparison("level after IV bolus of 1 MIU/m2", "konrad1990", "IU/mL", said, 585, 715, bolus, used=True)
    steady = course("1 MIU/m2 iv over 6h once", hours(6))["il2_iu_per_ml"][-1]
    said = "41 U/mL (25 % allowed)"
    yield Comparison("end of 6-h infusion of 1 MIU/m2", "konrad1990", "IU/mL", said, 31, 51, steady, used=True)


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
    unit, used = "cells/uL" if counted else "fold", row["role"] == "fit"
    return Comparison(what, SOURCES[row["study"]], unit, said, low, high, model, used)


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
        what, said = f"Treg at the trough of the trial, day {day}", "no significant rise (0.8 to 1.25 allowed)"
        yield Comparison(what, "su2024", "fold", said, 0.8, 1.25, trial["treg_fold"][k])
    month = tuple(float(d) for d in range(29))
    gain = course("2 MIU/m2 sc daily x28", month)["treg"][-1] / course("1 MIU/m2 sc daily x28", month)["treg"][-1]
    said = "no gain (up to 1.15 allowed)"
    yield Comparison("Treg, 2 over 1 MIU/m2 daily, day 28", "whangbo2019", "ratio", said, 0, 1.15, gain)
    high = course("3 MIU/m2 sc daily x56", month)["treg_fold"][-1]
    said = ">8, pooled over 0.3 to 3 MIU/m2"
    yield Comparison("Treg, 3 MIU/m2 daily, day 28", "koreth2011", "fold", said, 8, math.inf, high)
    single = float(np.max(course("0.101 MIU/m2 sc once", (1.0, 2.0, 3.0, 4.0, 7.0))["treg_percent_cd4"]))
    single /= trial.rest("treg_percent_cd4")
    said = "1.1 (1.06 to 1.13 arises from noise alone)"
    yield Comparison("Treg, 0.101 MIU/m2 single dose, largest visit", "todd2016", "fold", said, 1.06, 1.13, single)
    for amount in ("0.4", "1.75"):
        days = tuple(float(d) for d in range(91))
        daily = course(f"{amount} MIU/m2 sc daily x90", days)
        for output in ("nk", "cd56bright"):
            what, top = f"day of the highest {output}, {amount} MIU/m2 daily", float(np.argmax(daily[output]))
            yield Comparison(what, "roswellpark1996", "d", "weeks 6 to 8, held to week 12", 42, 56, top)
    for amount in ("0.4", "1.75"):
        times = tuple(42 + np.arange(0, 1, 1 / 48))
        top = float(np.max(course(f"{amount} MIU/m2 sc daily x90", times)["il2"]))
        what, said = f"IL-2 peak, {amount} MIU/m2 daily, week 6", "<10 at some of 0.4 to 1.75 MIU/m2"
        yield Comparison(what, "roswellpark1996", "pM", said, 0, 10, top)


def number(value: float) -> str:
    """Three significant digits, without an exponent."""
    return f"{value:.0f}" if value >= 1000 else f"{value:#.3g}".rstrip(".")


def table(found: tuple[Comparison, ...]) -> str:
    """The comparisons as a Markdown table, with a count."""
    tests = [c for c in found if not c.used]
    hits, set_hits = sum(c.hit for c in tests), sum(c.hit for c in found if c.used)
    lines = [
        f"Of {len(tests)} published numbers that played no part in setting the parameters, {hits} are met; of the "
        f"{len(found) - len(tests)} that did (marked *set*, so no test), {set_hits}:",
        "",
        "| published | source | reported | model | |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {c.what} | {c.address} | {c.published} {c.unit} | {number(c.model)} | {verdict(c)} |" for c in found]
    return "\n".join(lines)


def verdict(c: Comparison) -> str:
    """Hit or miss, and whether it could have been otherwise."""
    return f"{'hit' if c.hit else '**miss**'}{', *set*' if c.used else ''}"


if __name__ == "__main__":
    print(table(comparisons()))
