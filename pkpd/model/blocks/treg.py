"""Regulatory T cells: receptors and signal, the cycle of division, the count in blood, and the CD25 they shed."""

from __future__ import annotations

from ..expressions import positive_part
from ..grammar import Builder
from .counts import treg_counts
from .disposition import uptake


def treg_receptors(m: Builder) -> None:
    """CD25 and CD122 on Treg, and the signal they carry.

    Only occupancy above its drug-free value moves anything, so rest is exactly the declared baseline. CD25 rises in a
    fast part, which sharpens the next signal, and a slow part, which keeps it raised for days after a course as two
    rows of the evidence say, and which carries no signal.
    """
    ec50 = m.parameter("treg_ec50", "pM", latex="K_T")
    fast_rate, fast_gain = (
        m.parameter("cd25_turnover", "1/h", latex="k_R"),
        m.parameter("cd25_induction", "1", latex="r_{max}"),
    )
    slow_rate, slow_gain = (
        m.parameter("cd25_slow_turnover", "1/h", latex="k_q"),
        m.parameter("cd25_slow_induction", "1", latex="r_q"),
    )
    recovery, loss = (
        m.parameter("cd122_recovery", "1/h", latex="k_B"),
        m.parameter("cd122_loss", "1/h", latex="k_{des}"),
    )

    fast = m.state("cd25_fast", "1", initial=1, meaning="CD25 per Treg, fast part, relative", latex="R")
    slow = m.state("cd25_slow", "1", initial=0, meaning="CD25 per Treg, slow part, relative", latex="Q_{25}")
    capacity = m.state("cd122", "1", initial=1, meaning="functional CD122, the capacity to signal, relative", latex="B")
    free, rest = m["free_il2"], m["free_il2_rest"]
    occupancy = m.define(
        "treg_occupancy", free / (free + ec50 / fast), "1", "share of high-affinity receptors with IL-2", latex="o"
    )
    at_rest = m.define("treg_occupancy_rest", rest / (rest + ec50), "1", "the same at rest", latex="o_0")
    signal = m.define("treg_signal", capacity * occupancy - at_rest, "1", "signal above rest", latex="s_T")
    m.change(fast, fast_rate * (1 + fast_gain * signal - fast))
    m.change(slow, slow_rate * (signal - slow))
    m.change(capacity, recovery * (1 - capacity) - loss * signal)
    m.output("cd25", fast + slow_gain * slow, "1", "CD25 per Treg, relative", fold=True)
    m.output("cd122", capacity, "1", "functional CD122 per Treg, relative", fold=True)


def treg_cycle(m: Builder, entry_feedback: bool = True) -> None:
    """Resting and cycling (Ki67+) Treg as fold of the patient's own baseline; cycling cells divide and come to rest.

    The signal moves resting cells into cycle. Density feedback makes the plateau and the way back: the more Treg, the
    faster they are lost, and the fewer enter the cycle without drug, since they compete for what drives it. On the loss
    alone (`entry_feedback=False`) Treg stay up until the next cycle of the index regimen, where a pooled analysis saw
    no rise; scripts/structures.py compares. The rate is held at zero should the signal fall far below rest.
    """
    loss, thymic = m.parameter("treg_loss", "1/h", latex=r"\mu"), m.parameter("treg_thymic_share", "1", latex=r"\phi")
    ki67 = m.parameter("treg_ki67_baseline", "1", latex="P_0")
    activation = m.parameter("treg_activation", "1/h", latex=r"\pi_1")
    feedback = m.parameter("treg_feedback", "1", latex=r"\nu")
    division = m.define(
        "treg_division", loss * (1 - thymic) / ki67, "1/h", "rate at which cycling Treg divide", latex=r"\rho"
    )
    entry = m.define(
        "treg_entry_rest", (division + loss) * ki67 / (1 - ki67), "1/h", "rate into cycle at rest", latex=r"\pi_0"
    )
    driven = activation * m["treg_occupancy_rest"]
    m.require(driven, entry, "endogenous IL-2 drives no more Treg into cycle than enter it at rest")

    resting = m.state(
        "treg_resting", "1", initial=1 - ki67, meaning="resting Treg, fold of all Treg at rest", latex="T"
    )
    cycling = m.state("treg_cycling", "1", initial=ki67, meaning="cycling (Ki67+) Treg, same scale", latex="P")
    total = m.define("treg_total", resting + cycling, "1", "Treg, fold of baseline", latex="G")
    # a name of its own, so that the power, the dearest operation, is taken once
    crowding = m.define(
        "treg_crowding", total**feedback, "1", "how much faster Treg are lost than at rest", latex="c_T"
    )
    drug_free = entry / crowding if entry_feedback else entry
    rate = m.define(
        "treg_entry", positive_part(drug_free + activation * m["treg_signal"]), "1/h", "rate into cycle", latex=r"\pi"
    )
    m.change(resting, thymic * loss + 2 * division * cycling - rate * resting - loss * crowding * resting)
    m.change(cycling, rate * resting - division * cycling - loss * crowding * cycling)
    m.output("ki67_treg", cycling / total, "1", "share of Treg that are Ki67+")
    uptake(m, "treg", total * m["cd25_fast"], letter="T")


def treg_in_blood(m: Builder) -> None:
    """The Treg count: cells leave the blood while IL-2 is high and return within a day; how many leave is assumed."""
    back, leave = (
        m.parameter("treg_return", "1/h", latex="k_{in}"),
        m.parameter("treg_margination", "1/h", latex="k_{out}"),
    )
    stay = m.state("treg_in_blood", "1", initial=1, meaning="share of Treg that stays in blood, relative", latex="v_T")
    m.change(stay, back * (1 - stay) - leave * (m["treg_occupancy"] * stay - m["treg_occupancy_rest"]))
    treg_counts(m, m["treg_total"] * stay)


def shed_cd25(m: Builder) -> None:
    """Soluble CD25, shed in part by Treg: a marker, since at about 10 nM it binds almost no IL-2 at these doses."""
    baseline = m.parameter("scd25_baseline", "pM", latex="S_0")
    share = m.parameter("scd25_cell_share", "1", latex="f_S")
    soluble = m.state("scd25", "pM", initial=baseline, scale=10, meaning="soluble CD25", latex="S")
    shed = baseline * (1 - share + share * m["treg_total"] * m["cd25_fast"])
    m.change(soluble, m.parameter("scd25_turnover", "1/h", latex="k_S") * (shed - soluble))
    m.output("scd25", soluble, "pM", "soluble CD25")
