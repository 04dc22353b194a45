"""Numbers by name, as goals, constraints and comparisons write them: `treg_peak_fold`, `nk_auc`, `il2_given`.

To add a kind of name, add its reading to `_READERS` and say what it is in `SORTS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from .engine.events import TIE
from .engine.functions import Vector
from .errors import SimulationError, nearest
from .measures import HUGE, Endpoint

# The word in a name, and the measure it stands for.
WORDS = {"peak": "peak", "trough": "trough", "mean": "mean", "auc": "area"}
SORTS = (
    "OUTPUT_peak, OUTPUT_trough, OUTPUT_mean or OUTPUT_auc, each with _fold for the fold of baseline, "
    "OUTPUT_gain (area of the fold above 1), "
    "OUTPUT_above_LEVEL (days), OUTPUT@DAY, selectivity, il2_given, injections; [FROM..TO] after a name limits its days"
)
_WINDOW = re.compile(r"(?P<name>.*)\[(?P<start>[0-9.]+)\.\.(?P<end>[0-9.]+)\]\Z")
_MEASURED = re.compile(r"(?P<output>\w+?)(?P<first>_fold)?_(?P<word>peak|trough|mean|auc)(?P<last>_fold)?\Z", re.ASCII)
_GAIN = re.compile(r"(?P<output>\w+?)_gain\Z", re.ASCII)
_ABOVE = re.compile(r"(?P<output>\w+)_above_(?P<level>[0-9.]+)\Z", re.ASCII)
_AT = re.compile(r"(?P<output>\w+)@(?P<day>[0-9.]+)\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Dosed:
    """What patients were given: `total` in MIU and `injections`, each of shape (patients,); `until` is the day on which
    treatment ends, which the trough looks back from.
    """

    total: Vector
    injections: Vector
    until: float


class Measured(Protocol):
    """What a comparison needs of a number: a `Quantity`, or whatever else answers to the same names."""

    @property
    def name(self) -> str: ...

    @property
    def label(self) -> str: ...

    @property
    def outputs(self) -> tuple[str, ...]: ...

    @property
    def days(self) -> tuple[float, ...]: ...

    def unit(self, units: Mapping[str, str]) -> str: ...

    def of(self, times: Vector, values: Mapping[str, Vector], dosed: Dosed) -> Vector: ...


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number a patient, by `name`; `parts` are the endpoints it is made of (none for what only doses decide)."""

    name: str
    sort: str
    parts: tuple[Endpoint, ...] = ()

    @property
    def outputs(self) -> tuple[str, ...]:
        """The outputs that must be simulated for it."""
        return tuple(dict.fromkeys(part.output for part in self.parts))

    @property
    def days(self) -> tuple[float, ...]:
        """Days that must be among the times of the simulation."""
        return tuple(d for part in self.parts for d in (part.start, part.end) if math.isfinite(d))

    @property
    def label(self) -> str:
        """What it is, in words."""
        if self.sort not in _LABELS:
            return self.parts[0].name
        window = self.parts[0].name.partition(",")[2] if self.parts else ""
        return _LABELS[self.sort].format(*(part.output for part in self.parts)) + (f",{window}" if window else "")

    def unit(self, units: Mapping[str, str]) -> str:
        """Its unit, from those of the outputs."""
        if self.sort in ("endpoint", "trough", "gain"):
            return self.parts[0].unit(units[self.parts[0].output])
        return "MIU" if self.sort == "il2_given" else "1"

    def of(self, times: Vector, values: Mapping[str, Vector], dosed: Dosed) -> Vector:
        """The number of each patient, shape (patients,), from outputs of shape (patients, times), `times` in days; NaN
        for patients without numbers. SimulationError where days it needs were not simulated.
        """
        if self.sort == "il2_given":
            return dosed.total
        if self.sort == "injections":
            return dosed.injections
        if self.sort == "trough":
            return _trough(self.parts[0], times, values[self.parts[0].output], dosed)
        found = [part.of(times, values[part.output]) for part in self.parts]
        if self.sort == "endpoint":
            return found[0]
        days = _days(self.parts[0], times)
        gains = [np.where(np.abs(area - days) > 1e-9 * days, area - days, 0.0 * area) for area in found]
        return gains[0] if self.sort == "gain" else _ratio(gains[0], gains[1])


_LABELS = {
    "selectivity": "Treg gain per NK gain: area of the Treg fold above 1 over that of the NK fold",
    "trough": "lowest {0} since it first rose half-way to its peak, while treated",
    "gain": "area of {0} above 1",
    "il2_given": "IL-2 given",
    "injections": "number of injections",
}


