"""Drawn patients against what their parameters declare; sets that contradict themselves are refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import pkpd
from pkpd.errors import ParameterError
from pkpd.keyed import Keyed
from pkpd.parameters import Parameters
from pkpd.trials.patients.spread import Patients, patients_of, spread_of
from pkpd.trials.run import study_run

N = 20_000


def he2020() -> Parameters:
    return study_run(pkpd.load_study("he2020")).arms[0].parameters


def changed(**tables: dict[str, object]) -> Parameters:
    """The set of he2020 with some tables changed."""
    base = he2020()
    own = tuple(replace(t, **tables.get(t.name, {})) for t in base.tables)  # type: ignore[arg-type]
    return Parameters(own, base.origin, base.model)


@pytest.fixture(scope="module")
def drawn() -> Patients:
    return patients_of(spread_of(he2020()), he2020(), Keyed(1), 0, N, 3)


def test_spreads_are_those_declared(drawn: Patients) -> None:
    parameters = he2020()
    varied = {t.name: t.spread for t in parameters.tables if t.spread}
    assert set(drawn.values) == set(varied) and len(varied) > 8
    for name, sd in varied.items():
        own = parameters[name]
        logs = np.log(drawn.values[name] / own.centre(sd))
        # five standard errors of a mean and of an SD
        assert abs(logs.mean()) < 5 * sd / N**0.5, name
        assert abs(logs.std() - sd) < 5 * sd / (2 * N) ** 0.5, name


def test_a_printed_mean_is_the_mean_of_the_patients(drawn: Patients) -> None:
    parameters = he2020()
    means = [t for t in parameters.tables if t.average == "mean"]
    assert {t.name for t in means} >= {"bsa", "weight", "nk_baseline", "cd4_baseline", "lymphocyte_baseline"}
    for own in means:
        assert own.spread
        found = drawn.values[own.name]
        # five standard errors of the mean of a log-normal
        assert abs(found.mean() / own.value - 1) < 5 * (np.expm1(own.spread**2) / N) ** 0.5, own.name
        assert np.median(found) < own.value


def test_correlations_are_those_declared(drawn: Patients) -> None:
    parameters, names = he2020(), list(drawn.values)
    declared = np.eye(len(names))
    for j, name in enumerate(names):
        for other, value in parameters[name].correlation:
            k = names.index(other)
            declared[j, k] = declared[k, j] = value
    assert (declared != np.eye(len(names))).sum() >= 8  # four pairs or more
    found = np.corrcoef(np.log([drawn.values[name] for name in names]))
    assert np.abs(found - declared).max() < 5 / N**0.5  # five standard errors of a correlation of 0, the widest


def test_changes_between_blocks_have_the_spread_declared_and_no_memory(drawn: Patients) -> None:
    for name, sd in spread_of(he2020()).occasions:
        logs = np.log([block[name] / drawn.values[name] for block in drawn.blocks])
        assert logs.shape == (3, N)
        assert np.abs(logs.std(axis=1) - sd).max() < 5 * sd / (2 * N) ** 0.5
        assert np.abs(np.corrcoef(logs) - np.eye(3)).max() < 5 / N**0.5


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.integers(0, 10_000), st.integers(1, 40), st.integers(1, 4))
def test_a_patient_depends_on_the_number_alone(first: int, count: int, blocks: int) -> None:
    own, spread = he2020(), spread_of(he2020(), pkpd.load_study("he2020").covariates)
    some = patients_of(spread, own, Keyed(7), first, count, blocks)
    more = patients_of(spread, own, Keyed(7), first, count + 5, blocks + 1)
    for name, column in some.values.items():
        assert np.array_equal(column, more.values[name][:count])
    for block, same in zip(some.blocks, more.blocks, strict=False):
        assert all(np.array_equal(block[name], same[name][:count]) for name in block)
    assert some.labels["sex"] == more.labels["sex"][:count]


def test_other_typical_values_keep_the_deviates() -> None:
    own, spread = he2020(), spread_of(he2020())
    plain = patients_of(spread, own, Keyed(2), 0, 50, 2)
    moved = patients_of(spread, own, Keyed(2), 0, 50, 2, {"treg_ec50": 2 * own["treg_ec50"].value, "treg_loss": 0.01})
    # one rounding of a product each
    assert np.allclose(moved.values["treg_ec50"], 2 * plain.values["treg_ec50"], rtol=1e-15, atol=0)
    assert set(moved.values["treg_loss"].tolist()) == {0.01}
    assert np.array_equal(moved.values["nk_baseline"], plain.values["nk_baseline"])
    assert np.array_equal(moved.blocks[1]["sc_absorption"], plain.blocks[1]["sc_absorption"])


def test_another_attempt_draws_anew() -> None:
    own, spread = he2020(), spread_of(he2020())
    plain, again = (patients_of(spread, own, Keyed(2), 0, 50, attempt=k).values["treg_ec50"] for k in (0, 1))
    assert not np.any(plain == again)


def test_correlations_that_contradict_each_other_are_refused() -> None:
    three = changed(
        treg_baseline={"correlation": (("cd4_baseline", 0.9), ("nk_baseline", 0.9))},
        cd4_baseline={"correlation": (("nk_baseline", -0.9),)},
        nk_baseline={"correlation": ()},
    )
    with pytest.raises(ParameterError, match=r"contradict each other .*treg_baseline with cd4_baseline 0\.9"):
        spread_of(three)


def test_one_pair_said_twice_must_agree() -> None:
    twice = changed(
        nk_baseline={"correlation": (("lymphocyte_baseline", 0.4),)},
        lymphocyte_baseline={"correlation": (("nk_baseline", 0.3),)},
    )
    with pytest.raises(ParameterError, match=r"correlation of lymphocyte_baseline and nk_baseline is 0\.3 and 0\.4"):
        spread_of(twice)


def test_correlations_at_the_edge_of_what_is_possible_pass() -> None:
    # cos of angles that add up: the matrix is singular, and Cholesky's usual rule fails there by rounding
    edge = changed(
        treg_baseline={"correlation": (("cd4_baseline", 0.5), ("nk_baseline", -0.5))},
        cd4_baseline={"correlation": (("nk_baseline", 0.5),)},
        nk_baseline={"correlation": ()},
        lymphocyte_baseline={"correlation": ()},
    )
    values = patients_of(spread_of(edge), edge, Keyed(1), 0, N).values
    names = ("treg_baseline", "cd4_baseline", "nk_baseline")
    found = np.corrcoef(np.log([values[name] for name in names]))
    assert np.abs(found[np.triu_indices(3, 1)] - (0.5, -0.5, 0.5)).max() < 5 / N**0.5


@pytest.mark.parametrize(
    ("tables", "sentence"),
    [
        ({"treg_ec50": {"value": 0.0}}, "treg_ec50 = 0 pM has no log, so it cannot have a spread of 0.3"),
        ({"treg_ec50": {"spread": 11.0}}, "the spread of treg_ec50 is an SD of the log up to 10, not 11"),
        (
            {"treg_baseline": {"correlation": (("cd4_baselin", 0.5),)}},
            "no parameter 'cd4_baselin' to correlate; did you mean 'cd4_baseline'",
        ),
    ],
)
def test_what_cannot_vary_is_refused(tables: dict[str, dict[str, object]], sentence: str) -> None:
    with pytest.raises(ParameterError, match=sentence):
        spread_of(changed(**tables))


def test_a_set_without_spread_has_equal_patients() -> None:
    base = he2020()
    none = Parameters(tuple(replace(t, spread=None, occasion=None) for t in base.tables), base.origin, base.model)
    found = patients_of(spread_of(none), none, Keyed(1), 0, 5)
    assert not found.values and not found.blocks
