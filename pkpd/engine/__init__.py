"""From symbols and doses to numbers: compilation, the realised events, stepping between them, steady state."""

from __future__ import annotations

from ..errors import SimulationError, nearest

# Names of the engines, told here so that a misspelt one is refused before a solver is loaded.
ENGINES = ("compiled", "scipy", "scipy-lsoda", "scipy-bdf", "scipy-radau")


def check_engine(engine: str) -> None:
    """SimulationError with the nearest name unless the engine exists."""
    if engine not in ENGINES:
        hint = nearest(engine, ENGINES) or f"; there are {', '.join(ENGINES)}"
        raise SimulationError(f"there is no engine '{engine}'{hint}")
