"""The 13-state workload as plain Python: low-dose IL-2, 42 subcutaneous doses in 168 days, 337 sampling times.

Hours, IU, IU/mL. `thirteen_states.py` declares the same equations in pkpd's grammar; this states them once more, for
libraries that want a function, with the population and an error measure.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]

# fmt: off
PNAMES = ["ka", "F", "CL", "V1", "k12", "k21", "Vmax", "Km", "EC50T", "EC50K", "h", "cE", "ktr", "kd", "kr", "kmar",
          "kret", "kex", "koutT", "kinT", "pT", "T0", "koutK", "kinK", "pK", "K0"]
SNAMES = ["A", "C1", "C2", "S1", "S2", "N1", "N2", "Tb", "Tt", "Kb", "Kt", "D", "R"]
BASE = {
    "ka": 0.25, "F": 0.4, "CL": 7.2, "V1": 4.3, "k12": 1.5, "k21": 0.9, "Vmax": 30000.0, "Km": 5.0,
    "EC50T": 0.6, "EC50K": 6.0, "h": 1.2, "cE": 0.02, "ktr": 0.04, "kd": 0.02, "kr": 0.02, "kmar": 0.15,
    "kret": 0.1, "kex": 0.1, "koutT": 0.0036, "pT": 0.006, "T0": 40.0, "koutK": 0.002, "pK": 0.004, "K0": 200.0,
}
# fmt: on
VARIED = ["ka", "CL", "V1", "EC50T", "pT", "T0"]
SPREAD = 0.3  # standard deviation of the logarithms
SEED = 20240607
DOSE = 1.0e6
CYCLE = 672.0
DOSE_T = np.array([c * CYCLE + d * 24.0 for c in range(6) for d in (0, 2, 4, 6, 8, 10, 12)])
TEND = 4032.0
GRID = np.linspace(0.0, TEND, 337)
NSTATE, NPAR = len(SNAMES), len(PNAMES)


def complete(given: Mapping[str, float]) -> tuple[Vector, Vector]:
    """All parameters in the order of PNAMES, those that depend on the baseline added, and the steady initial state."""
    p = dict(given)
    c, e = p["cE"], p["EC50T"]
    # d = c / (c + e (1 + d)), so e d^2 + (c + e) d - c = 0
    d = (-(c + e) + math.sqrt((c + e) ** 2 + 4 * e * c)) / (2 * e)
    killer = c ** p["h"] / (c ** p["h"] + p["EC50K"] ** p["h"])
    p["kinT"] = p["T0"] * (p["koutT"] - p["pT"] * d)
    p["kinK"] = p["K0"] * (p["koutK"] - p["pK"] * killer)
    back, treg, nk = p["kex"] / p["kret"], p["T0"], p["K0"]
    initial = [0.0, 0.0, 0.0, d, d, killer, killer, treg, treg * back, nk, nk * back, d, 1 + 5 * d]
    return np.array([p[name] for name in PNAMES]), np.array(initial)


def factors(count: int, names: Sequence[str] = tuple(VARIED)) -> Vector:
    """What each patient's typical values are multiplied by, shape (patients, names)."""
    normal = np.random.default_rng(SEED).standard_normal((count, len(names)))
    return np.array([[math.exp(v) for v in row] for row in (SPREAD * normal).tolist()])


def population(count: int = 1000) -> tuple[Vector, Vector]:
    """Parameters and initial states of patients, one row each."""
    found = []
    for row in factors(count).tolist():
        found.append(complete(BASE | {name: BASE[name] * f for name, f in zip(VARIED, row, strict=True)}))
    return np.array([p for p, _ in found]), np.array([y for _, y in found])


def rhs(t: float, y: Sequence[float], p: Sequence[float]) -> tuple[float, ...]:
    """Rates of change per hour."""
    # fmt: off
    (ka, F, CL, V1, k12, k21, Vmax, Km, EC50T, EC50K, h, cE, ktr, kd, kr, kmar, kret, kex,
     koutT, kinT, pT, T0, koutK, kinK, pK, _) = p
    A, C1, C2, S1, S2, N1, N2, Tb, Tt, Kb, Kt, D, R = y
    conc = C1 / (V1 * 1000.0)
    c = conc + cE
    sT = c / (c + EC50T * (1.0 + D))
    ch = c**h
    sK = ch / (ch + EC50K**h)
    m = kmar * conc / (conc + 1.0)
    return (
        -ka * A,
        ka * F * A - CL / V1 * C1 - k12 * C1 + k21 * C2 - Vmax * (Tb / T0) * conc / (Km + conc) * V1,
        k12 * C1 - k21 * C2,
        ktr * (sT - S1), ktr * (S1 - S2), ktr * (sK - N1), ktr * (N1 - N2),
        kinT + pT * S2 * Tb - koutT * Tb - m * Tb + kret * Tt - kex * Tb,
        m * Tb + kex * Tb - kret * Tt,
        kinK + pK * N2 * Kb - koutK * Kb - m * Kb + kret * Kt - kex * Kb,
        m * Kb + kex * Kb - kret * Kt,
        kd * (sT - D),
        kr * (1.0 + 5.0 * sT - R),
    )
    # fmt: on


def segments() -> list[tuple[float, float, NDArray[np.intp]]]:
    """From dose to dose: begin, end, and the sampling times after the begin and up to the end, by number."""
    ends = np.append(DOSE_T[1:], TEND).tolist()
    found = []
    for begin, end in zip(DOSE_T.tolist(), ends, strict=True):
        inside = (begin + 1e-9 < GRID) & (end + 1e-9 >= GRID)
        found.append((begin, end, np.nonzero(inside)[0]))
    return found


def errors(states: Vector, reference: Vector) -> tuple[float, float]:
    """The largest |y - reference| / |reference| of signals, cells and markers, which are never near 0, and the largest
    |y - reference| / max over time of |reference| of all states; of the depot A off the times of doses only, so that it
    does not matter on which side of a dose it was sampled. Both of shape (337, 13), or (patients, 337, 13).
    """
    apart, off = np.abs(states - reference), np.ones(len(GRID), dtype=bool)
    off[np.round(DOSE_T / 12).astype(int)] = False
    relative = (apart[..., 3:] / np.abs(reference[..., 3:])).max()
    scaled = apart / np.abs(reference).max(axis=-2, keepdims=True)
    return float(relative), float(max(scaled[..., 1:].max(), scaled[..., off, 0].max()))
