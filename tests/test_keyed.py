"""Keyed random numbers: each depends on seed, replicate, patient and name alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pkpd.errors import ParameterError
from pkpd.keyed import LARGEST, Keyed, unit_interval

NAMES = st.text(min_size=1, max_size=12)
SEEDS = st.integers(0, LARGEST)


@settings(deadline=None, derandomize=True)
@given(SEEDS, SEEDS, NAMES, st.integers(0, 2**40), st.integers(1, 9), st.integers(1, 9))
def test_a_number_depends_on_no_other(seed: int, replicate: int, name: str, first: int, count: int, width: int) -> None:
    keyed = Keyed(seed, replicate)
    whole = keyed.uniforms(name, first, count + 3, width + 5)
    assert np.array_equal(keyed.uniforms(name, first, count, width), whole[:count, :width])
    assert np.array_equal(keyed.uniforms(name, first + 2, count, width), whole[2 : count + 2, :width])
    assert ((whole > 0) & (whole < 1)).all()


@settings(deadline=None, derandomize=True)
@given(SEEDS, NAMES, NAMES)
def test_seed_replicate_name_and_prefix_each_give_other_numbers(seed: int, name: str, other: str) -> None:
    def numbers(keyed: Keyed, what: str = name) -> tuple[float, ...]:
        return tuple(keyed.uniforms(what, 0, 4).ravel().tolist())

    own = Keyed(seed)
    changed = [numbers(Keyed(seed ^ 1)), numbers(Keyed(seed, 1)), numbers(Keyed(seed, 0, "again "))]
    if other != name:
        changed.append(numbers(own, other))
    assert len({numbers(own), *changed}) == len(changed) + 1
    assert numbers(Keyed(seed, 0, "again ")) == numbers(own, f"again {name}")


def test_normals_are_normal() -> None:
    found = Keyed(5).normals("x", 0, 50_000, 2)
    # five standard errors of a mean, an SD and a correlation of so many
    assert abs(found.mean()) < 5 / found.size**0.5
    assert abs(found.std() - 1) < 5 / (2 * found.size) ** 0.5
    assert abs(np.corrcoef(found.T)[0, 1]) < 5 / len(found) ** 0.5
    assert abs((np.abs(found) > 1.959964).mean() - 0.05) < 5 * (0.05 * 0.95 / found.size) ** 0.5


def test_both_ends_of_the_unit_interval_are_out_of_reach() -> None:
    low, high = unit_interval(np.array([0, LARGEST], dtype=np.uint64)).tolist()
    assert 0 < low < 1e-15 and 1 - 1e-15 < high < 1


@pytest.mark.parametrize("number", [-1, LARGEST + 1, 1.0, True, "1"])
def test_what_is_no_seed_is_refused(number: object) -> None:
    with pytest.raises(ParameterError, match="seed is a whole number from 0 to 2\\^64 - 1, not"):
        Keyed(number)  # type: ignore[arg-type]
    with pytest.raises(ParameterError, match="replicate is a whole number"):
        Keyed(1, number)  # type: ignore[arg-type]
