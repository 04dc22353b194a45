"""The report of a population: who was simulated, the band of patients, and how uncertain each of its lines is."""

from __future__ import annotations

import math
import textwrap
from collections import Counter
from collections.abc import Mapping

import numpy as np

from ...dosing.sentence import sentence
from ...trials.population.result import ArmPopulation, Population
from ..tables import aligned
from .fit_rows import counted
from .population_rules import rules_text

WIDTH = 120
SHOWN = ("treg_fold", "nk_fold", "cd56bright_fold", "eosinophils_fold")
MOST_VISITS = 12
HEAD = ("5 %", "50 %", "95 %")
HELD = (
    "Each number is a percentile over the patients, around the typical values as they are. The range in brackets is its"
    " own 90 % interval over {draws} of the typical values, with the same patients around each; where it prints the"
    " same, it is left out."
)
ALONE = "Each number is a percentile over the patients; how uncertain the typical values are is not in it."


def population_text(found: Population, unbacked: Mapping[str, str] | None = None) -> str:
    """The report; `unbacked` are sentences, by endpoint, on outputs that no data stand behind."""
    run = found.run
    title = f"{run.name}: {found.count} virtual patients an arm, seed {found.seed}, model {run.model}"
    held = HELD.format(draws=counted(found.draws, "draw")) if found.draws else ALONE
    parts = [title, _wrapped(held), _patients_text(found.arms[0], len(found.arms) > 1)]
    for arm in found.arms:
        parts += [f"{arm.arm.label}: {sentence(arm.arm.schedule)}", *_arm_texts(found, arm)]
    notes = [f"{name}: {said}." for name, said in (unbacked or {}).items()]
    if found.draws:
        notes.append(
            "Shares: variance of the log of an endpoint (of the endpoint itself where some are 0) between patients, "
            "and between draws of the typical values."
        )
    return "\n\n".join([*parts, *(["\n".join(map(_wrapped, notes))] if notes else [])])


def _patients_text(arm: ArmPopulation, several: bool) -> str:
    """What differs between patients, as declared and as drawn."""
    spread, parameters = arm.spread, arm.arm.parameters
    occasions = dict(spread.occasions)
    names = [*spread.names, *(name for name in occasions if name not in spread.names)]
    if not names and not spread.covariates:
        return "The parameters declare no spread: all patients are the same."
    head = ["differs between patients", "unit", "typical", "SD of log", "between blocks", *HEAD, "correlated with"]
    rows = [head]
    for name in names:
        own = arm.patients.values.get(name, arm.patients.blocks[0].get(name) if arm.patients.blocks else None)
        drawn = np.quantile(own, (0.05, 0.5, 0.95)).tolist() if own is not None else [math.nan] * 3
        sd = dict(zip(spread.names, spread.sd, strict=True)).get(name)
        with_ = ", ".join(f"{other} {v:g}" for other, v in parameters[name].correlation if other in spread.names)
        unit = "" if parameters[name].unit == "1" else parameters[name].unit
        said = [unit, _show(parameters[name].value), f"{sd:g}" if sd else "-"]
        changes = f"{occasions[name]:g}" if name in occasions else "-"
        rows.append([name, *said, changes, *map(_show, drawn), with_ or "-"])
    lines = [aligned(rows)]
    for covariate in spread.covariates:
        levels = Counter(arm.patients.labels[covariate.name])
        shares = ", ".join(f"{levels[level]} {level}" for level, _ in covariate.counts)
        lines.append(f"{covariate.meaning}: {shares} of {arm.patients.count}")
    if several:
        lines.append(f"As drawn for {arm.arm.name}; every arm has the same deviates by the number of the patient.")
    return "\n".join(lines)


def _arm_texts(found: Population, arm: ArmPopulation) -> list[str]:
    texts = [_trouble(found, arm), *([rules_text(arm.ruling, found.draws)] if arm.ruling else [])]
    shown = [name for name in SHOWN if name in arm.outputs] or list(arm.outputs[:2])
    texts += [text for name in shown if (text := _band_text(found, arm, name))]
    return [*texts, _endpoints_text(found, arm)]


def _trouble(found: Population, arm: ArmPopulation) -> str:
    """Who could not be simulated and who was drawn again; no number of them is lost."""
    failed, again = len(arm.lines.failures), len(arm.patients.redrawn)
    lines = [f"{failed} of {found.count} patients could not be simulated" + (", see failures.csv." if failed else ".")]
    if again:
        lines.append(f"{counted(again, 'patient was', 'patients were')} drawn again for want of a steady baseline.")
    if found.draws:
        whole = found.draws * found.count
        lines.append(
            f"Around the draws, {len(arm.draws_failed)} of {whole} patients could not be simulated, and "
            f"{arm.draws_redrawn} were drawn again."
        )
    return _wrapped(" ".join(lines))


def _band_text(found: Population, arm: ArmPopulation, output: str) -> str:
    days, band, (low, high) = arm.days(output), arm.band(output), arm.interval(output)
    if float(np.ptp(band)) < 1e-9:
        return f"{output} stays at {_show(float(band[0, 0]))} in all patients"
    visits = [day for day in found.run.visits if np.any(np.abs(days - day) < 1e-9)]
    visits = visits[:: -(-len(visits) // MOST_VISITS)] if visits else []
    rows = [[f"day, {output}", *HEAD]]
    for day in visits:
        k = int(np.abs(days - day).argmin())
        rows.append([f"{day:g}", *(_ranged(band[j, k], low[j, k], high[j, k]) for j in range(3))])
    return aligned(rows) if len(rows) > 1 else ""


def _endpoints_text(found: Population, arm: ArmPopulation) -> str:
    shares = ["patients' share", "typical values'"] if found.draws else []
    rows: list[list[str]] = [["endpoint", "unit", *HEAD, *shares]]
    for k, (name, unit) in enumerate(zip(arm.names, arm.quantity_units, strict=True)):
        own = zip(arm.lines.quantiles[:, k], arm.low[:, k], arm.high[:, k], strict=True)
        split = [f"{100 * s:.0f} %" if math.isfinite(s) else "-" for s in arm.split[k].shares] if shares else []
        rows.append([name, "" if unit == "1" else unit, *(_ranged(*three) for three in own), *split])
    told = np.isfinite(arm.endpoints).sum(axis=0).tolist()
    usable = found.count - len(arm.lines.failures)
    few = [f"{name}: {n} of {usable} patients have one." for name, n in zip(arm.names, told, strict=True) if n < usable]
    return "\n".join([aligned(rows), *few])


def _ranged(value: float, low: float, high: float) -> str:
    shown = [_show(value), _show(low), _show(high)]
    if not math.isfinite(low) or len(set(shown)) == 1:
        return shown[0]
    return f"{shown[0]} [{shown[1]}-{shown[2]}]"


def _show(value: float) -> str:
    """Three significant digits, a dash for what is not known."""
    if not math.isfinite(value):
        return "-"
    return f"{float(f'{value:.3g}') + 0.0:g}" if abs(value) > 1e-12 else "0"


def _wrapped(line: str) -> str:
    return textwrap.fill(line, WIDTH, break_long_words=False, break_on_hyphens=False)
