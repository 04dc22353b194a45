"""The loop around the steps, written in Python and turned into machine code by numba (see `machine`).

What a lane computes depends on nothing but its patient. When a patient is done, the lane takes the next one.
"""

from __future__ import annotations

from functools import lru_cache

from numba import cfunc, types

from .lanes import (
    END,
    ERROR,
    FIRST,
    GROWTH,
    ITEM,
    REAL,
    REJECTED,
    ROW,
    SHRUNK,
    STEPS,
    STOP,
    WHOLE_NUMBERS,
    H,
    Items,
    Lanes,
    Plan,
    Results,
    Sizes,
    T,
    Y,
    call,
    first_step,
    happen,
    interpolate,
    load,
    next_at,
    plain,
    record,
)
from .memory import ARRAYS, DONE, TOO_MANY, TOO_SMALL, WHOLE


@plain
def settle(lane, end, tie, slopes, s, plan, lanes, results):
    """Everything that happens at the lane's time; then True with the next segment begun, or False at the end."""
    w = s.width
    item = lanes.whole[ITEM * w + lane]
    while True:
        k, row, now = lanes.whole[STOP * w + lane], lanes.whole[ROW * w + lane], lanes.ws[T * w + lane]
        stop = plan.stop_time[item * s.stops + k] if k < s.stops else end + 1.0
        until = min(stop, end)
        if until - now > tie:
            h = min(first_step(lane, slopes, s, lanes), until - now)
            lanes.ws[H * w + lane] = h
            lanes.real[END * w + lane] = until
            lanes.real[FIRST * w + lane] = 0.0
            lanes.whole[SHRUNK * w + lane] = 0
            return True
        if stop > end + tie:
            while row < s.rows:
                record(lane, row, s, lanes, results)
                row += 1
            return False
        last = row
        while last < s.rows and plan.row_time[last] <= stop + tie:
            if plan.row_post[last] == 0:
                record(lane, last, s, lanes, results)
            last += 1
        happen(lane, slopes, s, plan, lanes)
        while row < last:
            if plan.row_post[row] != 0:
                record(lane, row, s, lanes, results)
            row += 1
        lanes.whole[ROW * w + lane] = last
        lanes.whole[STOP * w + lane] = k + 1


@plain
def accept(lane, tie, s, plan, lanes, results):
    """Take the step: rows inside it, the new state and time, the next step. True at the end of the segment."""
    w, ws = s.width, lanes.ws
    t, h, until = ws[T * w + lane], ws[H * w + lane], lanes.real[END * w + lane]
    # late in a course the clock is coarser than the step: what is left may be less than it can tell
    over = until - t <= h * (1.0 + 1e-12) or t + h >= until
    now = until if over else t + h
    row, limit = lanes.whole[ROW * w + lane], now
    if over:
        limit = until - tie
    while row < s.rows and plan.row_time[row] <= limit:
        x = max(plan.row_time[row] - t, 0.0) / (now - t) if now > t else 0.0
        interpolate(lane, x, row, s, lanes, results)
        row += 1
    lanes.whole[ROW * w + lane] = row
    for i in range(s.states):
        ws[(Y + i) * w + lane] = ws[(next_at(s) + i) * w + lane]
    ws[T * w + lane] = now
    if lanes.real[FIRST * w + lane] == 0.0:
        lanes.real[FIRST * w + lane] = h
    wanted = h * min(max(0.9 * ws[GROWTH * w + lane], 0.2), 1.0 if lanes.whole[SHRUNK * w + lane] else 6.0)
    lanes.whole[SHRUNK * w + lane] = 0
    rest = until - now
    # a step that would nearly reach the end reaches it; one that would leave a sliver takes half
    ws[H * w + lane] = rest if wanted >= rest else (0.5 * rest if wanted > 0.7 * rest else wanted)
    return over


