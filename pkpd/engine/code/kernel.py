"""The loop around the steps, written in Python and turned into machine code by numba (see `machine`).

Each lane of the workspace holds one patient with its own time, step, doses and rows, so what it computes depends on
nothing but its patient. When a patient is done, the lane takes the next one.

All times are in the model's unit. Arrays are pointers to flat memory: number k of a lane stands at `k * width + lane`
in the lanes' own memory; elsewhere each patient has its rows.
"""

from __future__ import annotations

from collections import namedtuple
from functools import lru_cache

from llvmlite import ir
from numba import cfunc, njit, types
from numba.extending import intrinsic

from .memory import ARRAYS, DONE, SIZES, TOO_MANY, TOO_SMALL, WHOLE

# Sections of the workspace with one number a lane; the vectors follow (see `memory.Layout`).
T, H, RTOL, ERROR, GROWTH, Y = range(6)
# Whole numbers of a lane: the patient, the next stop and row, what happened to steps.
ITEM, STOP, ROW, STEPS, REJECTED, SHRUNK = range(6)
# Real numbers of a lane: where the segment ends, and the first step that held in it.
END, FIRST = range(2)

Sizes = namedtuple("Sizes", SIZES)
Items = namedtuple("Items", "p y atol begin")
Plan = namedtuple("Plan", "row_time row_post stop_time stop_set stop_add add_state add_amount rate moves vectors")
Lanes = namedtuple("Lanes", "ws whole real")
Results = namedtuple("Results", "out final status")

_REAL, _WHOLE = types.CPointer(types.float64), types.CPointer(types.int64)


@intrinsic
def call(typing, address, workspace):  # type: ignore[no-untyped-def]
    """Machine code at an address, called with the workspace."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        shape = ir.FunctionType(ir.VoidType(), [arguments[1].type])
        builder.call(builder.inttoptr(arguments[0], shape.as_pointer()), [arguments[1]])
        return context.get_dummy_value()

    return types.void(types.int64, _REAL), code


plain = njit(error_model="numpy")


@plain
def atol_at(s):
    return Y + s.states + s.parameters + s.rates


@plain
def next_at(s):
    return atol_at(s) + s.moved


@plain
def slope_at(s):
    return next_at(s) + 4 * s.states  # after the solution and three rows of dense output


@plain
def load(lane, item, s, items, plan, lanes):
    """Patient `item` into a lane, at its beginning."""
    w, n, m = s.width, s.states, s.parameters
    for i in range(n):
        lanes.ws[(Y + i) * w + lane] = items.y[item * n + i]
    for i in range(s.moved):
        lanes.ws[(atol_at(s) + i) * w + lane] = items.atol[item * s.moved + i]
    for j in range(m):
        lanes.ws[(Y + n + j) * w + lane] = items.p[item * m + j]
    lanes.ws[T * w + lane] = items.begin[item]
    for k in range(SHRUNK + 1):
        lanes.whole[k * w + lane] = 0
    lanes.whole[ITEM * w + lane] = item
    lanes.real[FIRST * w + lane] = 0.0
    set_rates(lane, 0, s, plan, lanes)


@plain
def set_rates(lane, segment, s, plan, lanes):
    """The infusion rates of a segment."""
    at = Y + s.states + s.parameters
    first = (lanes.whole[ITEM * s.width + lane] * (s.stops + 1) + segment) * s.rates
    for j in range(s.rates):
        lanes.ws[(at + j) * s.width + lane] = plan.rate[first + j]


@plain
def record(lane, row, s, lanes, results):
    """The state as it stands, to a row."""
    first = lanes.whole[ITEM * s.width + lane] * s.states
    for i in range(s.states):
        results.out[(first + i) * s.padded + row] = lanes.ws[(Y + i) * s.width + lane]


@plain
def interpolate(lane, x, row, s, lanes, results):
    """The state at a fraction x of the step, to a row."""
    w, n, ws = s.width, s.states, lanes.ws
    first = lanes.whole[ITEM * w + lane] * n
    for i in range(n):
        at = (next_at(s) + i) * w + lane
        bent = ws[at + n * w] + x * (ws[at + 2 * n * w] + x * ws[at + 3 * n * w])
        value = (1 - x) * ws[(Y + i) * w + lane] + x * (ws[at] + (1 - x) * bent)
        results.out[(first + i) * s.padded + row] = value


@plain
def shift(lane, by, slopes, s, lanes):
    """What the state gains along its slope when a stop moves by `by`, added to the derivatives of the state."""
    call(slopes, lanes.ws)
    for i in range(s.moved):
        slope = lanes.ws[(slope_at(s) + i) * s.width + lane]
        lanes.ws[(Y + s.moved + i) * s.width + lane] += by * slope


@plain
def happen(lane, slopes, s, plan, lanes):
    """What happens at a stop: the state is set, doses are added, infusions switched."""
    w, n, ws = s.width, s.states, lanes.ws
    item, k = lanes.whole[ITEM * w + lane], lanes.whole[STOP * w + lane]
    by = plan.moves[item * s.stops + k]
    if by != 0.0:
        shift(lane, by, slopes, s, lanes)
    if plan.stop_set[k] >= 0:
        first = (item * s.vectors + plan.stop_set[k]) * n
        for i in range(n):
            ws[(Y + i) * w + lane] = plan.vectors[first + i]
    for a in range(plan.stop_add[k], plan.stop_add[k + 1]):
        ws[(Y + plan.add_state[a]) * w + lane] += plan.add_amount[item * s.adds + a]
    set_rates(lane, k + 1, s, plan, lanes)
    if by != 0.0:
        shift(lane, -by, slopes, s, lanes)


@plain
def first_step(lane, slopes, s, lanes):
    """What held first in the segment before; at the beginning, a hundredth of the time of the state to double."""
    w, ws = s.width, lanes.ws
    if lanes.real[FIRST * w + lane] > 0.0:
        return lanes.real[FIRST * w + lane]
    call(slopes, ws)
    size = 0.0
    speed = 0.0
    for i in range(s.moved):
        y = abs(ws[(Y + i) * w + lane])
        scale = ws[(atol_at(s) + i) * w + lane] + ws[RTOL * w + lane] * y
        size = max(size, y / scale)
        speed = max(speed, abs(ws[(slope_at(s) + i) * w + lane]) / scale)
    return 0.01 * size / speed if speed > 0.0 and size > 0.0 else 1e-3


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
    over = until - t <= h * (1.0 + 1e-12)
    now = until if over else t + h
    row, limit = lanes.whole[ROW * w + lane], now
    if over:
        limit = until - tie
    while row < s.rows and plan.row_time[row] <= limit:
        interpolate(lane, max(plan.row_time[row] - t, 0.0) / (now - t), row, s, lanes, results)
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
    arrays = [_WHOLE if name in WHOLE else _REAL for name in ARRAYS]
    signature = types.int64(types.int64, types.int64, types.float64, types.float64, *arrays)
    return cfunc(signature, error_model="numpy")(run)
