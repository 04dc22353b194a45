"""Eosinophils through an IL-5 signal: the direction is known, the size is assumed."""

from __future__ import annotations

from ..grammar import Builder


def eosinophils(m: Builder) -> None:
    """IL-5 follows IL-2 above rest and eosinophils follow IL-5, all relative to the patient's own baseline."""
    free, rest = m["free_il2"], m["free_il2_rest"]
    ec50 = m.parameter("il5_ec50", "pM", latex="K_5")
    il5 = m.state("il5", "1", initial=1, meaning="IL-5 signal, relative", latex="I_5")
    count = m.state("eosinophils", "1", initial=1, meaning="eosinophils, relative", latex="Eo")
    signal = free / (free + ec50) - rest / (rest + ec50)
    induction = m.parameter("il5_induction", "1", latex="e_5")
    m.change(il5, m.parameter("il5_turnover", "1/h", latex="k_5") * (1 + induction * signal - il5))
    m.change(count, m.parameter("eosinophil_turnover", "1/h", latex="d_E") * (il5 - count))
    m.output("eosinophils", count, "1", "eosinophils in blood, relative to baseline", fold=True)
