"""A million patients: shards of fixed size on any executor, a summary merged in shard order, and a folder to resume."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

from ..dosing.library import load_schedule
from ..dosing.schedule import Schedule
from ..engine.compile import functions
from ..engine.functions import Vector
from ..engine.parcel import pack
from ..engine.tolerances import DEFAULT, Tolerances
from ..engine.workers import thread_count
from ..errors import SimulationError
from ..measures import Endpoint
from ..parameters import Parameters
from ..simulation import checked_times
from ..simulation import grid as sampling
from .files import Folder, open_folder
from .grid import LogGrid
from .parquet import pyarrow, table_of
from .progress import Pace, Progress
from .request import Request, request_of
from .summary import Part, Summary, summary_of
from .work import Finished, simulate_packed, simulate_shard

if TYPE_CHECKING:
    from ..model.declaration import Model

Submit = Callable[[int], "Future[Finished]"]


def summarise_many(
    schedule: Schedule | str,
    model: Model | str = "il2",
    parameters: Parameters | None = None,
    *,
    patients: int = 1_000_000,
    seed: int,
    replicate: int = 0,
    spread: Mapping[str, float] | None = None,
    outputs: Sequence[str] = (),
    times: Sequence[float] | Vector | None = None,
    side: str = "pre",
    endpoints: Sequence[Endpoint] = (),
    grid: LogGrid = LogGrid(),  # noqa: B008 (frozen)
    tolerances: Tolerances = DEFAULT,
    folder: str | Path | None = None,
    parquet: bool = False,
    executor: Executor | None = None,
    threads: int | None = None,
    ahead: int = 64,
    progress: Progress | None = None,
) -> Summary:
    """Draw patients, simulate them and summarise outputs (all unless named) at `times` (days; daily unless said) and
    endpoints, without holding trajectories.

    Parameters with a `spread`, or those named in `spread` (SD of the log), vary log-normally, keyed by (seed,
    replicate, patient). Work goes to `threads` (all cores) or an executor, at most `ahead` shards at once. Finished
    shards are kept in `folder`, from which the same call goes on after a stop; `parquet` adds a table of patients a
    shard. `progress` is called with patients done, patients in all and seconds left. The summary has the same bits
    however the work was shared out or interrupted. Raises PkpdError.
    """
    plan = load_schedule(schedule) if isinstance(schedule, str) else schedule
    asked = checked_times(times) if times is not None else sampling(plan, None, "1d")
    people, results = (patients, seed, replicate, spread), (outputs, asked, side, endpoints)
    request = request_of(plan, model, parameters, *people, *results, tolerances, grid, parquet)
    return _run(request, folder, executor, threads, ahead, progress)


def _run(
    request: Request,
    folder: str | Path | None,
    executor: Executor | None,
    threads: int | None,
    ahead: int,
    progress: Progress | None,
) -> Summary:
    """What `summarise_many` does once everything is resolved."""
    if ahead < 1:
        raise SimulationError(f"{ahead} shards at once cannot be worked on; give 1 or more")
    if request.parquet:
        pyarrow()
        if folder is None:
            raise SimulationError("parquet=True needs a folder for the tables of patients; give folder=...")
    kept = open_folder(folder, request.said(), request.grid) if folder is not None else None
    try:
        with _workers(request, executor, threads) as (submit, most):
            parts = _parts(request, submit, min(most, ahead), kept, _Report(request, progress))
            return summary_of(request, reduce(Part.merged, parts))
    except BrokenExecutor as error:
        place = f"{kept.top} keeps the shards that are finished, and the same call goes on from there" if kept else ""
        hint = place or "with folder=... the shards that are finished would be kept"
        raise SimulationError(f"a worker process ended before its shard was finished ({error}); {hint}") from None


@dataclass(slots=True)
class _Report:
    """Tells how far the run is."""

    request: Request
    progress: Progress | None
    pace: Pace = field(default_factory=Pace)
    done: int = 0
    simulated: int = 0

    def tell(self, shard: int, *, simulated: bool) -> None:
        """That a shard is finished, now or by an earlier run."""
        patients = self.request.patients_in(shard)
        self.done += patients
        if simulated:
            self.simulated += patients
            self.pace.mark(self.simulated)
        if self.progress is not None:
            left = self.request.patients - self.done
            self.progress(self.done, self.request.patients, self.pace.left(left))


@contextmanager
def _workers(request: Request, executor: Executor | None, threads: int | None) -> Iterator[tuple[Submit, int]]:
    """How a shard is handed to a worker, and how many may be under way."""
    if executor is not None:
        packed = pack(request)
        yield lambda shard: executor.submit(simulate_packed, packed, shard), sys.maxsize
        return
    count = thread_count(threads)
    functions(request.model)  # compiled once, before several threads ask for it
    pool = ThreadPoolExecutor(count)
    try:
        yield lambda shard: pool.submit(simulate_shard, request, shard), 2 * count
    finally:
        pool.shutdown(cancel_futures=True)


def _parts(request: Request, submit: Submit, ahead: int, folder: Folder | None, report: _Report) -> Iterator[Part]:
    """What each shard adds, in shard order; each is kept as soon as it is finished. No shard is begun more than `ahead`
    places before the one whose turn it is, so that what waits for its turn stays few.
    """
    running, ready, begun = dict[Future[Finished], int](), dict[int, Part](), 0
    ended = SimpleQueue[Future[Finished]]()  # and not `wait`, for the reason that `as_ended` gives
    report.pace.mark(0)
    try:
        for turn in range(request.shards):
            for shard in range(begun, min(turn + ahead, request.shards)):
                begun = shard + 1
                if (kept := folder.kept(shard) if folder else None) is None:
                    future = submit(shard)
                    running[future] = shard
                    future.add_done_callback(ended.put)
                else:
                    ready[shard] = kept
                    report.tell(shard, simulated=False)
            while turn not in ready:
                future = ended.get()
                shard = running.pop(future)
                ready[shard] = _kept(request, shard, future.result(), folder)
                report.tell(shard, simulated=True)
            yield ready.pop(turn)
    except BrokenExecutor:
        running.clear()  # the pool ends them itself, and CPython's trips over one that is cancelled meanwhile
        raise
    finally:
        for future in running:
            future.cancel()


def _kept(request: Request, shard: int, finished: Finished, folder: Folder | None) -> Part:
    """What a shard adds, once it is in the folder."""
    if folder:
        folder.keep(shard, finished.part, table_of(request, shard, finished) if request.parquet else None)
    return finished.part
