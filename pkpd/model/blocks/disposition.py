"""IL-2 in plasma and tissue: two compartments, renal clearance, uptake by cells, and production that holds it at
rest.
"""

from __future__ import annotations

from ..declaration import Expression
from ..grammar import Builder


def disposition(m: Builder) -> None:
    """Route `iv` and two compartments; volumes and clearances scale with body surface area.

    Amounts (pmol) are the states, so that what leaves one place enters another. Endogenous production is constant and
    balances every loss at rest; as cells that take up IL-2 expand, endogenous IL-2 therefore falls (to about 0.7 of
    rest at day 14 of the index regimen), because nothing here regulates it.
    """
    rest = m.parameter("endogenous_il2", "pM", latex="C_{end}")
    size = _body_size(m)
    v1 = m.define("plasma_volume", size * m.parameter("central_volume", "L", latex="V_1"), "L", latex="v_1")
    v2 = m.define("tissue_volume", size * m.parameter("peripheral_volume", "L", latex="V_2"), "L", latex="v_2")
    q = size * m.parameter("intercompartmental_clearance", "L/h", latex="Q")
    cl = size * m.parameter("linear_clearance", "L/h", latex="CL")
    per_iu = m.parameter("il2_pm_per_iu_ml", "pM/(IU/mL)", latex="c_{IU}")

    plasma = m.state("il2_plasma", "pmol", initial=rest * v1, meaning="IL-2 in plasma, total", latex="A_p")
    tissue = m.state("il2_tissue", "pmol", initial=rest * v2, meaning="IL-2 outside plasma", latex="A_t")
    total = m.define("il2_concentration", plasma / v1, "pM", "total plasma IL-2", latex="C_1")
    m.flow("to_tissue", q * total, out_of=plasma, into=tissue)
    m.flow("from_tissue", q * tissue / v2, out_of=tissue, into=plasma)
    m.flow("linear_loss", cl * total, out_of=plasma)
    m.flow("endogenous_for_linear_loss", cl * rest, into=plasma)

    m.route("iv", into=plasma, unit="IU", content=per_iu)
    m.output("il2", total, "pM", "total plasma IL-2")
    m.output("il2_iu_per_ml", total / per_iu, "IU/mL", "total plasma IL-2 as activity")


def free_il2(m: Builder) -> None:
    """IL-2 not bound to soluble CD25, now and at rest, and its uptake by the cells that are no states here."""
    kd = m.parameter("scd25_affinity", "pM", latex="K_{dS}")
    s0 = m.parameter("scd25_baseline", "pM", latex="S_0")
    free = m["il2_concentration"] / (1 + m["scd25"] / kd)
    m.define("free_il2", free, "pM", "plasma IL-2 not bound to soluble CD25", latex="C_f")
    m.define("free_il2_rest", m["endogenous_il2"] / (1 + s0 / kd), "pM", "the same at rest", latex="f_0")
    uptake(m, "other", 1, letter="O")


def uptake(m: Builder, cells: str, amount: Expression, letter: str) -> None:
    """Receptor-mediated uptake of IL-2 by `cells`, present in `amount` (1 at rest), and the production that balances
    it.

    `capacity` is the clearance of a trace of IL-2; it halves at a free concentration of `half`. One multiplier scales
    the uptake of all cells, since levels in plasma tell only of their sum.
    """
    share = m.parameter("uptake_multiplier", "1", latex="u")
    capacity = share * m.parameter(f"{cells}_uptake", "L/h", latex=f"C_{letter}") * m["body_size"]
    half = m.parameter(f"{cells}_uptake_half", "pM", latex=f"K_{{u{letter}}}")
    free, rest, plasma = m["free_il2"], m["free_il2_rest"], m["il2_plasma"]
    m.flow(f"{cells}_uptake_loss", capacity * amount * half / (half + free) * free, out_of=plasma)
    m.flow(f"endogenous_for_{cells}_uptake", capacity * half / (half + rest) * rest, into=plasma)


def _body_size(m: Builder) -> Expression:
    """Size relative to the reference adult; body weight is known too, for doses per kg."""
    m.parameter("weight", "kg", covariate=True)
    bsa = m.parameter("bsa", "m2", latex="BSA", covariate=True)
    reference = m.parameter("reference_bsa", "m2", latex="BSA_{ref}")
    return m.define("body_size", bsa / reference, "1", "size relative to the reference adult", latex="b")
