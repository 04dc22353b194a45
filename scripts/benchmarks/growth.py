"""How time grows with doses, patients and states, for this engine and the fastest peers, all at rtol 1e-6."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from .cases import Case, case
from .engines import HEYOKA, LSODA, MISSING, OURS, ROADRUNNER, engines
from .patients import RTOL
from .rows import Effort
from .timing import Times, rounds

CYCLES, CYCLES_QUICK = (1, 3, 6, 12), (1, 6)  # of seven doses
PATIENTS = (1, 8, 64, 512, 1000)
MODELS = ("il2_minimal", "thirteen_states", "il2")


@dataclass(frozen=True)
class Growth:
    """Times of one call of an engine at one size of one kind; None when it is not installed."""

    kind: str
    size: int
    case: str
    engine: str
    times: Times | None


def growth(effort: Effort) -> Iterator[Growth]:
    """Doses and patients on il2, then states."""
    cycles = {7 * n: case("il2", cycles=n) for n in (CYCLES_QUICK if effort.quick else CYCLES)}
    yield from _measured("doses", cycles, (OURS, ROADRUNNER, HEYOKA), effort)
    whole = case("il2", patients=effort.patients)
    sizes = {n: whole.first(n) for n in PATIENTS if n <= effort.patients}
    yield from _measured("patients", sizes, (OURS, HEYOKA), effort)
    made = [case(name) for name in (MODELS[1:] if effort.quick else MODELS)]
    by_states = {len(c.model.states): c for c in made}
    yield from _measured("states", by_states, (OURS, LSODA, ROADRUNNER, HEYOKA), effort)


def _measured(kind: str, sizes: dict[int, Case], names: tuple[str, ...], effort: Effort) -> Iterator[Growth]:
    calls: dict[tuple[int, str], Callable[[], Any]] = {}
    for size, one in sizes.items():
        for name, engine in engines(one, names).items():
            if name in names and engine != MISSING:
                many = kind == "patients" and size > 1
                calls[size, name] = engine.many(one.patients, RTOL) if many else engine.one(one.typical, RTOL)
    times = rounds(calls, effort.repeats, effort.budget / 3)
    for size, one in sizes.items():
        for name in names:
            yield Growth(kind, size, one.name, name, times.get((size, name)))
