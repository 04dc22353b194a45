"""What the kernel does to one lane of the workspace; like the kernel, Python that numba compiles.

Each lane holds one patient with its own time, step, doses and rows. All times are in the model's unit. Arrays are
pointers to flat memory: number k of a lane stands at `k * width + lane` in the lanes' own memory; elsewhere each
patient has its rows (see `memory`).
"""

from __future__ import annotations

from collections import namedtuple

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from .memory import SIZES

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

REAL, WHOLE_NUMBERS = types.CPointer(types.float64), types.CPointer(types.int64)


@intrinsic
def call(typing, address, workspace):  # type: ignore[no-untyped-def]
    """Machine code at an address, called with the workspace."""

    def code(context, builder, signature, arguments):  # type: ignore[no-untyped-def]
        shape = ir.FunctionType(ir.VoidType(), [arguments[1].type])
        builder.call(builder.inttoptr(arguments[0], shape.as_pointer()), [arguments[1]])
        return context.get_dummy_value()

    return types.void(types.int64, REAL), code


plain = njit(error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)


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
