"""Numbers by name, as goals, constraints and comparisons write them: `treg_peak_fold`, `nk_auc`, `il2_given`.

To add a kind of name, add its reading to `_READERS` and say what it is in `SORTS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from .engine.functions import Vector
from .errors import SimulationError, nearest
from .measures import Endpoint

# The word in a name, and the measure it stands for.
WORDS = {"peak": "peak", "trough": "trough after peak", "mean": "mean", "auc": "area"}
SORTS = (
    "OUTPUT_peak, OUTPUT_trough, OUTPUT_mean or OUTPUT_auc, each with _fold for the fold of baseline, "
    "OUTPUT_above_LEVEL (days), OUTPUT@DAY, selectivity, il2_given, injections; [FROM..TO] after a name limits its days"
)
_WINDOW = re.compile(r"(?P<name>.*)\[(?P<start>[0-9.]+)\.\.(?P<end>[0-9.]+)\]\Z")
_MEASURED = re.compile(r"(?P<output>\w+?)(?P<first>_fold)?_(?P<word>peak|trough|mean|auc)(?P<last>_fold)?\Z", re.ASCII)
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
        return _LABELS[self.sort] if self.sort in _LABELS else self.parts[0].name

    def unit(self, units: Mapping[str, str]) -> str:
        """Its unit, from those of the outputs."""
        if self.sort == "endpoint":
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
        found = [_until(part, dosed).of(times, values[part.output]) for part in self.parts]
        if self.sort == "selectivity":
            return _selectivity(found[0], found[1], float(times.max() - times.min()))
        return found[0]


_LABELS = {
    "selectivity": "Treg gain per NK gain: area of the Treg fold above 1 over that of the NK fold",
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
            windowed = tuple(replace(p, start=start, end=end) if p.measure != "value" else p for p in found.parts)
            return replace(found, name=text.strip(), parts=windowed)
    hint = nearest(name, names(outputs))
    raise SimulationError(f"'{text[:60]}' names no quantity{hint or f'; known are {SORTS}'}")


def names(outputs: Sequence[str]) -> tuple[str, ...]:
    """Names without a number of their own, for a model with these outputs."""
    plain = [o for o in outputs if not o.endswith("_fold")]
    measured = [
        f"{o}_{word}{fold}" for o in plain for word in WORDS for fold in ("", "_fold") if f"{o}{fold}" in outputs
    ]
    return tuple(measured) + (("selectivity",) if {"treg_fold", "nk_fold"} <= set(outputs) else ()) + _DOSING


_DOSING = ("il2_given", "injections")


def _dosing(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    return Quantity(name, name) if name in _DOSING else None


def _pair(name: str, outputs: Sequence[str], text: str) -> Quantity | None:
    if name != "selectivity":
        return None
    pair = (_known("treg_fold", outputs, text), _known("nk_fold", outputs, text))
    return Quantity(name, name, tuple(Endpoint.area(output) for output in pair))


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
    return Quantity(name, "endpoint", (Endpoint(WORDS[match["word"]], _known(output, outputs, text)),))


_READERS: tuple[Callable[[str, Sequence[str], str], Quantity | None], ...] = (_dosing, _pair, _above, _at, _measured)


def _known(output: str, outputs: Sequence[str], text: str) -> str:
    if output not in outputs:
        raise SimulationError(f"'{text[:60]}': the model has no output '{output}'{nearest(output, outputs)}")
    return output


def _number(word: str, text: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise SimulationError(f"'{text[:60]}': '{word[:20]}' is not a number") from None


def _until(part: Endpoint, dosed: Dosed) -> Endpoint:
    """A trough without days of its own looks no further than treatment lasts."""
    if part.measure != WORDS["trough"] or math.isfinite(part.end):
        return part
    return replace(part, end=dosed.until)


def _selectivity(treg: Vector, nk: Vector, days: float) -> Vector:
    """NaN where NK cells gain nothing, since nothing can be divided by that."""
    gain = nk - days
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(gain > 1e-9 * days, (treg - days) / gain, np.nan))
