"""Subcutaneous absorption: injection site, then lymph, at one rate; two equal steps give the late, flat peak that
is measured.
"""

from __future__ import annotations

from ..grammar import Builder


def absorption(m: Builder) -> None:
    """Route `sc`: a dose in IU reaches the injection site after a lag, less what is lost there, and enters plasma
    through lymph.
    """
    ka = m.parameter("sc_absorption", "1/h", latex="k_a")
    bioavailability = m.parameter("sc_bioavailability", "1", latex="F")
    lag = m.parameter("sc_lag", "h", latex="t_{lag}")
    content = m.parameter("il2_pm_per_iu_ml", "pM/(IU/mL)", latex="c_{IU}")

    m.require(bioavailability, 1, "no more than the dose itself reaches plasma")
    depot = m.state("il2_depot", "pmol", scale=100, meaning="IL-2 at the injection site", latex="A_1")
    lymph = m.state("il2_lymph", "pmol", scale=100, meaning="IL-2 in lymph", latex="A_2")
    m.flow("release", ka * depot, out_of=depot, into=lymph)
    m.flow("absorption", ka * lymph, out_of=lymph, into=m["il2_plasma"])
    m.route("sc", into=depot, unit="IU", bioavailability=bioavailability, lag=lag, content=content)
