"""Covariates with levels: shares as counted, effects on parameters, and what a file may not say."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import pkpd
from pkpd.errors import FileError, ParameterError, StudyError
from pkpd.keyed import Keyed
from pkpd.parameters import Parameters
from pkpd.studies.covariates import Covariate, read_covariates
from pkpd.trials.patients.spread import patients_of, spread_of

EFFECT = {"level": "male", "parameter": "nk_baseline", "factor": 1.5, "source": "assumed"}
TABLE = {"meaning": "sex", "counts": {"female": 3, "male": 1}, "source": "assumed", "effects": [EFFECT]}


def read(**changes: Any) -> Covariate:
    return read_covariates({"sex": TABLE | changes}, "mine.toml")[0]


def set_without_spread() -> Parameters:
    base = pkpd.default_parameters("il2_minimal")
    return Parameters(tuple(replace(t, spread=None, occasion=None) for t in base.tables), base.origin, base.model)


def test_levels_come_in_the_shares_that_were_counted() -> None:
    levels = read().levels_of(np.array([0.0001, 0.7499, 0.7501, 0.9999]))
    assert levels == ["female", "female", "male", "male"]
    n = 20_000
    drawn = patients_of(spread_of(set_without_spread(), [read()]), set_without_spread(), Keyed(1), 0, n)
    share = sum(level == "male" for level in drawn.labels["sex"]) / n
    assert abs(share - 0.25) < 5 * (0.25 * 0.75 / n) ** 0.5  # five standard errors


def test_a_level_without_patients_is_never_drawn() -> None:
    found = read(counts={"female": 4, "male": 0}).levels_of(np.linspace(1e-9, 1 - 1e-9, 101))
    assert set(found) == {"female"}


def test_an_effect_multiplies_its_parameter_in_its_level_only() -> None:
    own = set_without_spread()
    drawn = patients_of(spread_of(own, [read()]), own, Keyed(3), 0, 200)
    expected = [own["nk_baseline"].value * (1.5 if level == "male" else 1.0) for level in drawn.labels["sex"]]
    assert drawn.values["nk_baseline"].tolist() == expected
    assert set(drawn.values) == {"nk_baseline"}
    assert set(expected) == {own["nk_baseline"].value, own["nk_baseline"].value * 1.5}


def test_an_effect_on_what_also_varies_multiplies_each_patient() -> None:
    own = pkpd.default_parameters("il2")
    plain = patients_of(spread_of(own), own, Keyed(3), 0, 100).values["nk_baseline"]
    with_sex = patients_of(spread_of(own, [read()]), own, Keyed(3), 0, 100)
    factors = np.array([1.5 if level == "male" else 1.0 for level in with_sex.labels["sex"]])
    assert np.array_equal(with_sex.values["nk_baseline"], plain * factors)


def test_the_study_of_he_says_sex() -> None:
    (sex,) = pkpd.load_study("he2020").covariates
    assert dict(sex.counts) == {"female": 56, "male": 4}
    assert {e.parameter for e in sex.effects} == {"nk_baseline", "lymphocyte_baseline"}


def test_an_effect_on_no_parameter_is_refused() -> None:
    wrong = read(effects=[EFFECT | {"parameter": "nk_baselin"}])
    with pytest.raises(ParameterError, match=r"mine\.toml.*no parameter 'nk_baselin'; did you mean 'nk_baseline'"):
        spread_of(pkpd.default_parameters("il2"), [wrong])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"counts": {"female": 3}}, "two or more levels"),
        ({"counts": {"female": 3, "male": -1}}, "two or more levels"),
        ({"counts": {"female": 3, "male": 0.5}}, "two or more levels"),
        ({"counts": {"female": 0, "male": 0}}, "no level has a patient"),
        ({"effects": EFFECT}, "effects are a list of tables"),
        ({"effects": [EFFECT | {"level": "mael"}]}, "'mael' is none of male; did you mean 'male'"),
        ({"effects": [EFFECT | {"level": "female"}]}, "is none of male"),
        ({"effects": [EFFECT | {"factor": 0}]}, "factor is a number above 0"),
        ({"source": "he2021"}, "not in references.toml; did you mean 'he2020'"),
        ({"meaning": 3}, "meaning is text"),
    ],
)
def test_what_a_file_may_not_say(changes: dict[str, Any], sentence: str) -> None:
    with pytest.raises((StudyError, FileError), match=sentence) as error:
        read(**changes)
    assert "mine.toml [covariates.sex]" in str(error.value)
