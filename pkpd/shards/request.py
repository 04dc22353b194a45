"""What a run over shards was asked to do, with everything resolved; its digest tells whether a folder belongs to it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, astuple, dataclass
from typing import TYPE_CHECKING, Any

from ..dosing.schedule import Schedule
from ..engine.code.library import outline_of
from ..engine.functions import Vector
from ..engine.tolerances import Tolerances
from ..errors import SimulationError, nearest
from ..many import output_numbers
from ..measures import Endpoint
from ..output.provenance import versions
from ..parameters import Parameters
from .draws import Draw, draw_of
from .grid import LogGrid

if TYPE_CHECKING:
    from ..model.declaration import Model

SHARD = 1024  # patients; fixed, because a summary is merged shard by shard
SAMPLED = ("pre", "post")
# what the numbers depend on besides the request itself
_VERSIONS = ("pkpd", "numpy", "scipy", "numba", "llvmlite", "machine", "system")


@dataclass(frozen=True, slots=True, eq=False)
class Request:
    """Everything that decides the numbers of a run, and nothing else; `times` are days, `outputs` are names."""

    model: Model | str
    schedule: Schedule
    parameters: Parameters
    draw: Draw
    patients: int
    outputs: tuple[str, ...]
    times: Vector
    side: str
    endpoints: tuple[Endpoint, ...]
    tolerances: Tolerances
    grid: LogGrid
    parquet: bool

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return -(-self.patients // SHARD)

    def patients_in(self, shard: int) -> int:
        """How many patients a shard has."""
        return min(SHARD, self.patients - shard * SHARD)

    @property
    def simulated(self) -> tuple[str, ...]:
        """Outputs that are simulated: those summarised over time, then those that only endpoints need."""
        return tuple(dict.fromkeys((*self.outputs, *(e.output for e in self.endpoints))))

    @property
    def unit_of(self) -> dict[str, str]:
        """The unit of each output."""
        return {output.name: output.unit for output in outline_of(self.model).outputs}

    def said(self) -> dict[str, Any]:
        """The request as plain tables, every number with all its bits."""
        shape = outline_of(self.model)
        return {
            "model": shape.name,
            "equations": shape.fingerprint,
            "requirements": [list(astuple(q)) for q in shape.requirements],
            "parameters": {t.name: [t.value, t.unit] for t in self.parameters.tables},
            "spread": dict(zip(self.draw.names, self.draw.spread, strict=True)),
            "seed": self.draw.seed,
            "replicate": self.draw.replicate,
            "patients": self.patients,
            "patients a shard": SHARD,
            "schedule": [{name: _plain(value) for name, value in asdict(d).items()} for d in self.schedule.doses],
            "times": self.times.tolist(),
            "side": self.side,
            "outputs": list(self.outputs),
            "endpoints": [e.name for e in self.endpoints],
            "levels": [e.level for e in self.endpoints],
            "tolerances": asdict(self.tolerances),
            "grid": asdict(self.grid),
            "parquet": self.parquet,
            "versions": {name: text for name, text in versions().items() if name in _VERSIONS},
        }


def request_of(
    schedule: Schedule,
    model: Model | str,
    parameters: Parameters | None,
    patients: int,
    seed: int,
    replicate: int,
    spread: Mapping[str, float] | None,
    outputs: Sequence[str],
    times: Vector,
    side: str,
    endpoints: Sequence[Endpoint],
    tolerances: Tolerances,
    grid: LogGrid,
    parquet: bool,
) -> Request:
    """A request with everything resolved; PkpdError for what does not fit."""
    shape = outline_of(model)
    if side not in SAMPLED:
        raise SimulationError(f"side '{side}' is neither pre nor post{nearest(side, SAMPLED)}")
    if isinstance(patients, bool) or not isinstance(patients, int) or patients < 1:
        raise SimulationError(f"the number of patients is a whole number above 0, not {patients!r:.40}")
    names = tuple(shape.outputs[k].name for k in output_numbers(shape, outputs))
    output_numbers(shape, [e.output for e in endpoints])
    for endpoint in endpoints:
        endpoint.rows(times)
    asked = [*names, *(e.name for e in endpoints)]
    for name in asked:
        if asked.count(name) > 1:
            raise SimulationError(f"'{name}' was asked for {asked.count(name)} times; once is enough")
    base = shape.defaults if parameters is None else parameters.over(shape.defaults)
    draw = draw_of(base, spread, seed, replicate)
    chosen = (names, times, side, tuple(endpoints), tolerances, grid, parquet)
    return Request(model, schedule, base, draw, patients, *chosen)


def digest_of(said: Mapping[str, Any]) -> str:
    """SHA-256 of a request's plain tables, as hexadecimal text."""
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def difference(said: Mapping[str, Any], found: Mapping[str, Any]) -> str:
    """The first thing in which two requests differ, in words."""
    for key in (*said, *found):
        if said.get(key) != found.get(key):
            short = [str(table.get(key, "not said")) for table in (found, said)]
            values = f" ({short[0]} there, {short[1]} here)" if max(map(len, short)) <= 60 else ""
            return f"its {key} differ{values}" if key.endswith("s") else f"its {key} differs{values}"
    return "it was changed since"


def _plain(value: object) -> object:
    return value if isinstance(value, float | int | str | None) else str(value)
