"""Counts in blood from fold of baseline: the outputs that every model of Treg and NK cells shares."""

from __future__ import annotations

from ..declaration import Expression
from ..grammar import Builder


def treg_counts(m: Builder, fold: Expression) -> None:
    """Treg in blood, as count and as percent of CD4 T cells, from their number relative to baseline."""
    baseline = m.parameter("treg_baseline", "cells/uL", latex="Treg_0", covariate=True)
    cd4 = m.parameter("cd4_baseline", "cells/uL", latex="CD4_0", covariate=True)
    m.require(baseline, cd4, "Treg are part of CD4 T cells")
    count = m.define("treg_count", baseline * fold, "cells/uL", "Treg in blood", latex="N_T")
    percent = count / (count + cd4 - baseline)
    m.output("treg", count, "cells/uL", "Treg in blood", fold=True)
    m.output("treg_percent_cd4", percent, "%", "Treg as percent of CD4 T cells; other CD4 T cells stay flat")


def nk_counts(m: Builder, fold: Expression) -> Expression:
    """NK cells in blood, as count and as percent of lymphocytes, likewise; returns the baseline count."""
    baseline = m.parameter("nk_baseline", "cells/uL", latex="NK_0", covariate=True)
    lymphocytes = m.parameter("lymphocyte_baseline", "cells/uL", latex="L_0", covariate=True)
    m.require(baseline + m["treg_baseline"], lymphocytes, "NK and Treg are part of lymphocytes")
    count = m.define("nk_count", baseline * fold, "cells/uL", "NK cells in blood", latex="N_N")
    others = lymphocytes - baseline - m["treg_baseline"]
    percent = count / (others + count + m["treg_count"])
    m.output("nk", count, "cells/uL", "NK cells in blood", fold=True)
    m.output("nk_percent_lymphocytes", percent, "%", "NK as percent of lymphocytes; the others stay flat")
    return baseline
