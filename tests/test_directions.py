"""What published studies say about directions, with the shipped `il2`: less, more, later, flat. No digits.

Every claim names the rows it comes from, in params/studies. It must hold for the shipped parameters, and where it
follows from the structure also in 95 % of the shipped draws. A claim that the model does not meet stands in MISSES, and
a miss that turns into a hit has to be taken out there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import pytest
from numpy.typing import NDArray

import pkpd
from pkpd.inference.uncertainty.draws import default_draws

Vector = NDArray[np.float64]
Told = Callable[..., None]

# the name of a test -> why the model does not do what was observed
MISSES = {
    "test_nk_cells_hold_their_peak_to_week_12[cd56bright_fold-1.75]": "CD56bright peak in week 3 and then fall by a "
    "fifth, as the growing NK pool takes up IL-2: without nk_uptake they hold",
    "test_nk_cells_rise_slowly[cd56bright_fold-0.4]": "CD56bright reach 70 % of the rise within week 3: their loss "
    "grows with their number, which shortens the way to the plateau",
    "test_nk_cells_rise_slowly[cd56bright_fold-1.75]": "the same, and at week 3 they are above their level of week 7",
}
STRUCTURAL = 0.95  # share of draws in which a claim holds that does not depend on the values
EXACT = 1e-12  # what is exactly flat differs by rounding only


@cache
def course(schedule: str, outputs: tuple[str, ...], days: tuple[float, ...]) -> dict[str, Vector]:
    """Outputs, shape (patients, days): the shipped parameters first, then every shipped draw."""
    draws, shipped = default_draws("il2"), pkpd.load_parameters("il2")
    assert draws is not None and len(draws.values) >= 100
    own = np.array([[shipped[name].value for name in draws.names]])
    values = np.vstack([own, draws.in_units_of(shipped)])
    columns = dict(zip(draws.names, values.T, strict=True))
    found = pkpd.simulate_many(schedule, "il2", values=columns, outputs=outputs, times=days)
    assert not found.failures
    return {name: found[name] for name in outputs}


def one(schedule: str, output: str, days: Sequence[float]) -> Vector:
    return course(schedule, (output,), tuple(days))[output]


def daily(days: int) -> tuple[float, ...]:
    return tuple(float(d) for d in range(days + 1))


@pytest.fixture
def told(request: pytest.FixtureRequest) -> Told:
    """Takes whether a claim holds, by patient, and `share` where it is to hold in that share of the draws."""

    def check(holds: NDArray[np.bool_], share: float | None = None) -> None:
        assert holds[0] == (request.node.name not in MISSES), MISSES.get(request.node.name, "the claim does not hold")
        if share is not None:
            assert holds[1:].mean() >= share, f"holds in {holds[1:].mean():.1%} of the draws"

    return check


def test_escalation_above_1_miu_per_m2_gains_little_treg(told: Told) -> None:
    """whangbo2019, arms dose_1 and dose_2: no gain in Treg. At most 15 % counts as none. The gain depends on treg_ec50
    and treg_feedback, which the rows leave open: it is that small in nine of ten draws, so they are not asked.
    """
    first, second = (one(f"{dose} MIU/m2 sc daily x56", "treg", (28, 56)) for dose in (1, 2))
    told((second / first <= 1.15).all(axis=1))


def test_each_doubling_of_a_daily_dose_gains_less_treg(told: Told) -> None:
    """whangbo2019, the same: receptors saturate, and the number of Treg slows their growth."""
    folds = np.hstack([one(f"{dose} MIU/m2 sc daily x56", "treg_fold", (28,)) for dose in (0.25, 0.5, 1, 2)])
    gains = folds[:, 1:] / folds[:, :-1]
    told((np.diff(gains, axis=1) < 0).all(axis=1), STRUCTURAL)


def test_plasma_il2_peaks_fall_on_a_constant_daily_dose(told: Told) -> None:
    """whangbo2019, arm dose_1: plasma IL-2 rises fast, then falls despite constant dosing."""
    hours = np.arange(0, 24.5, 0.5) / 24
    first, last = (one("1 MIU/m2 sc daily x56", "il2", tuple(day + hours)).max(axis=1) for day in (0, 55))
    told(last < first, STRUCTURAL)


def test_treg_proliferation_falls_on_a_constant_daily_dose(told: Told) -> None:
    """whangbo2019, arm dose_1, ki67_treg: Treg proliferation rises fast, then falls despite constant dosing."""
    ki67 = one("1 MIU/m2 sc daily x56", "ki67_treg", daily(56))
    early = ki67[:, :15].max(axis=1)
    told((ki67[:, 0] < early) & (ki67[:, 56] < early), STRUCTURAL)


@pytest.mark.parametrize("dose", [0.3, 1, 3])
def test_conventional_t_cells_stay_flat(told: Told, dose: float) -> None:
    """koreth2016, row nk: conventional CD4 and CD8 T cells flat; dilfrequency, row cd25: effector T cells unchanged.
    CD4 other than Treg is what the count and the percentage of Treg leave; lymphocytes other than Treg and NK likewise.
    """
    outputs = ("treg", "treg_percent_cd4", "nk", "nk_percent_lymphocytes")
    found = course(f"{dose} MIU/m2 sc daily x84", outputs, daily(112)[::7])
    other_cd4 = found["treg"] * (100 / found["treg_percent_cd4"] - 1)
    others = found["nk"] * (100 / found["nk_percent_lymphocytes"] - 1) - found["treg"]
    flat = [np.ptp(counts, axis=1) <= EXACT * counts[:, 0] for counts in (other_cd4, others)]
    assert (np.ptp(found["treg"], axis=1) > 1).all()
    told(np.logical_and(*flat), 1.0)


@pytest.mark.parametrize("dose", [0.4, 1.75])
@pytest.mark.parametrize("output", ["nk_fold", "cd56bright_fold"])
def test_nk_cells_rise_slowly(told: Told, output: str, dose: float) -> None:
    """roswellpark1996, all four rows: the peak comes in weeks 6 to 8. So less than 70 % of the rise is there at the end
    of week 3, the limit being ours.
    """
    rise = one(f"{dose} MIU/m2 sc daily x90", output, daily(90)) - 1
    told(rise[:, 21] < 0.7 * rise[:, 49])


@pytest.mark.parametrize("dose", [0.4, 1.75])
@pytest.mark.parametrize("output", ["nk_fold", "cd56bright_fold"])
def test_nk_cells_hold_their_peak_to_week_12(told: Told, output: str, dose: float) -> None:
    """roswellpark1996, all four rows: peak in weeks 6 to 8, held to week 12. From the end of week 8 on they are within
    10 % of the largest count up to then and after.
    """
    fold = one(f"{dose} MIU/m2 sc daily x90", output, daily(90))[:, :85]
    told(fold[:, 56:].min(axis=1) >= 0.9 * fold.max(axis=1))


@pytest.mark.parametrize("dose", [0.4, 1, 1.75])
def test_nk_cells_rise_later_than_treg(told: Told, dose: float) -> None:
    """roswellpark1996: NK peak in weeks 6 to 8; koreth2011: Treg peak at week 4. Of what they have gained at week 7,
    Treg have the larger share at week 2.
    """
    found = course(f"{dose} MIU/m2 sc daily x90", ("treg_fold", "nk_fold"), (14, 49))
    treg, nk = ((found[name][:, 0] - 1) / (found[name][:, 1] - 1) for name in ("treg_fold", "nk_fold"))
    told(nk < treg, STRUCTURAL)


MONTHLY = "1 MIU sc daily x5, rest 23d, repeat 4"


def test_cd25_is_raised_three_days_after_a_course_and_back_before_the_next(told: Told) -> None:
    """alzheimer2023, row cd25, the dose assumed: CD25 per Treg raised three days after each of four courses. That it is
    back before the next is the row of the Treg percentage; here at most a fifth of the rise is left.
    """
    cd25 = one(MONTHLY, "cd25_fold", (7, 28, 35, 56, 63, 84, 91, 112)) - 1
    after, before = cd25[:, ::2], cd25[:, 1::2]
    told((after > 0.02).all(axis=1) & (before < after / 5).all(axis=1), STRUCTURAL)


def test_treg_are_raised_three_days_after_a_course_and_back_before_the_next(told: Told) -> None:
    """alzheimer2023, rows treg_percent_cd4, the dose assumed: raised three days after each of four courses, back to
    baseline before the next; at most 15 % above it counts as back. Draws: a quarter of the rise left.
    """
    percent = one(MONTHLY, "treg_percent_cd4", (0, 7, 28, 35, 56, 63, 84, 91, 112))
    rise = percent[:, 1:] / percent[:, :1] - 1
    after, before = rise[:, ::2], rise[:, 1::2]
    assert (before[0] < 0.15).all()
    told((after > 0.2).all(axis=1) & (before < after / 4).all(axis=1), STRUCTURAL)


def test_treg_are_near_baseline_before_the_next_cycle(told: Told) -> None:
    """su2024, both rows: no significant change where samples fall at the end of the two weeks of rest of he2020; a fold
    of at most 1.25 counts as none. It hangs on treg_loss and treg_feedback and holds in half of the draws, so they are
    not asked.
    """
    told((one("he2020", "treg_fold", (28, 84)) <= 1.25).all(axis=1))


def test_rest_takes_back_most_of_a_cycle(told: Told) -> None:
    """su2024, both rows: before the next cycle less than half of the rise of this one is left."""
    rise = one("he2020", "treg_fold", daily(84)) - 1
    cycles = [(rise[:, start : start + 28].max(axis=1), rise[:, start + 28]) for start in (0, 28, 56)]
    told(np.all([left < peak / 2 for peak, left in cycles], axis=0), STRUCTURAL)


def test_a_larger_single_dose_gives_more_treg(told: Told) -> None:
    """dilt1d, arms d0_2 and d0_47: 20 and 50 % at the largest of the visits on days 1, 2, 3, 4 and 7."""
    visits = (1, 2, 3, 4, 7)
    small, large = (one(f"{dose} MIU/m2 sc once", "treg_percent_cd4", visits).max(axis=1) for dose in (0.2, 0.47))
    told(large > small, STRUCTURAL)


def test_placebo_is_flat(told: Told) -> None:
    """he2020, arm placebo: no drug."""
    outputs = ("il2", "treg", "treg_percent_cd4", "cd25", "ki67_treg", "scd25", "nk", "cd56bright", "eosinophils")
    found = course("placebo", outputs, daily(168)[::7])
    flat = [np.ptp(values, axis=1) <= EXACT * values[:, 0] for values in found.values()]
    told(np.all(flat, axis=0), 1.0)


def test_every_miss_is_a_claim_and_says_why() -> None:
    assert {name.split("[")[0] for name in MISSES} <= {name for name in globals() if name.startswith("test_")}
    assert all(MISSES.values())
