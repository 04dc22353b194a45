"""Tables of patients as Parquet: one file a shard, with what was drawn, the endpoints and the failures."""

from __future__ import annotations

import io
from typing import Any

import numpy as np

from ..errors import SimulationError
from .request import SHARD, Request
from .work import Finished


def pyarrow() -> tuple[Any, Any]:
    """The library that makes tables, and its part that writes Parquet; SimulationError when it is not installed."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        hint = "pip install 'pkpd[parquet]'"
        raise SimulationError(f"parquet=True needs pyarrow, which is not installed: {hint}") from None
    return pyarrow, parquet


def table_of(request: Request, shard: int, finished: Finished) -> bytes:
    """The patients of a shard as a Parquet file: patient (from 0), drawn parameters, endpoints (NaN for those who
    failed), and failure (empty for those who did not). The unit of a column is in its metadata.
    """
    arrow, parquet = pyarrow()
    first, count = shard * SHARD, request.patients_in(shard)
    reasons: list[str | None] = [None] * count
    for failure in finished.failures:
        reasons[failure.patient - first] = failure.reason
    units = {name: request.parameters[name].unit for name in finished.drawn}
    units |= {e.name: e.unit(request.unit_of[e.output]) for e in request.endpoints}
    numbers = [(name, arrow.array(values)) for name, values in (finished.drawn | finished.endpoints).items()]
    columns = [("patient", arrow.array(np.arange(first, first + count))), *numbers]
    columns.append(("failure", arrow.array(reasons, arrow.string())))
    said = {name: {"unit": units[name]} for name, _ in columns if name in units}
    fields = [arrow.field(name, a.type, metadata=said.get(name)) for name, a in columns]
    written = io.BytesIO()
    parquet.write_table(arrow.table([a for _, a in columns], schema=arrow.schema(fields)), written)
    return written.getvalue()
