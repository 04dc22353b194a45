"""A program of heyoka alone, without pkpd or sympy, that gives its first result for a case."""

from __future__ import annotations

from .cases import Case
from .equations import equations

PROGRAM = """import heyoka as hy
import numpy as np
from heyoka import exp, log, sqrt

def Max(zero, x):
    return hy.relu(x)

scale, initial = {scale}, {initial}
constants = {constants}
names = [f"y{{k}}" for k in range(len(scale))]
place = dict(time=hy.time)
place.update({{f"k{{k}}": hy.expression(float(v)) for k, v in enumerate(constants)}})
place.update({{name: hy.expression(name) * hy.expression(s) for name, s in zip(names, scale)}})
globals().update(place)
{steps}
slopes = [{ends}]
system = [(hy.expression(name), slope / s) for name, slope, s in zip(names, slopes, scale)]
integrator = hy.taylor_adaptive(system, (np.array(initial) / scale).tolist(), tol=1e-4)
for times, state, amount in {plan}:
    integrator.state[state] += amount / scale[state]
    found = integrator.propagate_grid(times)[-1]
print(found[-1])
"""


def program(case: Case) -> str:
    """The typical patient of the case, equations and numbers written out."""
    made, typical = equations(case.model), case.typical
    return PROGRAM.format(
        scale=typical.scale.tolist(),
        initial=typical.initial.tolist(),
        constants=made.constants(typical.p).tolist(),
        steps="\n".join(f"{name} = {e}" for name, e in made.steps),
        ends=", ".join(str(e) for e in made.ends),
        plan=[([s.begin, *s.stops(case.times).tolist()], s.state, s.amount) for s in case.stretches],
    )