@plain
def reject(lane, s, lanes):
    """Shrink the step; False when it is too small to move time."""
    w, ws = s.width, lanes.ws
    growth = ws[GROWTH * w + lane]
    lanes.whole[REJECTED * w + lane] += 1
    lanes.whole[SHRUNK * w + lane] = 1
    ws[H * w + lane] *= max(0.9 * growth, 0.1) if growth == growth and growth > 0.0 else 0.1
    return ws[T * w + lane] + 0.1 * ws[H * w + lane] > ws[T * w + lane]


@plain
def advance(lane, end, tie, slopes, s, plan, lanes, results):
    """After a step of all lanes: what it means for a lane. What became of its patient, or -1 while it goes on."""
    w = s.width
    lanes.whole[STEPS * w + lane] += 1
    if lanes.ws[ERROR * w + lane] <= 1.0:
        if accept(lane, tie, s, plan, lanes, results) and not settle(lane, end, tie, slopes, s, plan, lanes, results):
            return DONE
    elif not reject(lane, s, lanes):
        return TOO_SMALL
    return TOO_MANY if lanes.whole[STEPS * w + lane] >= s.most else -1


@plain
def leave(lane, outcome, s, lanes, results):
    """What is kept of a patient: outcome, steps, and the last state and time."""
    w, n = s.width, s.states
    item = lanes.whole[ITEM * w + lane]
    results.status[item * 3] = outcome
    results.status[item * 3 + 1] = lanes.whole[STEPS * w + lane]
    results.status[item * 3 + 2] = lanes.whole[REJECTED * w + lane]
    for i in range(n):
        results.final[item * (n + 1) + i] = lanes.ws[(Y + i) * w + lane]
    results.final[item * (n + 1) + n] = lanes.ws[T * w + lane]
    lanes.whole[ITEM * w + lane] = -1


@plain
def refill(lane, coming, end, tie, slopes, s, items, plan, lanes, results):
    """Patients into a lane until one has steps to take, or none is left; the number of the next one."""
    while coming < s.items:
        load(lane, coming, s, items, plan, lanes)
        coming += 1
        if settle(lane, end, tie, slopes, s, plan, lanes, results):
            return coming
        leave(lane, DONE, s, lanes, results)
    return coming


def run(
    step, slopes, end, tie,
    sizes, p, y, atol, begin, row_time, row_post, stop_time, stop_set, stop_add, add_state, add_amount, rate, moves,
    vectors, ws, whole, real, out, final, status,
):  # fmt: skip
    """Every patient from its beginning to `end`, as many at a time as the workspace has lanes (arrays: `memory`)."""
    z = sizes
    s = Sizes(z[0], z[1], z[2], z[3], z[4], z[5], z[6], z[7], z[8], z[9], z[10], z[11])
    items = Items(p, y, atol, begin)
    plan = Plan(row_time, row_post, stop_time, stop_set, stop_add, add_state, add_amount, rate, moves, vectors)
    lanes, results = Lanes(ws, whole, real), Results(out, final, status)
    coming, active = 0, 0
    for lane in range(s.width):
        whole[ITEM * s.width + lane] = -1
        coming = refill(lane, coming, end, tie, slopes, s, items, plan, lanes, results)
        active += whole[ITEM * s.width + lane] >= 0
    while active > 0:
        call(step, ws)
        for lane in range(s.width):
            if whole[ITEM * s.width + lane] < 0:
                continue
            outcome = advance(lane, end, tie, slopes, s, plan, lanes, results)
            if outcome >= 0:
                leave(lane, outcome, s, lanes, results)
                coming = refill(lane, coming, end, tie, slopes, s, items, plan, lanes, results)
                active -= whole[ITEM * s.width + lane] < 0
    return 0


@lru_cache(maxsize=1)
def compiled():
    """numba's translation of `run`: step and slopes by address, end and tie as times, then the arrays of `memory`."""
    arrays = [WHOLE_NUMBERS if name in WHOLE else REAL for name in ARRAYS]
    signature = types.int64(types.int64, types.int64, types.float64, types.float64, *arrays)
    return cfunc(signature, error_model="numpy")(run)
