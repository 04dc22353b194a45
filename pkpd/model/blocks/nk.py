"""Natural killer cells: CD56bright grow under IL-2 and mature, with a delay of about ten days, into CD56dim."""

from __future__ import annotations

from ..grammar import Builder
from .counts import nk_counts
from .disposition import uptake


def nk_bright(m: Builder) -> None:
    """CD56bright as fold of all NK cells at rest: growth under IL-2 above rest, and a loss that rises with their
    number.
    """
    free, rest = m["free_il2"], m["free_il2_rest"]
    ec50 = m.parameter("nk_bright_ec50", "pM", latex="K_b")
    share = m.parameter("nk_bright_share", "1", latex="N_{b0}")
    loss, growth = (
        m.parameter("nk_bright_loss", "1/h", latex="d_b"),
        m.parameter("nk_bright_growth", "1/h", latex="g_b"),
    )
    feedback = m.parameter("nk_bright_feedback", "1", latex=r"\nu_b")
    occupancy = m.define(
        "nk_occupancy", free / (free + ec50), "1", "share of receptors on NK cells with IL-2", latex="s_b"
    )
    at_rest = m.define("nk_occupancy_rest", rest / (rest + ec50), "1", "the same at rest", latex="s_{b0}")
    bright = m.state(
        "nk_bright", "1", initial=share, scale=0.1, meaning="CD56bright, fold of all NK at rest", latex="N_b"
    )
    leaving = m.define(
        "nk_bright_leaving",
        loss * bright * (bright / share) ** feedback,
        "1/h",
        "CD56bright lost or maturing",
        latex=r"\ell_b",
    )
    m.change(bright, loss * share + growth * (occupancy - at_rest) * bright - leaving)


def nk_dim(m: Builder) -> None:
    """CD56dim, same scale: fed by CD56bright through three maturation steps and by a constant supply; IL-2 spares
    them.
    """
    share, bright_loss = m["nk_bright_share"], m["nk_bright_loss"]
    yield_ = m.parameter("nk_maturation_yield", "1", latex="a")
    rate = m.parameter("nk_maturation_rate", "1/h", latex="k_m")
    loss, survival = m.parameter("nk_dim_loss", "1/h", latex="d_d"), m.parameter("nk_dim_survival", "1", latex="e_d")
    at_rest = yield_ * bright_loss * share
    m.require(at_rest, loss * (1 - share), "maturing CD56bright cells do not exceed the loss of CD56dim at rest")

    maturing = yield_ * m["nk_bright_leaving"]
    for k in (1, 2, 3):
        step = m.state(
            f"nk_maturing_{k}", "1/h", initial=at_rest, scale=1e-4, meaning=f"maturation, step {k}", latex=f"M_{k}"
        )
        m.change(step, rate * (maturing - step))
        maturing = step
    dim = m.state("nk_dim", "1", initial=1 - share, meaning="CD56dim, fold of all NK at rest", latex="N_d")
    spared = survival * (m["nk_occupancy"] - m["nk_occupancy_rest"])
    m.change(dim, loss * (1 - share) - at_rest + maturing - loss * (1 - spared) * dim)
    uptake(m, "nk", m["nk_bright"] + dim, letter="N")


def nk_in_blood(m: Builder) -> None:
    """NK counts: both kinds leave the blood while IL-2 is high and are back within a day; how many leave is assumed."""
    back, leave = (
        m.parameter("nk_return", "1/h", latex="k_{inN}"),
        m.parameter("nk_margination", "1/h", latex="k_{outN}"),
    )
    stay = m.state("nk_in_blood", "1", initial=1, meaning="share of NK that stays in blood, relative", latex="v_N")
    m.change(stay, back * (1 - stay) - leave * (m["nk_occupancy"] * stay - m["nk_occupancy_rest"]))
    bright, dim = m["nk_bright"] * stay, m["nk_dim"] * stay
    baseline = nk_counts(m, bright + dim)
    m.output("cd56bright", baseline * bright, "cells/uL", "CD56bright NK cells in blood", fold=True)
    m.output("cd56dim", baseline * dim, "cells/uL", "CD56dim NK cells in blood", fold=True)
