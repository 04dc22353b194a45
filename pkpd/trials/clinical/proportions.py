"""Two-sided tests of two proportions, by name: what a source may have meant by its p."""

from __future__ import annotations

from dataclasses import astuple, dataclass
from functools import lru_cache

from ...errors import StudyError

# Each test of `PValues`, in its order, as printed.
LABELS = {
    "pearson": "Pearson",
    "yates": "Pearson, corrected",
    "n_minus_1": "N-1",
    "fisher": "Fisher",
    "likelihood_ratio": "likelihood ratio",
}


@dataclass(frozen=True, slots=True)
class PValues:
    """Two-sided p of one table: Pearson without and with Yates's correction, Campbell's N-1, Fisher, likelihood ratio.

    Fisher's p sums the tables that are no likelier than the one found.
    """

    pearson: float
    yates: float
    n_minus_1: float
    fisher: float
    likelihood_ratio: float

    @property
    def values(self) -> tuple[float, ...]:
        """The p in the order of `LABELS`."""
        return astuple(self)

    def reproducing(self, printed: float, decimals: int) -> tuple[str, ...]:
        """Names of the tests whose p is the printed one at its digits, possibly none."""
        target = f"{printed:.{decimals}f}"
        return tuple(name for name, p in zip(LABELS, self.values, strict=True) if f"{p:.{decimals}f}" == target)


@lru_cache(maxsize=1 << 16)
def tests_of(responders_a: int, n_a: int, responders_b: int, n_b: int) -> PValues:
    """All tests of `responders_a` of `n_a` against `responders_b` of `n_b`; p is 1 where all or none respond, or where
    an arm is empty. StudyError for counts that are no counts.
    """
    for responders, n in ((responders_a, n_a), (responders_b, n_b)):
        if not 0 <= responders <= n:
            raise StudyError(f"{responders} of {n} patients cannot have responded; responders are 0 to {n}")
    total = responders_a + responders_b
    if not n_a or not n_b or total in (0, n_a + n_b):
        return PValues(1.0, 1.0, 1.0, 1.0, 1.0)
    import numpy as np
    from scipy.special import chdtrc
    from scipy.stats import chi2_contingency, fisher_exact

    table = np.array([[responders_a, n_a - responders_a], [responders_b, n_b - responders_b]])
    pearson = chi2_contingency(table, correction=False)
    everyone = n_a + n_b
    return PValues(
        float(pearson.pvalue),
        float(chi2_contingency(table, correction=True).pvalue),
        float(chdtrc(1, pearson.statistic * (everyone - 1) / everyone)),
        float(fisher_exact(table).pvalue),
        float(chi2_contingency(table, correction=False, lambda_="log-likelihood").pvalue),
    )
