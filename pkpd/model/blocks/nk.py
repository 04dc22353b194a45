"""Natural killer cells: CD56bright grow under IL-2 and mature, with a delay of about ten days, into CD56dim."""

from __future__ import annotations

from ..declaration import Expression
from ..grammar import Builder
from .disposition import uptake


def nk(m: Builder) -> None:
    """CD56bright and CD56dim as fold of all NK cells at rest; three maturation steps between them; both leave blood
    while IL-2 is high.
    """
    free, rest = m["free_il2"], m["free_il2_rest"]
    ec50 = m.parameter("nk_bright_ec50", "pM", latex="K_b")
    occupancy = m.define(
        "nk_occupancy", free / (free + ec50), "1", "share of receptors on NK cells with IL-2", latex="s_b"
    )
    at_rest = m.define("nk_occupancy_rest", rest / (rest + ec50), "1", "the same at rest", latex="s_{b0}")
    share = m.parameter("nk_bright_share", "1", latex="N_{b0}")
    loss = m.parameter("nk_bright_loss", "1/h", latex="d_b")
    growth = m.parameter("nk_bright_growth", "1/h", latex="g_b")
    feedback = m.parameter("nk_bright_feedback", "1", latex="\\nu_b")
    yield_ = m.parameter("nk_maturation_yield", "1", latex="a")
    dim_loss = m.parameter("nk_dim_loss", "1/h", latex="d_d")
    survival = m.parameter("nk_dim_survival", "1", latex="e_d")
    m.require(
        yield_ * loss * share,
        dim_loss * (1 - share),
        "maturing CD56bright cells do not exceed the loss of CD56dim at rest",
    )

    bright = m.state(
        "nk_bright", "1", initial=share, scale=0.1, meaning="CD56bright, fold of all NK at rest", latex="N_b"
    )
    leaving = m.define(
        "nk_bright_leaving",
        loss * bright * (bright / share) ** feedback,
        "1/h",
        "CD56bright lost or maturing",
        latex="\\ell_b",
    )
    m.change(bright, loss * share + growth * (occupancy - at_rest) * bright - leaving)

    rate = m.parameter("nk_maturation_rate", "1/h", latex="k_m")
    previous = yield_ * leaving
    for step in (1, 2, 3):
        maturing = m.state(
            f"nk_maturing_{step}",
            "1/h",
            initial=yield_ * loss * share,
            scale=1e-4,
            meaning=f"maturation, step {step}",
            latex=f"M_{step}",
        )
        m.change(maturing, rate * (previous - maturing))
        previous = maturing

    dim = m.state("nk_dim", "1", initial=1 - share, meaning="CD56dim, fold of all NK at rest", latex="N_d")
    supply = dim_loss * (1 - share) - yield_ * loss * share
    m.change(dim, supply + previous - dim_loss * (1 - survival * (occupancy - at_rest)) * dim)

    stay = m.state("nk_in_blood", "1", initial=1, meaning="share of NK that stays in blood, relative", latex="v_N")
    m.change(
        stay,
        m.parameter("nk_return", "1/h", latex="k_{inN}") * (1 - stay)
        - m.parameter("nk_margination", "1/h", latex="k_{outN}") * (occupancy * stay - at_rest),
    )
    uptake(m, "nk", bright + dim, letter="N")
    _outputs(m, bright * stay, dim * stay)


def _outputs(m: Builder, bright: Expression, dim: Expression) -> None:
    baseline = m.parameter("nk_baseline", "cells/uL", latex="NK_0", covariate=True)
    lymphocytes = m.parameter("lymphocyte_baseline", "cells/uL", latex="L_0", covariate=True)
    m.require(baseline + m["treg_baseline"], lymphocytes, "NK and Treg are part of lymphocytes")
    count = m.define("nk_count", baseline * (bright + dim), "cells/uL", "NK cells in blood", latex="N_N")
    others = lymphocytes - baseline - m["treg_baseline"]
    m.output("nk", count, "cells/uL", "NK cells in blood", fold=True)
    m.output(
        "nk_percent_lymphocytes",
        count / (others + count + m["treg_count"]),
        "%",
        "NK as percent of lymphocytes; the others stay flat",
    )
    m.output("cd56bright", baseline * bright, "cells/uL", "CD56bright NK cells in blood", fold=True)
    m.output("cd56dim", baseline * dim, "cells/uL", "CD56dim NK cells in blood", fold=True)
