"""The schedule that a file of ours was written with, where its events still do what that schedule does."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ....dosing.dose import Dose
from ....dosing.schedule import Schedule
from ....engine.compile import bind
from ....engine.events import TIE, Action, actions
from ....errors import ModelError
from ....model.declaration import Model
from ....units import duration
from .annotations import Own, Said
from .foreign import Foreign
from .texts import fraction, number

Entry = tuple[str, float, float]  # what, when (days), how much
_NEAR = 10 * TIE  # times computed in two ways


@dataclass(frozen=True, slots=True)
class _Done:
    """What a schedule does: amounts added to states, changes of the rates that enter them, and resets."""

    entries: list[Entry] = field(default_factory=list)
    running: dict[str, float] = field(default_factory=dict)

    def add(self, state: str, day: float, amount: float) -> None:
        self.entries.append((f"into {state}", day, amount))

    def enter(self, state: str, day: float, rate: float) -> None:
        self.entries.append((f"entering {state}", day, rate))
        self.running[state] = self.running.get(state, 0.0) + rate

    def reset(self, day: float) -> None:
        """Stops infusions, and wipes out what arrived at this time."""
        self.entries[:] = [e for e in self.entries if e[1] < day - TIE or not e[0].startswith("into ")]
        for state, rate in list(self.running.items()):
            self.enter(state, day, -rate)
        self.entries.append(("reset", day, 1.0))


def own_schedule(file: Foreign, own: Own, model: Model) -> Schedule | None:
    """The schedule of the annotation; None where the file has none, or its events do something else by now.

    Raises PkpdError where the annotation is no schedule, or does not fit the routes.
    """
    if own.length is None or not own.doses:
        return None
    doses = [_dose(said, f"dose {k} of the schedule") for k, said in enumerate(own.doses, 1)]
    plan = Schedule.of(*doses, length=fraction(own.length, "the length of the schedule"))
    planned = _of_actions(actions(bind(model, model.defaults), plan), [s.name for s in model.states])
    return plan if _same(_of_events(file, model.time), planned) else None


def _dose(said: Said, where: str) -> Dose:
    extra = said.get("additional", "0")
    if not (extra.isascii() and extra.isdigit() and len(extra) < 8):
        raise ModelError(f"{where} is annotated with '{extra[:40]}' additional doses")
    return Dose(
        fraction(said.get("time", ""), f"the time of {where}"),
        number(said.get("amount", ""), f"the amount of {where}"),
        said.get("unit", ""),
        route=said.get("route", ""),
        duration=fraction(said["duration"], f"the duration of {where}") if "duration" in said else None,
        rate=number(said["rate"], f"the rate of {where}") if "rate" in said else None,
        interval=fraction(said.get("interval", "0"), f"the interval of {where}"),
        additional=int(extra),
        reset=said.get("reset") == "true",
        status=said.get("status", "given"),
        planned=fraction(said["planned"], f"the planned time of {where}") if "planned" in said else None,
        modelled=said.get("modelled", ""),
    )


def _of_actions(found: Iterable[Action], states: Sequence[str]) -> list[Entry]:
    done = _Done()
    for a in found:
        if a.reset:
            done.reset(a.time)
        if a.amount:
            done.add(states[a.state], a.time, a.amount)
        if a.rate:
            done.enter(states[a.state], a.time, a.rate)
    return done.entries


def _of_events(file: Foreign, time: str) -> list[Entry]:
    done, day, names = _Done(), float(duration(f"1{time}")), file.contents.items
    done.entries.extend(("reset", moment * day, 1.0) for moment in file.given.resets)
    for s in file.given.shifts:
        done.add(names[s.state].name, s.time * day, s.amount)
    for i in file.given.infusions:
        done.enter(names[i.state].name, i.time * day, i.rate)
        done.enter(names[i.state].name, (i.time + i.duration) * day, -i.rate)
    return done.entries


def _same(a: Iterable[Entry], b: Iterable[Entry]) -> bool:
    """Whether both do the same, but for rounding."""
    first, second = _joined(a), _joined(b)
    return len(first) == len(second) and all(
        x[0] == y[0] and abs(x[1] - y[1]) < _NEAR and math.isclose(x[2], y[2], rel_tol=1e-9)
        for x, y in zip(first, second, strict=True)
    )


def _joined(entries: Iterable[Entry]) -> list[Entry]:
    """In order, with one for what happens to one thing at one time, without what comes to nothing."""
    found: list[Entry] = []
    for what, group in groupby(sorted(entries), key=lambda e: e[0]):
        own: list[Entry] = []
        for _, day, amount in group:
            if own and day - own[-1][1] < _NEAR:
                amount += own.pop()[2]
            own.append((what, day, amount))
        least = 1e-9 * max(abs(amount) for _, _, amount in own)
        found += [e for e in own if abs(e[2]) > least]
    return found