def quantity(text: str, outputs: Sequence[str]) -> Quantity:
    """The quantity of a name, for a model with these outputs; SimulationError with the nearest name."""
    name, start, end = text.strip(), -math.inf, math.inf
    if match := _WINDOW.match(name):
        name, start, end = match["name"], _number(match["start"], text), _number(match["end"], text)
        if not start < end:
            raise SimulationError(f"'{text[:60]}': the days {start:g} to {end:g} are empty")
    for read in _READERS:
        found = read(name, outputs, text)
        if found is not None:
            if name != text.strip() and all(p.measure == "value" for p in found.parts):
                raise SimulationError(f"'{text[:60]}': {name} has no days to limit")
            windowed = [p if p.measure == "value" else replace(p, start=start, end=end) for p in found.parts]
            return replace(found, name=text.strip(), parts=tuple(windowed))
    hint = nearest(name, names(outputs))
    raise SimulationError(f"'{text[:60]}' names no quantity{hint or f'; known are {SORTS}'}")


def names(outputs: Sequence[str]) -> tuple[str, ...]:
    """Names without a number of their own, for a model with these outputs."""
    plain = [o for o in outputs if not o.endswith("_fold")]
    measured = [
        f"{o}_{word}{fold}" for o in plain for word in WORDS for fold in ("", "_fold") if f"{o}{fold}" in outputs
    ]
    measured += [f"{o}_gain" for o in plain if f"{o}_fold" in outputs]
    return tuple(measured) + (("selectivity",) if {"treg_fold", "nk_fold"} <= set(outputs) else ()) + _DOSING


_DOSING = ("il2_given", "injections")


def _dosing(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    return Quantity(name, name) if name in _DOSING else None


def _pair(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    if name != "selectivity":
        return None
    pair = (_known("treg_fold", outputs, text), _known("nk_fold", outputs, text))
    return Quantity(name, name, tuple(Endpoint.area(output) for output in pair))


def _gain(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    if not (match := _GAIN.match(name)):
        return None
    output = f"{match['output'].removesuffix('_fold')}_fold"
    if output not in outputs and (hint := nearest(name, names(outputs))):
        raise SimulationError(f"'{text[:60]}': the model has no output '{output}'{hint}")
    return Quantity(name, "gain", (Endpoint.area(_known(output, outputs, text)),))


def _above(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    if not (match := _ABOVE.match(name)):
        return None
    level = _number(match["level"], text)
    return Quantity(name, "endpoint", (Endpoint.days_above(_known(match["output"], outputs, text), level),))


def _at(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    if not (match := _AT.match(name)):
        return None
    return Quantity(
        name, "endpoint", (Endpoint.on(_known(match["output"], outputs, text), _number(match["day"], text)),)
    )


def _measured(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    if not (match := _MEASURED.match(name)) or (match["first"] and match["last"]):
        return None
    fold = "_fold" if match["first"] or match["last"] else ""
    output = f"{match['output']}{fold}"
    if output not in outputs and (hint := nearest(name, names(outputs))):
        raise SimulationError(f"'{text[:60]}': the model has no output '{output}'{hint}")
    sort = "trough" if match["word"] == "trough" else "endpoint"
    return Quantity(name, sort, (Endpoint(WORDS[match["word"]], _known(output, outputs, text)),))


_READERS: tuple[Callable[[str, Sequence[str], str], Quantity | None], ...] = (
    _dosing,
    _pair,
    _gain,
    _above,
    _at,
    _measured,
)


def _known(output: str, outputs: Sequence[str], text: str) -> str:
    if output not in outputs:
        raise SimulationError(f"'{text[:60]}': the model has no output '{output}'{nearest(output, outputs)}")
    return output


def _number(word: str, text: str) -> float:
    try:
        number = float(word)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise SimulationError(f"'{text[:60]}': '{word[:20]}' is not a number")
    return number


def _trough(part: Endpoint, times: Vector, values: Vector, dosed: Dosed) -> Vector:
    """Within its own days, or while treatment lasts; not before the first rise is half done, since it starts low."""
    rows = part.rows(times)
    if not math.isfinite(part.end):
        rows = rows[times[rows] <= max(dosed.until, float(times[rows[0]])) + TIE]
    own = values[:, rows]
    # NaN and numbers of no size give NaN here as in every endpoint
    own = np.where(np.abs(own) < HUGE, own, np.nan)
    half = (own[:, :1] + own.max(axis=1, keepdims=True)) / 2
    later = np.logical_or.accumulate(own >= half, axis=1)
    # where it rose between two samples, it was at half in between
    lowest = np.minimum(np.where(later, own, np.inf).min(axis=1), np.where(later[:, 0], np.inf, half[:, 0]))
    return np.asarray(np.where(np.isnan(own).any(axis=1), np.nan, lowest))


def _days(part: Endpoint, times: Vector) -> float:
    """How long the window is."""
    own = times[part.rows(times)]
    return float(own[-1] - own[0])


def _ratio(treg: Vector, nk: Vector) -> Vector:
    """NaN where NK cells gain nothing, since nothing can be divided by that."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(nk > 0, treg / nk, np.nan))
