"""Every engine of the comparison by name, made for a case; one whose library is missing is left out by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .cases import Case
from .ours import Pkpd
from .python_peer import Scipy

OURS = Pkpd.name
LSODA, BDF, ODEINT = "scipy LSODA, tuned", "scipy BDF, tuned", "scipy odeint, tuned"
WRITTEN = "scipy LSODA"
ROADRUNNER, HEYOKA, CYRK, NUMBALSODA = "libRoadRunner", "heyoka, states scaled", "CyRK TSIT5", "numbalsoda"


def _roadrunner(case: Case) -> Any:
    from .roadrunner_peer import RoadRunner

    return RoadRunner(case)


def _heyoka(case: Case) -> Any:
    from .heyoka_peer import Heyoka

    return Heyoka(case)


def _cyrk(case: Case) -> Any:
    from .cyrk_peer import Cyrk

    return Cyrk(case)


def _numbalsoda(case: Case) -> Any:
    from .numbalsoda_peer import Numbalsoda

    return Numbalsoda(case)


MAKERS: dict[str, Callable[[Case], Any]] = {
    OURS: Pkpd,
    WRITTEN: lambda case: Scipy(case, "LSODA", as_written=True),
    LSODA: lambda case: Scipy(case, "LSODA"),
    BDF: lambda case: Scipy(case, "BDF"),
    ODEINT: lambda case: Scipy(case, "odeint"),
    ROADRUNNER: _roadrunner,
    HEYOKA: _heyoka,
    CYRK: _cyrk,
    NUMBALSODA: _numbalsoda,
}


JUDGED = (OURS, WRITTEN, LSODA, ROADRUNNER, HEYOKA)  # those that goals name
MISSING, LEFT_OUT = "not installed", "left out by --quick"


def engines(case: Case, names: Sequence[str] = tuple(MAKERS)) -> dict[str, Any]:
    """Every engine for a case, or the reason, as text, why one is not there: only those in `names` are made."""
    found: dict[str, Any] = {}
    for name, make in MAKERS.items():
        try:
            found[name] = make(case) if name in names else LEFT_OUT
        except ImportError:
            found[name] = MISSING
    return found
