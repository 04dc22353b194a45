"""The likelihood against scipy's normal distributions and against integrals over what rows share."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import multivariate_normal, norm

from pkpd.dosing.library import load_schedule
from pkpd.engine.code.library import outline_of
from pkpd.engine.functions import Vector
from pkpd.errors import InferenceError
from pkpd.inference.rows.likelihood import Likelihood, likelihood
from pkpd.inference.rows.noise import Noise, covariance
from pkpd.inference.rows.sampling import Sampled, sampling
from pkpd.parameters import Parameters
from pkpd.studies.observation import Course, Observation

REGIMEN = "1 MIU sc daily x5"
SEED = np.random.default_rng(20140227)


def row(form: str, value: float, output: str = "treg", day: float = 3.0, study: str = "s", **said: Any) -> Observation:
    said = {"log_se": 0.2} | said
    return Observation(study, output, form, value, day_from=day, day_to=day, course=0, **said)


def of(*rows: Observation) -> list[Sampled]:
    """The rows, sampled in one course of il2."""
    course = Course("s", "", REGIMEN, load_schedule(REGIMEN), Parameters((), "s"))
    return list(sampling(course, rows, outline_of("il2")).sampled)


def known(*rows: Observation, **count_scale: float) -> Likelihood:
    return likelihood(of(*rows), Noise(), count_scale)


MIXED = (
    row("count", 40.0, day=0.0),
    row("count", 80.0, log_se=0.1),
    row("fold", 2.5, day=5.0),
    row("percent", 12.0, "treg_percent_cd4"),
    row("percent_change", 80.0, "treg_percent_cd4", study="t"),
    row("level", 10.0, "il2_iu_per_ml"),
    row("fold", 1.5, "nk", study="t", log_se=0.4),
)
OBSERVED = np.log([40, 80, 2.5, 12 / 88, 1.8, 10, 1.5])


def test_rows_with_a_value_are_normal() -> None:
    own = known(*MIXED, s=0.4)
    whole = covariance(of(*MIXED), Noise(), {"s": 0.4})
    assert np.abs(whole - np.diag(np.diag(whole))).max() > 0.2
    links = OBSERVED + SEED.normal(0, 0.5, (6, 7))
    expected = [-2 * multivariate_normal.logpdf(OBSERVED, one, whole) for one in links]
    assert own.deviance(links) == pytest.approx(expected, rel=1e-12)  # rounding
    assert own.deviance(links[2]) == pytest.approx(expected[2], rel=1e-12)
    # what is minimised differs from it by what does not depend on the model
    constant = np.linalg.slogdet(whole)[1] + 7 * math.log(2 * math.pi)
    assert (own.residuals(links) ** 2).sum(axis=-1) == pytest.approx(np.array(expected) - constant, rel=1e-9)
    assert own.residuals(OBSERVED) == pytest.approx(np.zeros(7), abs=1e-12)


BOUNDED = (*MIXED[:4], row("fold", 4.0, day=4.0, bound=">"))
BELOW = (*MIXED[:4], row("count", 60.0, day=4.0, bound="<"))


@pytest.mark.parametrize("rows", [BOUNDED, BELOW])
def test_a_bound_is_a_probability_given_the_other_rows(rows: tuple[Observation, ...]) -> None:
    """P(all others, and beyond the bound) / p(all others), from the joint normal by integration."""
    own, whole = known(*rows), covariance(of(*rows), Noise(), {})
    bound, sign = math.log(rows[4].value or 0), 1 if rows[4].bound == ">" else -1
    for shift in SEED.normal(0, 0.4, (4, 5)):
        links = np.append(OBSERVED[:4], bound) + shift
        joint = multivariate_normal(links, whole)

        def density(y: float, joint: Any = joint) -> float:
            return float(joint.pdf([*OBSERVED[:4], y]))

        probability, _ = quad(density, bound, bound + sign * 12, epsabs=1e-14, epsrel=1e-10)
        # the integral stops at twelve of the log, over ten of its SDs, and is good to its epsrel
        assert float(own.deviance(links)) == pytest.approx(-2 * math.log(abs(probability)), rel=1e-8)


def test_a_bound_alone() -> None:
    for bound, sign in ((">", 1), ("<", -1)):
        own = known(row("fold", 3.0, bound=bound))
        links = np.array([[0.5], [1.0], [2.0]])
        sd = math.hypot(0.2, 0.3)
        expected = -2 * norm.logcdf(sign * (links[:, 0] - math.log(3)) / sd)
        assert own.deviance(links) == pytest.approx(expected, rel=1e-12)
        assert own.count == 1 and own.log_determinant == 0


def test_bounds_of_different_responses_given_nothing() -> None:
    """Two bounds of different studies or responses are independent: their probabilities multiply, as in the joint."""
    rows = (row("fold", 3.0, bound=">"), row("fold", 2.0, "nk", bound="<"))
    links, whole = np.array([1.3, 0.4]), covariance(of(*rows), Noise(), {})
    flip = np.array([-1.0, 1.0])  # "<" as scipy's cdf has it
    joint = multivariate_normal(flip * links, whole * np.outer(flip, flip)).cdf(flip * np.log([3.0, 2.0]))
    assert float(known(*rows).deviance(links)) == pytest.approx(-2 * math.log(joint), rel=1e-5)  # the cdf's own error


def test_shared_shifts_are_integrated_out() -> None:
    """The same rows with the study's shift, the baseline's and that of the counts written out, integrated by
    Gauss-Hermite over all three: exact to rounding for the normal part, and to the rule's error for the bound.
    """
    rows = (MIXED[0], row("count", 80.0), MIXED[2], row("fold", 4.0, day=4.0, bound=">"))
    own = known(*rows, s=0.4)
    links = np.append(OBSERVED[:3], math.log(4)) + np.array([0.1, -0.2, 0.15, -0.1])
    x, weight = np.polynomial.hermite_e.hermegauss(80)
    study, baseline, counts = np.meshgrid(0.3 * x, 0.5 * x, 0.4 * x, indexing="ij")
    weights = np.einsum("i,j,k->ijk", weight, weight, weight) / (2 * math.pi) ** 1.5
    responses = study + counts
    density = (
        norm.pdf(OBSERVED[0], links[0] + baseline, 0.2)
        * norm.pdf(OBSERVED[1], links[1] + baseline + responses, 0.2)
        * norm.pdf(OBSERVED[2], links[2] + responses, 0.2)
        * norm.sf(math.log(4), links[3] + responses, 0.2)
    )
    # eighty points a shift, whose SD is at most 2.5 of the narrowest row's; forty miss by 3e-3
    assert float(own.deviance(links)) == pytest.approx(-2 * math.log(float((weights * density).sum())), abs=1e-5)


def differences(own: Likelihood, links: Vector, slopes: Vector, step: float = 1e-6) -> Vector:
    moves = step * np.eye(slopes.shape[1])
    return np.stack(
        [(own.residuals(links + slopes @ m) - own.residuals(links - slopes @ m)) / (2 * step) for m in moves], axis=1
    )


def test_derivatives_against_differences() -> None:
    rows = (*MIXED, *BOUNDED[4:], *BELOW[4:])
    own = known(*rows, s=0.4)
    slopes = SEED.normal(size=(9, 3))
    for shift in SEED.normal(0, 0.5, (4, 9)):
        links = np.array([*OBSERVED, math.log(4), math.log(60)]) + shift
        # central differences over 1e-6 keep nine figures
        assert own.jacobian(links, slopes) == pytest.approx(differences(own, links, slopes), abs=1e-6, rel=1e-6)


@pytest.mark.parametrize("bound", [">", "<"])
@pytest.mark.parametrize("far", [-400.0, -40.0, -8.0, -1.0, 0.0, 1.0, 4.0, 8.0, 25.0, 40.0, 400.0])
def test_far_beyond_a_bound_on_both_sides(bound: str, far: float) -> None:
    """`far` SDs to the right side of it; no warning, no NaN, and a pull that fades or grows like the distance."""
    own = known(row("fold", 3.0, bound=bound))
    sd = math.hypot(0.2, 0.3)
    links = np.array([math.log(3) + (1 if bound == ">" else -1) * far * sd])
    residual, slope = own.residuals(links), own.jacobian(links, np.ones((1, 1)))
    assert np.isfinite(residual).all() and np.isfinite(slope).all()
    assert residual[0] ** 2 == pytest.approx(-2 * norm.logcdf(far), rel=1e-9, abs=1e-290)
    if far <= 4:
        assert slope == pytest.approx(differences(own, links, np.ones((1, 1))), rel=1e-6)
    if far <= -8:
        # -2 log P is nearly far**2 there: d residual / d far is -1 but for terms of 1 / far**2
        assert abs(slope[0, 0]) * sd == pytest.approx(1, abs=2 / far**2 * math.log(far**2))
    if far >= 25:
        assert abs(slope[0, 0]) < 1e-60


def test_what_is_counted() -> None:
    own = known(*BOUNDED)
    assert (own.count, own.equal.tolist(), own.bounded.tolist()) == (5, [0, 1, 2, 3], [4])
    first = known(BOUNDED[4], *BOUNDED[:4])
    assert (first.equal.tolist(), first.bounded.tolist()) == ([1, 2, 3, 4], [0])
    links = np.append(OBSERVED[:4], math.log(5))
    assert float(first.deviance(np.roll(links, 1))) == pytest.approx(float(own.deviance(links)), rel=1e-12)


def test_many_predictions_at_once() -> None:
    own = known(*BOUNDED)
    links = np.append(OBSERVED[:4], math.log(5)) + SEED.normal(0, 0.5, (2, 3, 5))
    found = own.residuals(links)
    assert found.shape == (2, 3, 5)
    assert found[1, 2] == pytest.approx(own.residuals(links[1, 2]), rel=1e-12)


def test_nothing_to_fit() -> None:
    with pytest.raises(InferenceError, match="there are no observations to fit"):
        likelihood([], Noise(), {})


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (row("count", 0.0, origin="f.csv line 3"), r"f\.csv line 3: count 0\.0 has no finite log; give it as a bound"),
        (row("percent", 100.0, "treg_percent_cd4", origin="f.csv line 3"), r"f\.csv line 3: percent 100\.0 has no fin"),
        (row("percent", 0.0, "treg_percent_cd4", origin="f.csv line 3", log_se=None), r"f\.csv line 3: percent 0\.0"),
        (row("percent_change", -100.0, origin="f.csv line 3"), r"f\.csv line 3: percent_change -100\.0 has no finite"),
        (row("fold", 0.0, origin="f.csv line 3", bound=">"), r"f\.csv line 3: fold 0\.0 has no finite log"),
    ],
)
def test_ends_of_the_scale_are_refused(wrong: Observation, says: str) -> None:
    with pytest.raises(InferenceError, match=says):
        known(row("fold", 2.0), wrong)
