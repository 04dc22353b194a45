"""The small model `il2_minimal`, for data sets of a few counts: dose, Treg and NK, without plasma concentrations."""

from __future__ import annotations

from .blocks.counts import nk_counts, treg_counts
from .declaration import Model
from .grammar import Builder, build


def drug(m: Builder) -> None:
    """What is left of the doses, in MIU given under the skin, falling at one rate; a larger body dilutes it.

    There is no plasma here: an IV dose counts as the larger subcutaneous dose with the same exposure, and how fast it
    really passes (minutes to hours) is not told; for that take `il2`.
    """
    m.parameter("weight", "kg", covariate=True)
    size = m.parameter("bsa", "m2", latex="BSA", covariate=True) / m.parameter("reference_bsa", "m2", latex="BSA_{ref}")
    amount = m.state("drug", "MIU", scale=0.01, meaning="IL-2 not yet eliminated", latex="A")
    m.flow("loss", m.parameter("absorption", "1/h", latex="k_a") * amount, out_of=amount)
    m.route("sc", into=amount, unit="MIU")
    m.route("iv", into=amount, unit="MIU", bioavailability=m.parameter("iv_equivalent", "1", latex="F_{iv}"))
    m.define("exposure", amount / size, "MIU", "drug left, at the size of the reference adult", latex="A_b")
    m.output("drug", amount, "MIU", "IL-2 not yet eliminated")


def treg(m: Builder) -> None:
    """Treg as fold of baseline, with desensitisation, density feedback, and the share that stays in blood."""
    exposure, half = m["exposure"], m.parameter("treg_half_amount", "MIU", latex="A_{50}")
    total = m.state("treg_total", "1", initial=1, meaning="Treg, fold of baseline", latex="G")
    tired = m.state("desensitisation", "1", initial=0, meaning="desensitisation of Treg, relative", latex="D")
    stay = m.state("treg_in_blood", "1", initial=1, meaning="share of cells that stays in blood", latex="v")
    occupancy = m.define("treg_occupancy", exposure / (exposure + half), "1", "share of receptors with IL-2", latex="o")
    signal = m.define("treg_signal", occupancy / (1 + tired), "1", "signal after desensitisation", latex="s")
    growth, feedback = m.parameter("treg_growth", "1", latex="E_T"), m.parameter("treg_feedback", "1", latex="\\nu")
    gain = m.parameter("desensitisation_gain", "1", latex="\\gamma")
    m.change(
        total,
        m.parameter("treg_turnover", "1/h", latex="k_G") * (1 + growth * signal * total - total ** (1 + feedback)),
    )
    m.change(tired, m.parameter("desensitisation_rate", "1/h", latex="k_D") * (gain * occupancy * total - tired))
    back, margination = m.parameter("return_rate", "1/h", latex="k_v"), m.parameter("margination", "1", latex="\\alpha")
    m.change(stay, back * ((1 - stay) - margination * occupancy * stay))
    treg_counts(m, total * stay)


def nk(m: Builder) -> None:
    """NK cells as fold of baseline, growing with what is left of the dose; they share the margination of Treg."""
    exposure, half = m["exposure"], m.parameter("nk_half_amount", "MIU", latex="A_N")
    total = m.state("nk_total", "1", initial=1, meaning="NK, fold of baseline", latex="N")
    growth = m.parameter("nk_growth", "1", latex="E_N")
    m.change(
        total, m.parameter("nk_turnover", "1/h", latex="k_N") * (1 + growth * exposure / (exposure + half) - total)
    )
    nk_counts(m, total * m["treg_in_blood"])


def il2_minimal() -> Model:
    """Five states in hours, for fits to Treg and NK counts alone."""
    meaning = "a small model of Treg and NK counts under IL-2"
    return build("il2_minimal", drug, treg, nk, time="h", meaning=meaning, parameters="il2_minimal")
