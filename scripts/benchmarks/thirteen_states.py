"""The 13-state workload of the benchmark in pkpd's grammar; `workload.py` holds the same equations as plain Python."""

from __future__ import annotations

from typing import Any

import sympy

from pkpd.model.declaration import Model
from pkpd.model.grammar import Builder, build

# value, unit; the symbols of workload.py
VALUES = {
    "ka": (0.25, "1/h"),
    "F": (0.4, "1"),
    "CL": (7.2, "L/h"),
    "V1": (4.3, "L"),
    "k12": (1.5, "1/h"),
    "k21": (0.9, "1/h"),
    "Vmax": (30000.0, "IU/mL/h"),
    "Km": (5.0, "IU/mL"),
    "EC50T": (0.6, "IU/mL"),
    "EC50K": (6.0, "IU/mL"),
    "h": (1.2, "1"),
    "cE": (0.02, "IU/mL"),
    "ktr": (0.04, "1/h"),
    "kd": (0.02, "1/h"),
    "kr": (0.02, "1/h"),
    "kmar": (0.15, "1/h"),
    "kret": (0.1, "1/h"),
    "kex": (0.1, "1/h"),
    "koutT": (0.0036, "1/h"),
    "pT": (0.006, "1/h"),
    "T0": (40.0, "1"),
    "koutK": (0.002, "1/h"),
    "pK": (0.004, "1/h"),
    "K0": (200.0, "1"),
    "cM": (1.0, "IU/mL"),
}


def model() -> Model:
    """Thirteen states in hours; amounts in IU, counts as plain numbers."""
    return build("thirteen_states", _equations, time="h", meaning="the 13-state workload of the benchmark")


def _equations(m: Builder) -> None:
    p = {name: m.parameter(name, unit, value=value) for name, (value, unit) in VALUES.items()}
    c, e = p["cE"], p["EC50T"]
    rest = m.define("rest", (-(c + e) + sympy.sqrt((c + e) ** 2 + 4 * e * c)) / (2 * e), "1")
    high = m.define("high", (c / p["EC50K"]) ** p["h"], "1")
    killer = m.define("killer", high / (1 + high), "1")
    kin_t = m.define("kinT", p["T0"] * (p["koutT"] - p["pT"] * rest), "1/h")
    kin_k = m.define("kinK", p["K0"] * (p["koutK"] - p["pK"] * killer), "1/h")
    back = p["kex"] / p["kret"]
    a, c1, c2 = (m.state(name, "IU", scale=scale) for name, scale in (("A", 1e6), ("C1", 1e4), ("C2", 1e4)))
    s1, s2 = (m.state(name, "1", initial=rest) for name in ("S1", "S2"))
    n1, n2 = (m.state(name, "1", initial=killer, scale=0.1) for name in ("N1", "N2"))
    tb = m.state("Tb", "1", initial=p["T0"], scale=10)
    tt = m.state("Tt", "1", initial=p["T0"] * back, scale=10)
    kb = m.state("Kb", "1", initial=p["K0"], scale=100)
    kt = m.state("Kt", "1", initial=p["K0"] * back, scale=100)
    d, r = m.state("D", "1", initial=rest), m.state("R", "1", initial=1 + 5 * rest)

    conc = m.define("conc", c1 / p["V1"], "IU/mL")
    seen = conc + c
    signal_t = m.define("sT", seen / (seen + e * (1 + d)), "1")
    raised = m.define("raised", (seen / p["EC50K"]) ** p["h"], "1")
    signal_k = m.define("sK", raised / (1 + raised), "1")
    leave = m.define("leave", p["kmar"] * conc / (conc + p["cM"]), "1/h")

    m.flow("absorption", p["ka"] * a, out_of=a)
    m.change(c1, p["ka"] * p["F"] * a - p["CL"] / p["V1"] * c1 - p["k12"] * c1 + p["k21"] * c2)
    m.change(c1, -p["Vmax"] * tb / p["T0"] * conc / (p["Km"] + conc) * p["V1"] / 1000)
    m.change(c2, p["k12"] * c1 - p["k21"] * c2)
    m.change(s1, p["ktr"] * (signal_t - s1))
    m.change(s2, p["ktr"] * (s1 - s2))
    m.change(n1, p["ktr"] * (signal_k - n1))
    m.change(n2, p["ktr"] * (n1 - n2))
    m.change(tb, kin_t + p["pT"] * s2 * tb - p["koutT"] * tb - leave * tb + p["kret"] * tt - p["kex"] * tb)
    m.change(tt, leave * tb + p["kex"] * tb - p["kret"] * tt)
    m.change(kb, kin_k + p["pK"] * n2 * kb - p["koutK"] * kb - leave * kb + p["kret"] * kt - p["kex"] * kb)
    m.change(kt, leave * kb + p["kex"] * kb - p["kret"] * kt)
    m.change(d, p["kd"] * (signal_t - d))
    m.change(r, p["kr"] * (1 + 5 * signal_t - r))
    _given_and_seen(m, (a, c1, c2), (s1, s2, n1, n2, tb, tt, kb, kt, d, r))


def _given_and_seen(m: Builder, amounts: tuple[Any, ...], levels: tuple[Any, ...]) -> None:
    """Doses enter the first amount; every state is an output."""
    m.route("sc", into=amounts[0], unit="IU")
    for state in amounts:
        m.output(f"amount_{state.name}", state, "IU")
    for state in levels:
        m.output(f"level_{state.name}", state, "1")
