"""What a user may choose of a predictive check."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import InferenceError, nearest
from ...keyed import LARGEST

STRATA = ("arm", "regimen", "none")
FEWEST, MOST = 20, 20_000
MOST_BINS = 50


@dataclass(frozen=True, slots=True)
class Settings:
    """How the check is made; InferenceError for what makes no sense.

    `bins` is a number of quantile bins, 0 to choose; `by_visit` makes one bin a day of the data. `stratify` is "arm",
    "regimen" or "none"; empty means arm, or none where the check is `corrected` for predictions. With `own_baselines`
    the rows of a patient before any dose tell that patient's baseline, else it is drawn and those rows are checked.
    """

    replicates: int = 500
    seed: int = 1
    corrected: bool = False
    bins: int = 0
    by_visit: bool = False
    stratify: str = ""
    outputs: tuple[str, ...] = ()
    own_baselines: bool = True

    def __post_init__(self) -> None:
        for name, low, high in (("replicates", FEWEST, MOST), ("bins", 0, MOST_BINS), ("seed", 0, LARGEST)):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int) or not low <= number <= high:
                raise InferenceError(
                    f"{name} of a predictive check is a whole number from {low} to {high}, not {number!r:.40}"
                )
        if self.stratify not in ("", *STRATA):
            hint = nearest(self.stratify, STRATA) or f"; it is one of {', '.join(STRATA)}"
            raise InferenceError(f"a predictive check cannot be stratified by '{self.stratify[:40]}'{hint}")
        if self.bins and self.by_visit:
            raise InferenceError("bins are either a number of quantile bins or one a visit, not both")

    @property
    def strata(self) -> str:
        """What rows are kept apart by."""
        return self.stratify or ("none" if self.corrected else "arm")


PLAIN = Settings()
